// What came back of a SKU so far in a back-test, day by day; and of all SKUs together.

/** Units of a SKU delivered by day, and how many of them were asked back: what a policy may know of returns. */
export interface ReturnHistory {
  /** By day of delivery. */
  readonly delivered: Map<number, number>;
  /** By day of delivery: units asked back so far. */
  readonly gone: Map<number, number>;
  back: number;
  /** Units asked back whose goods are not on the shelf yet, by request: [day, units]. */
  readonly announced: Map<number, { day: number; units: number }>;
  usable: number;
  lost: number;
}

export const noHistory = (): ReturnHistory => ({ delivered: new Map(), gone: new Map(), back: 0, announced: new Map(), usable: 0, lost: 0 });

/** Units of all SKUs delivered on one day (days since 1970), and by the days until they were asked back, how many. */
export interface DeliveredDay {
  sold: number;
  readonly lags: Map<number, number>;
}

/** Returns of all SKUs: the lag is learned of all of them. */
export class Returns {
  readonly skus: readonly ReturnHistory[];
  readonly days = new Map<number, DeliveredDay>();

  constructor(skus: number) {
    this.skus = Array.from({ length: skus }, noHistory);
  }

  deliver(sku: number, day: number, units: number): void {
    const { delivered } = this.skus[sku] as ReturnHistory;
    delivered.set(day, (delivered.get(day) ?? 0) + units);
    const all = this.days.get(day);
    if (all === undefined) this.days.set(day, { sold: units, lags: new Map() });
    else all.sold += units;
  }

  /** Units delivered on one day are asked back on another. */
  askBack(sku: number, deliveredOn: number, askedOn: number, units: number): void {
    const history = this.skus[sku] as ReturnHistory;
    history.gone.set(deliveredOn, (history.gone.get(deliveredOn) ?? 0) + units);
    history.back += units;
    const lags = this.days.get(deliveredOn)?.lags;
    lags?.set(askedOn - deliveredOn, (lags.get(askedOn - deliveredOn) ?? 0) + units);
  }
}
