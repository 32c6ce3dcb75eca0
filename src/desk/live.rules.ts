// Pure numbers of the live view: what counts as sold, how much of the stock that is, and when to cry out.

export interface StreamCounts {
  readonly units: number;
  readonly paid: number;
  readonly cancelled: number;
}

/**
 * Paid units that were not cancelled. Windows do not say whether a cancelled unit had been paid, so it is what was ordered less
 * what was cancelled, and never more than was paid: exact as soon as no order is left unpaid, and until then not too low.
 */
export const soldUnits = (c: StreamCounts): number => Math.max(0, Math.min(c.paid, c.units - c.cancelled));

/** Sold of what was there to sell, in percent; null where there was nothing. Rounded down: 95 is said when it is reached. */
export function percentSold(sold: number, available: number): number | null {
  const all = sold + Math.max(0, available);
  return all === 0 ? null : Math.floor((1000 * sold) / all) / 10;
}

export const THRESHOLDS = [95, 80] as const;
export type Threshold = (typeof THRESHOLDS)[number];

/** The highest threshold that is reached. In whole numbers: 80 of 100 is 80 %. */
export const alertOf = (sold: number, available: number): Threshold | null => (sold === 0 ? null : (THRESHOLDS.find((t) => 100 * sold >= t * (sold + Math.max(0, available))) ?? null));

export interface Air {
  readonly startsAt: Date;
  readonly endsAt: Date;
  readonly cancelledAt: Date | null;
}

const MINUTE = 60_000;

/** Whole minutes on air so far, and begun minutes that are left; together never more than the broadcast has. */
export function minutesOf(b: Air, now: Date): { readonly elapsed: number; readonly left: number } {
  const at = Math.min(Math.max(now.getTime(), b.startsAt.getTime()), b.endsAt.getTime());
  return { elapsed: Math.floor((at - b.startsAt.getTime()) / MINUTE), left: b.cancelledAt === null ? Math.ceil((b.endsAt.getTime() - at) / MINUTE) : 0 };
}

/** What is over, or cancelled, stays as it is; and there is no nowcast where nothing is known to go by. */
export type NowcastShown = 'paid' | 'none' | 'nowcast';

/**
 * What of a nowcast is shown. Nothing where nothing was sold, the slot is still to come and the merchant's own broadcasts have
 * taught nothing yet: the published prior alone would be a guess.
 */
export function nowcastShown(r: { readonly paid: number; readonly orders: number; readonly slotAt: Date | null; readonly learned: boolean }, b: Air, now: Date): NowcastShown {
  if (b.cancelledAt !== null || now >= b.endsAt) return 'paid';
  if (r.learned || r.paid > 0 || r.orders > 0) return 'nowcast';
  return now < b.startsAt || (r.slotAt !== null && r.slotAt > now) ? 'none' : 'nowcast';
}
