import { nowcast, type NowcastFiles } from '../lab/offline.js';
import { ndjsonOut, readingOf } from './results.js';

export async function runNowcast(options: NowcastFiles & { at: number; levels: number[]; onError: 'stop' | 'skip' }): Promise<void> {
  const out = ndjsonOut();
  await nowcast(options, { at: options.at, levels: options.levels }, readingOf(options.onError), out.write);
  out.end();
}
