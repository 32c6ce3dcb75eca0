// Pure decisions of the stock check: what may be opened, which promise can be kept, and the verdict with its reasons.
// Quantities are whole units; dates are YYYY-MM-DD in the calendar of the SKU's supplier, by which its supply is dated.
import { availableToPromise, isPromisable, type Dated } from '../inventory/index.js';

export type Verdict = 'go' | 'limited' | 'no-go';

export interface Reason {
  readonly code: string;
  readonly text: string;
}

export type Phase = 'planned' | 'live' | 'ended' | 'cancelled';

const DAY_MS = 86_400_000;
export const addDays = (date: string, days: number): string => new Date(Date.parse(date) + days * DAY_MS).toISOString().slice(0, 10);
export const daysBetween = (from: string, to: string): number => Math.round((Date.parse(to) - Date.parse(from)) / DAY_MS);

export function phaseOf(b: { readonly startsAt: Date; readonly endsAt: Date; readonly cancelledAt: Date | null }, now: Date): Phase {
  if (b.cancelledAt !== null) return 'cancelled';
  if (b.endsAt <= now) return 'ended';
  return b.startsAt <= now ? 'live' : 'planned';
}

/** What of the plan is still to be sold, row by row: what was ordered already, paid or not, is taken off the rows in the order in which they are shown. */
export function stillPlanned(planned: readonly number[], sold: number): number[] {
  let left = Math.max(0, sold);
  return planned.map((units) => {
    const taken = Math.min(left, units);
    left -= taken;
    return units - taken;
  });
}

/** Somebody else who plans to sell units of the same SKU. */
export interface Claimant {
  readonly name: string;
  readonly units: number;
  /** It comes first, so its units are not promised again. */
  readonly before: boolean;
}

export interface ItemFacts {
  /** Planned units that are not ordered yet. */
  readonly planned: number;
  readonly promiseDays: number;
  readonly available: number;
  /** Units that order lines wait for, or that left without being there. */
  readonly waiting: number;
  /** Units of orders that are neither paid nor cancelled, over all shops of the stock: platforms hold them for their buyers. */
  readonly unpaid: number;
  readonly today: string;
  /** The day on which the promise starts to run, and the day in the course of which it ends. */
  readonly from: string;
  readonly by: string;
  readonly incoming: readonly Dated[];
  readonly claimants: readonly Claimant[];
  /** All sizes of its style and colour, itself included, with what nobody was promised. */
  readonly sizes: readonly { readonly size: string; readonly free: number }[];
}

export interface ShipPromise {
  readonly days: number;
  readonly by: string;
  readonly keepable: boolean;
  /** Units that can be promised: what is there, and what is due before that day. */
  readonly units: number;
  /** When all planned units are there, and how many days of promise that takes; null: never on known supply. */
  readonly earliest: string | null;
  readonly keptInDays: number | null;
}

export interface Judgement {
  readonly verdict: Verdict;
  readonly reasons: readonly Reason[];
  readonly unitsToOpen: number;
  readonly availableToPromise: readonly Dated[];
  readonly promise: ShipPromise;
  readonly brokenSizes: readonly string[];
}

/** Sizes of which there is nothing while others of the same style and colour are there. */
export function brokenSizes(sizes: ItemFacts['sizes']): string[] {
  return sizes.some((s) => s.free > 0) ? sizes.filter((s) => s.free <= 0).map((s) => s.size).sort() : [];
}

const overdueUnits = (f: ItemFacts): number => f.incoming.reduce((s, i) => (isPromisable(i, f.today) ? s : s + i.units), 0);

export function judgeItem(f: ItemFacts): Judgement {
  const taken = f.waiting + f.unpaid + f.claimants.reduce((s, c) => (c.before ? s + c.units : s), 0);
  const unitsToOpen = Math.max(0, f.available - taken);
  const dated = availableToPromise(f.available, taken, [{ date: f.today, units: 0 }, ...f.incoming.filter((i) => isPromisable(i, f.today))]);
  // Supply is dated by day, and the promise ends at some hour of its last one: what is due that day may come too late.
  const units = dated.reduce((most, d) => (d.date < f.by ? d.units : most), unitsToOpen);
  const earliest = unitsToOpen >= f.planned ? f.today : (dated.find((d) => d.units >= f.planned)?.date ?? null);
  const keptInDays = unitsToOpen >= f.planned ? 0 : earliest === null ? null : Math.max(0, daysBetween(f.from, earliest) + 1);
  const promise: ShipPromise = { days: f.promiseDays, by: f.by, keepable: units >= f.planned, units, earliest, keptInDays };
  const broken = brokenSizes(f.sizes);
  const nothing = unitsToOpen === 0 && units === 0;
  const verdict: Verdict = nothing ? 'no-go' : unitsToOpen < f.planned || !promise.keepable || broken.length > 0 ? 'limited' : 'go';
  return { verdict, reasons: reasonsOf(f, unitsToOpen, promise, broken, nothing), unitsToOpen, availableToPromise: dated, promise, brokenSizes: broken };
}

function reasonsOf(f: ItemFacts, unitsToOpen: number, promise: ShipPromise, broken: readonly string[], nothing: boolean): Reason[] {
  const reasons: Reason[] = [];
  const say = (code: string, text: string): void => void reasons.push({ code, text });
  const overdue = overdueUnits(f);
  if (nothing) say('no-stock', `nothing may be opened: ${f.available} available, ${f.waiting} wait, ${f.unpaid} are held for unpaid orders, and no supply is due before ${f.by}`);
  else if (unitsToOpen < f.planned) say('short-stock', `${unitsToOpen} of ${f.planned} planned units are free in stock`);
  if (!nothing && unitsToOpen < f.planned && promise.units > unitsToOpen) {
    say('rests-on-supply', `${Math.min(promise.units, f.planned) - unitsToOpen} more rest on supply that is due before ${f.by}: presale, not stock`);
  }
  if (!promise.keepable) {
    say('promise-not-keepable', `before ${f.by} (${f.promiseDays} days) ${promise.units} of ${f.planned} planned units are there; ${promise.earliest === null ? 'the rest never on known supply' : `all of them on ${promise.earliest}`}`);
  }
  if (broken.length > 0) say('broken-sizes', `nothing is free of ${broken.join(', ')}, other sizes are there`);
  const [before, after] = [f.claimants.filter((c) => c.before), f.claimants.filter((c) => !c.before)];
  const named = (list: readonly Claimant[]): string => [...new Set(list.map((c) => c.name))].join(', ');
  const sum = (list: readonly Claimant[]): number => list.reduce((s, c) => s + c.units, 0);
  if (before.length > 0) say('shared-with', `${named(before)} comes first and plans ${sum(before)} units of it, which are not promised here`);
  if (after.length > 0) say('shared-with', `${named(after)} comes later and plans ${sum(after)} units of it`);
  if (f.unpaid > 0) say('unpaid-orders', `${f.unpaid} units are held for orders that are not paid yet, and are not opened again`);
  if (overdue > 0) say('supply-overdue', `${overdue} units were due before ${f.today} and have not come; nothing is promised on them`);
  if (reasons.length === 0) say('covered', `${unitsToOpen} units are free for ${f.planned} planned`);
  return reasons;
}

export interface MakingTerms {
  readonly leadTimeDays: number;
  readonly dailyCapacity: number;
  readonly moq: number;
  readonly lotMultiple: number;
  readonly moqScope: string;
}

/**
 * What could still be made in time on top of what is dated already: daily capacity × the days from the factory's word (`start`)
 * to `by`, if its lead time fits in, less what it makes by then anyway, in whole lots, and nothing below a minimum that binds
 * this SKU alone (one that binds a colour or style can be met by the other sizes).
 */
export function overflow(t: MakingTerms, start: string, by: string, dueByThen: number): { readonly units: number; readonly earliest: string } {
  const earliest = addDays(start, t.leadTimeDays);
  if (earliest > by) return { units: 0, earliest };
  const possible = Math.max(0, t.dailyCapacity * Math.max(1, daysBetween(start, by)) - dueByThen);
  const lots = Math.floor(possible / t.lotMultiple) * t.lotMultiple;
  return { units: t.moqScope === 'sku' && lots < t.moq ? 0 : lots, earliest };
}

/** Returned over sold, of this SKU, ever: what was sold lately has not had time to come back, so it is naive, and says so. */
export function naiveReturnRate(sold: number, returned: number, reason: { readonly claimed: string; readonly units: number } | null): object {
  return {
    method: 'naive', sold, returned, rate: sold === 0 ? null : Math.min(1, returned / sold),
    topReason: reason === null ? null : { claimedReason: reason.claimed, units: reason.units, share: returned === 0 ? null : reason.units / returned },
  };
}

export interface BroadcastVerdict {
  readonly verdict: Verdict;
  readonly reasons: readonly Reason[];
  readonly counts: { readonly go: number; readonly limited: number; readonly noGo: number };
}

/** Why nothing can be shown, whatever the stock; undefined where something may be. */
export function standstill(phase: Phase, items: number): Reason | undefined {
  if (phase === 'cancelled') return { code: 'cancelled', text: 'the broadcast is cancelled' };
  if (phase === 'ended') return { code: 'ended', text: 'the broadcast has ended' };
  return items === 0 ? { code: 'empty-line-up', text: 'the line-up is empty' } : undefined;
}

export function judgeBroadcast(phase: Phase, verdicts: readonly Verdict[]): BroadcastVerdict {
  const count = (v: Verdict): number => verdicts.filter((x) => x === v).length;
  const counts = { go: count('go'), limited: count('limited'), noGo: count('no-go') };
  const still = standstill(phase, verdicts.length);
  if (still !== undefined) return { verdict: 'no-go', reasons: [still], counts };
  if (counts.noGo === verdicts.length) return { verdict: 'no-go', reasons: [{ code: 'nothing-to-show', text: 'no item of the line-up may be opened' }], counts };
  if (counts.go === verdicts.length) return { verdict: 'go', reasons: [{ code: 'all-go', text: `all ${verdicts.length} items are go` }], counts };
  return { verdict: 'limited', reasons: [{ code: 'some-not-go', text: `of ${verdicts.length} items ${counts.go} are go, ${counts.limited} limited, ${counts.noGo} no-go` }], counts };
}

const VALID_MS = 10 * 60_000;

/** A check holds for ten minutes, and never past the next moment at which something is shown. */
export function validUntil(checkedAt: Date, moments: readonly Date[]): Date {
  return new Date(moments.reduce((least, m) => (m > checkedAt ? Math.min(least, m.getTime()) : least), checkedAt.getTime() + VALID_MS));
}
