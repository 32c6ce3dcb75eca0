// `castline detect`: the spikes of a file of orders, as the service would have raised them.
import { checkInputs, inOrder, type Reading } from './inputs.js';
import { ArrivalLog, detectSpikes } from './math/index.js';

export interface DetectOptions {
  readonly falseAlarmsPer1000SkuHours: number;
  /** Length of a bin, ms. */
  readonly bucketMs: number;
}

const iso = (at: number): string => new Date(at).toISOString();

/** Writes one line per episode, in order of detection; answers how many. */
export async function detect(orders: string, options: DetectOptions, reading: Reading, write: (line: object) => void): Promise<number> {
  checkInputs([orders]);
  let log = new ArrivalLog();
  await inOrder(orders, reading, () => {
    log = new ArrivalLog();
    return (event) => log.add(event);
  });
  const { streams, end } = log.all();
  const spikes = detectSpikes(streams, end, { falseAlarmsPer1000SkuHours: options.falseAlarmsPer1000SkuHours, binMs: options.bucketMs }, options.bucketMs);
  reading.report(`${streams.length} streams, ${spikes.length} spikes`);
  for (const s of spikes) {
    write({
      sku: s.sku, broadcast: s.broadcast === '' ? null : s.broadcast, onset: iso(s.onset), detectedAt: iso(s.detectedAt), orders: s.orders, expectedOrders: s.expectedOrders, ratio: s.ratio,
      score: s.score, shop: s.shop,
    });
  }
  return spikes.length;
}
