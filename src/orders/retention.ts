import { isTransient, log, type Database } from '../kernel/index.js';
import { dropPartition, partitionsOlderThan } from './partitions.repository.js';

/**
 * Drops the months of the event log in which every event was received more than `days` ago. Identities, order lines and windows
 * stay: an event that comes again is known for ever. A month that is in use now is dropped next time.
 */
export async function dropOldEvents(database: Database, days: number): Promise<string[]> {
  const dropped: string[] = [];
  for (const name of await database.transaction((tx) => partitionsOlderThan(tx, days))) {
    try {
      await database.transaction((tx) => dropPartition(tx, name));
    } catch (error) {
      if (!isTransient(error)) throw error;
      log.warn('a month of order events is in use and stays for now', { partition: name });
      continue;
    }
    log.info('a month of order events was dropped', { partition: name, days: String(days) });
    dropped.push(name);
  }
  return dropped;
}
