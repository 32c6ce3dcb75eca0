// What came back of a SKU so far in a back-test, day by day.

/** Units delivered by day, and when how many of them were asked back: what a policy may know of returns. */
export interface ReturnHistory {
  /** By day of delivery. */
  readonly delivered: Map<number, number>;
  /** By day of delivery, then by whole days until they were asked back: units. */
  readonly asked: Map<number, Map<number, number>>;
  /** The same in all: by day of delivery, and over all days. */
  readonly gone: Map<number, number>;
  back: number;
  /** Units asked back whose goods are not on the shelf yet, by request: [day, units]. */
  readonly announced: Map<number, { day: number; units: number }>;
  usable: number;
  lost: number;
}

export const noHistory = (): ReturnHistory => ({ delivered: new Map(), asked: new Map(), gone: new Map(), back: 0, announced: new Map(), usable: 0, lost: 0 });

/** Units delivered on one day are asked back on another (days since 1970). */
export function askBack(history: ReturnHistory, deliveredOn: number, askedOn: number, units: number): void {
  let lags = history.asked.get(deliveredOn);
  if (lags === undefined) history.asked.set(deliveredOn, (lags = new Map<number, number>()));
  lags.set(askedOn - deliveredOn, (lags.get(askedOn - deliveredOn) ?? 0) + units);
  history.gone.set(deliveredOn, (history.gone.get(deliveredOn) ?? 0) + units);
  history.back += units;
}
