// The detector of the service over whole streams: every spike of a file, each as it was known when it was detected.
import { advanceStream, binOf, EVEN, openStream, outsideOf, weeklyExposure, type Alarm, type Bin, type Outside, type SpikeOptions, type StreamState } from '../../forecast/math/index.js';
import type { Arrivals } from './arrivals.js';
import { shapesOf } from './shop-weeks.js';

export interface Detected {
  readonly shop: string;
  readonly sku: string;
  readonly broadcast: string;
  readonly onset: number;
  readonly detectedAt: number;
  readonly orders: number;
  readonly expectedOrders: number;
  readonly ratio: number;
  readonly score: number;
}

const NO_LATE = { orders: 0, withdrawn: 0 };

/** Counts per bin from two ascending lists of times. */
function binsOf({ counted, withdrawn }: Arrivals, binMs: number): Bin[] {
  const bins: Bin[] = [];
  let c = 0;
  let w = 0;
  while (c < counted.length || w < withdrawn.length) {
    const bin = binOf(Math.min(counted[c] ?? Infinity, withdrawn[w] ?? Infinity), binMs);
    const end = bin + binMs;
    const [fromC, fromW] = [c, w];
    while (c < counted.length && (counted[c] as number) < end) c++;
    while (w < withdrawn.length && (withdrawn[w] as number) < end) w++;
    bins.push({ bin, orders: c - fromC, withdrawn: w - fromW });
  }
  return bins;
}

/** Number of the first time that is not before `at`. */
function firstFrom(times: readonly number[], at: number): number {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] as number) < at) low = middle + 1;
    else high = middle;
  }
  return low;
}

const detected = (a: Arrivals, alarm: Alarm): Detected => ({
  shop: a.shop, sku: a.sku, broadcast: a.broadcast, onset: alarm.onset,
  // The very order that raised the alarm.
  detectedAt: a.counted[firstFrom(a.counted, alarm.bin) + alarm.order - 1] as number,
  orders: alarm.orders, expectedOrders: alarm.expectedOrders, ratio: alarm.ratio, score: alarm.score,
});

/** All alarms of one stream up to `end`, the latest time of the file. `at`: asked for the state once all bins before a time are in. */
function run(a: Arrivals, state: StreamState, end: number, options: SpikeOptions, binMs: number, ask: readonly { readonly at: number; readonly answer: (state: StreamState) => void }[]): Detected[] {
  const bins = binsOf(a, binMs);
  const found: Detected[] = [];
  let current = state;
  let from = 0;
  const feed = (to: number): void => {
    const last = bins[to - 1];
    if (to <= from || last === undefined) return;
    // Nothing is raised without orders, so a stream is left at its last bin; that one may still be filling when the file ends.
    const step = advanceStream(current, bins.slice(from, to), Math.min(end, last.bin + binMs), NO_LATE, options);
    current = step.state;
    from = to;
    for (const alarm of step.alarms) found.push(detected(a, alarm));
  };
  for (const { at, answer } of ask) {
    let to = from;
    while (to < bins.length && (bins[to] as Bin).bin < binOf(at, binMs)) to++;
    feed(to);
    answer(current);
  }
  feed(bins.length);
  return found;
}

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

type Sku = { standing: Arrivals | undefined; broadcasts: Arrivals[] };

/**
 * All spikes of the streams, in order of detection. @param end the latest time of the file (ms)
 * A broadcast's stream starts from the rate of the SKU's standing stream of the same shop, as it stood when the broadcast's
 * first order came. @param weekly whether standing streams are exposed by the shape of their shop's week
 */
export function detectSpikes(streams: readonly Arrivals[], end: number, options: SpikeOptions, binMs: number, weekly = true): Detected[] {
  const shops = new Map<string, Map<string, Sku>>();
  for (const a of streams) {
    let skus = shops.get(a.shop);
    if (skus === undefined) shops.set(a.shop, (skus = new Map<string, Sku>()));
    let sku = skus.get(a.sku);
    if (sku === undefined) skus.set(a.sku, (sku = { standing: undefined, broadcasts: [] }));
    if (a.broadcast === '') sku.standing = a;
    else sku.broadcasts.push(a);
  }
  const found: Detected[] = [];
  for (const skus of shops.values()) {
    const shapes = weekly ? shapesOf([...skus.values()].flatMap(({ standing }) => (standing === undefined ? [] : [standing]))) : [];
    const exposure = shapes.length === 0 ? EVEN : weeklyExposure(shapes);
    for (const { standing, broadcasts } of skus.values()) {
      const opened = broadcasts.map((a) => ({ a, at: a.counted[0] as number, outside: undefined as Outside | undefined })).sort((x, y) => x.at - y.at);
      if (standing !== undefined) {
        const first = standing.counted[0] as number;
        const ask = opened.filter((b) => binOf(b.at, binMs) > first).map((b) => ({ at: b.at, answer: (state: StreamState) => (b.outside = outsideOf(state.baseline, b.at, exposure)) }));
        found.push(...run(standing, openStream(first, { kind: 'standing' }, binMs), end, { ...options, exposure }, binMs, ask));
      }
      for (const { a, at, outside } of opened) found.push(...run(a, openStream(at, { kind: 'broadcast', outside }, binMs), end, options, binMs, []));
    }
  }
  return found.sort((x, y) => x.detectedAt - y.detectedAt || byText(x.shop, y.shop) || byText(x.sku, y.sku) || byText(x.broadcast, y.broadcast));
}
