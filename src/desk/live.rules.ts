// Pure numbers of the live view: what counts as sold, how much of the stock that is, and when to cry out.
import { LEVELS, nowcast, RECENT_MS } from '../forecast/math/index.js';

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

/** How much of the recent past says how it goes on: not what lies before the broadcast, and a window at least. */
export const recentSpan = (b: Air, now: Date): number => Math.max(10_000, Math.min(RECENT_MS, now.getTime() - b.startsAt.getTime()));

export interface Running {
  readonly paid: number;
  readonly recentOrders: number;
  readonly unitsPerOrder: number;
  readonly slotAt: Date | null;
}

/**
 * Quantiles of the gross paid units at the end of the broadcast. null where nothing is known to go by: nothing was sold, and the
 * slot is still to come. What is over, or cancelled, stays as it is.
 */
export function nowcastOf(r: Running, b: Air, now: Date): Readonly<Record<string, number>> | null {
  const over = b.cancelledAt !== null || now >= b.endsAt;
  if (!over && r.paid === 0 && r.recentOrders === 0 && (now < b.startsAt || (r.slotAt !== null && r.slotAt > now))) return null;
  const left = over ? 0 : b.endsAt.getTime() - Math.max(now.getTime(), b.startsAt.getTime());
  const units = nowcast(r.paid, r.recentOrders, recentSpan(b, now), left, r.unitsPerOrder);
  return Object.fromEntries(LEVELS.map((level, i) => [String(level), units[i] ?? r.paid]));
}
