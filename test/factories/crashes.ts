import type { Database, Tx } from '../../src/kernel/index.js';
import { openTx } from '../../src/kernel/database/database.js';

/** Runs `work` with the connection failing at its 1st, 2nd, 3rd … statement, each time from the start, until it gets through. */
export async function withCrashes(database: Database, work: (tx: Tx) => Promise<unknown>): Promise<number> {
  for (let at = 1; ; at++) {
    let said = 0;
    try {
      await database.transaction(async (tx) => {
        const { client } = openTx(tx);
        const query = client.query.bind(client) as (...args: unknown[]) => Promise<unknown>;
        (client as unknown as { query: unknown }).query = (...args: unknown[]): Promise<unknown> => {
          const text = typeof args[0] === 'string' ? args[0] : (args[0] as { text: string }).text;
          if (!/^(commit|rollback|start)/i.test(text) && ++said >= at) return Promise.reject(new Error('crash'));
          return query(...args);
        };
        try {
          await work(tx);
        } finally {
          (client as unknown as { query: unknown }).query = query;
        }
      });
      return at - 1;
    } catch (error) {
      if ((error as Error).message !== 'crash') throw error;
    }
  }
}
