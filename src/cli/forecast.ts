import { forecast, type ForecastOptions } from '../lab/offline.js';
import { ndjsonOut, readingOf } from './results.js';

export async function runForecast(orders: string, options: { asOf: ForecastOptions['asOf']; horizon: number; levels: number[]; onError: 'stop' | 'skip' }): Promise<void> {
  const out = ndjsonOut();
  await forecast(orders, { asOf: options.asOf, horizonMs: options.horizon, levels: options.levels }, readingOf(options.onError), out.write);
  out.end();
}
