import { returnRates, type RateFiles, type RateOptions } from '../lab/offline.js';
import { ndjsonOut, readingOf } from './results.js';

export async function runReturnRates(options: RateFiles & Omit<RateOptions, 'horizonDays'> & { horizon: number; onError: 'stop' | 'skip' }): Promise<void> {
  const out = ndjsonOut();
  await returnRates(options, { ...options, horizonDays: Math.round(options.horizon / 86_400_000) }, readingOf(options.onError), out.write);
  out.end();
}
