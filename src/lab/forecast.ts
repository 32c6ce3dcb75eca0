// `castline forecast`: net units per SKU over a horizon, from a file of orders.
import { checkInputs, readOrders, type Reading } from './inputs.js';
import { forecastAt, forecastLaunches, SalesLog } from './math/index.js';

export interface ForecastOptions {
  /** A moment (ms), or the time after each SKU's first sale. */
  readonly asOf: { readonly at: number } | { readonly afterLaunchMs: number };
  readonly horizonMs: number;
  /** Ascending. */
  readonly levels: readonly number[];
}

/** Writes one line per SKU, in the order of their names; answers how many. */
export async function forecast(orders: string, options: ForecastOptions, reading: Reading, write: (line: object) => void): Promise<number> {
  checkInputs([orders]);
  const { asOf, horizonMs, levels } = options;
  const log = new SalesLog();
  let [start, end] = [Infinity, -Infinity];
  await readOrders(orders, reading, (event) => {
    // Nothing from the moment asked for on is known.
    if ('at' in asOf && event.occurredAt >= asOf.at) return;
    start = Math.min(start, event.occurredAt);
    end = Math.max(end, event.occurredAt);
    log.add(event);
  });
  const skus = log.bySku();
  const forecasts = 'at' in asOf ? forecastAt(skus, start, asOf.at, horizonMs, levels) : forecastLaunches(skus, start, end, asOf.afterLaunchMs, horizonMs, levels);
  for (const f of [...forecasts].sort((a, b) => (a.sku < b.sku ? -1 : 1))) {
    write({ sku: f.sku, asOf: new Date(f.asOf).toISOString(), observed: f.observed, quantiles: Object.fromEntries(levels.map((level, i) => [String(level), f.quantiles[i]])) });
  }
  reading.report(`${skus.size} SKUs sold, ${forecasts.length} forecasts`);
  return forecasts.length;
}
