// Two shops, one pile: what each shop may show of stock that others sell too. A platform sells before we hear of it, and shows what we
// pushed some time ago, so between two looks the others may have sold what this one still shows. Pure.
import { poissonQuantile } from '../../kernel/math/index.js';

export interface Sharer {
  readonly shop: string;
  /** Units that its platform shows now, as far as we know: what we pushed less what we heard it sold. */
  readonly shown: number;
  /** Units per second that it sold lately. */
  readonly perSecond: number;
  /** Seconds from a sale there until we hear of it, and from our push until it is shown. */
  readonly hearSeconds: number;
  readonly pushSeconds: number;
  /** Units to hold back whatever others sell; null: as the others sell. */
  readonly buffer: number | null;
}

export interface Offer {
  readonly shop: string;
  readonly buffer: number;
  /** What it should show. */
  readonly units: number;
  /** By how much the platform's own number must change: increments, because it sells meanwhile. */
  readonly change: number;
}

/** Sales lately are taken for Poisson; a rate learned from one minute is itself uncertain, and broadcasts swing. */
const SWING = 1.5;

/**
 * Units held back from one shop: what the others together may sell before a push reaches it, but with probability `risk`.
 * @param others the other shops of the pile
 */
export function bufferOf(own: Sharer, others: readonly Sharer[], risk: number): number {
  if (own.buffer !== null) return others.length === 0 ? 0 : own.buffer;
  const mean = others.reduce((sum, o) => sum + o.perSecond * SWING * (o.hearSeconds + own.pushSeconds), 0);
  return mean === 0 ? 0 : poissonQuantile(1 - risk, mean);
}

/**
 * What each shop shows of `free` units. While there is more than the buffers, each shows all but its own buffer. The last units go
 * to the shop that sells fastest, and only as far as the others no longer show them.
 * @param risk chance, per shop and look, that others sell more than its buffer, in (0, 1)
 */
export function offersOf(free: number, sharers: readonly Sharer[], risk: number): Offer[] {
  if (!(risk > 0 && risk < 1)) throw new RangeError(`risk must be between 0 and 1, got ${risk}`);
  const pile = Math.max(0, Math.floor(free));
  const buffers = sharers.map((s) => bufferOf(s, sharers.filter((o) => o !== s), risk));
  const last = sharers.length > 1 && buffers.every((b) => pile <= b);
  const winner = last ? sharers.reduce((best, s) => (s.perSecond > best.perSecond || (s.perSecond === best.perSecond && s.shop < best.shop) ? s : best)) : undefined;
  return sharers.map((s, i) => {
    const buffer = buffers[i] ?? 0;
    const shownElsewhere = sharers.reduce((sum, o) => sum + (o === s ? 0 : Math.max(0, o.shown)), 0);
    const units = winner === undefined ? Math.max(0, pile - buffer) : s === winner ? Math.max(0, pile - shownElsewhere) : 0;
    return { shop: s.shop, buffer, units, change: units - s.shown };
  });
}
