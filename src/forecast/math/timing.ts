// When an order to a factory is worth placing: what it serves in time, what can wait for a later look, and who will have given up.
// Times in ms. Buyers who were promised a date and did not get the goods by then give up with a constant hazard (exponential
// patience), so the share that still waits after a delay of x is exp(−x / mean patience).

const DAY_MS = 86_400_000;

/** Demand that must be served by a moment: open orders by their ship-by, or sales expected, by when the last of them is promised. */
export interface DatedDemand {
  readonly mean: number;
  /** 0 for orders that are there. */
  readonly variance: number;
  readonly deadline: number;
}

export interface OrderTiming {
  /** When goods ordered now arrive, and when those of the next look at it would. */
  readonly arrivesAt: number;
  readonly nextArrivesAt: number;
  readonly patienceDays: number;
}

/** Share of the buyers promised by `deadline` who still wait when goods come at `at`; 1 where they come in time. */
export function stillWaiting(at: number, deadline: number, patienceDays: number): number {
  if (!(patienceDays >= 0)) throw new RangeError(`patience must not be negative, got ${patienceDays}`);
  if (at <= deadline) return 1;
  return patienceDays === 0 ? 0 : Math.exp(-(at - deadline) / (patienceDays * DAY_MS));
}

export interface DueNow {
  /** Mean and variance of the demand that an order placed now serves and a later one would not, or not as well. */
  readonly mean: number;
  readonly variance: number;
  /** Mean of what can wait for the next look, at no loss. */
  readonly canWait: number;
  /** Mean of those who will have given up however soon one orders. */
  readonly givesUp: number;
  /** Units more that would be lost by not ordering before the next look: the price of waiting, in units. */
  readonly lostByWaiting: number;
}

/** Splits dated demand by what an order placed now can do for it. */
export function dueNow(demand: readonly DatedDemand[], timing: OrderTiming): DueNow {
  let [mean, variance, canWait, givesUp, lostByWaiting] = [0, 0, 0, 0, 0];
  for (const d of demand) {
    if (!(d.mean >= 0 && d.variance >= 0)) throw new RangeError('demand must have a mean and a variance of at least 0');
    if (timing.nextArrivesAt <= d.deadline) {
      canWait += d.mean;
      continue;
    }
    const now = stillWaiting(timing.arrivesAt, d.deadline, timing.patienceDays);
    mean += d.mean * now;
    variance += d.variance * now * now + d.mean * now * (1 - now);
    givesUp += d.mean * (1 - now);
    lostByWaiting += d.mean * (now - stillWaiting(timing.nextArrivesAt, d.deadline, timing.patienceDays));
  }
  return { mean, variance, canWait, givesUp, lostByWaiting };
}

/** Goods that come at a moment. */
export interface DatedUnits {
  readonly at: number;
  readonly units: number;
}

/**
 * What supply leaves of demand, and demand of supply. Goods serve, as they come, those who still wait, the earliest deadline first;
 * a unit that comes when a share w still waits stands for 1/w of the buyers of now, because the others have given up meanwhile.
 * @param demand by ascending deadline, @param supply by ascending time
 * @returns the demand of now that nothing comes for, and the units that nobody is there for
 */
export function unserved(demand: readonly DatedDemand[], supply: readonly DatedUnits[], patienceDays: number): { readonly demand: DatedDemand[]; readonly left: number } {
  const open = demand.map((d) => d.mean);
  let left = 0;
  for (const { at, units } of supply) {
    let rest = units;
    for (let i = 0; i < open.length && rest > 0; i++) {
      const waits = stillWaiting(at, (demand[i] as DatedDemand).deadline, patienceDays);
      const served = Math.min(rest, (open[i] as number) * waits);
      if (served <= 0) continue;
      open[i] = Math.max(0, (open[i] as number) - served / waits);
      rest -= served;
    }
    left += rest;
  }
  return { demand: demand.map((d, i) => ({ ...d, mean: open[i] as number })), left };
}

/** Units of a new order that find a buyer still waiting, made as the factory has room: `room` by ascending time. */
export function servable(demand: readonly DatedDemand[], room: readonly DatedUnits[], patienceDays: number): number {
  return room.reduce((s, r) => s + r.units, 0) - unserved(demand, room, patienceDays).left;
}
