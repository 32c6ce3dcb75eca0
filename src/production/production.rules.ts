// Pure decisions of production: what to propose for a changed need, how often, and what a reply comes to.

import type { NeedLine } from '../forecast/index.js';

export type Commitment = 'forecast' | 'material' | 'firm';
export type Kind = 'create' | 'increase' | 'decrease' | 'expedite' | 'delay' | 'hold' | 'resume' | 'cancel';

export interface OrderLine {
  readonly lineId: string;
  readonly sku: string;
  readonly quantity: number;
  readonly due: string;
  /** Units that are made or came in: they are not taken back. */
  readonly produced: number;
  /** Nothing of it is still to come. */
  readonly isIn?: boolean;
  readonly expediteRefused: boolean;
}

export interface OpenOrder {
  readonly id: string;
  readonly lines: readonly OrderLine[];
  /** Whole days since it was confirmed. */
  readonly ageDays: number;
  /** Units by SKU that somebody signed for although even high demand does not need them: they stand until that somebody cuts them. */
  readonly spare?: ReadonlyMap<string, number>;
}

export interface SupplierTerms {
  readonly moq: number;
  readonly lotMultiple: number;
  readonly leadTimeDays: number;
  readonly frozenFenceDays: number;
  readonly stageDays: Readonly<Record<string, number>>;
  readonly hasConfirmingHour: boolean;
}

export interface ProposedLine {
  readonly lineId: string;
  readonly sku: string;
  readonly quantity: number;
  readonly quantityBefore: number;
  readonly due: string;
  readonly dueBefore: string | null;
}

export interface Proposal {
  readonly kind: Kind;
  readonly commitment: Commitment;
  /** The production order that is changed; undefined: a new one. */
  readonly order: string | undefined;
  readonly lines: readonly ProposedLine[];
}

const DAY_MS = 86_400_000;
export const daysBetween = (from: string, to: string): number => Math.round((Date.parse(to) - Date.parse(from)) / DAY_MS);
export const addDays = (date: string, days: number): string => new Date(Date.parse(date) + days * DAY_MS).toISOString().slice(0, 10);

const total = (lines: readonly { readonly quantity: number }[]): number => lines.reduce((s, l) => s + l.quantity, 0);

/** Inside the frozen fence, or once cutting has begun, an order takes no more units and gives none back. */
export function isFrozen(order: OpenOrder, terms: SupplierTerms, today: string): boolean {
  const due = order.lines.filter((l) => l.isIn !== true).reduce((least, l) => (least === '' || l.due < least ? l.due : least), '');
  return daysBetween(today, due) <= terms.frozenFenceDays || (terms.stageDays['cut'] !== undefined && order.ageDays >= terms.stageDays['cut']);
}

/** Smallest change of an open order worth bothering a factory with: a lot, or a tenth. */
const worthwhile = (change: number, quantity: number, lot: number): boolean => change >= Math.max(lot, 0.1 * quantity);

/**
 * What to propose to a factory that has no open change for this group; undefined: nothing.
 * `firmNow`: the factory confirms at once, or its confirming hour has come; otherwise the proposal is a heads-up.
 */
export function propose(need: readonly NeedLine[], orders: readonly OpenOrder[], terms: SupplierTerms, today: string, firmNow: boolean): Proposal | undefined {
  const expedite = proposeExpedite(need, orders, terms, today, firmNow);
  if (expedite !== undefined) return expedite;

  const additions = need.map((line) => ({ line, add: firmNow ? line.firm : line.recommended })).filter(({ add }) => add > 0);
  if (additions.length > 0) {
    const commitment: Commitment = firmNow ? 'firm' : need.some((l) => l.committedNeed > 0) ? 'material' : 'forecast';
    // What is cut already takes no more units: the rest is another marker, and another order.
    const editable = orders.find((order) => !isFrozen(order, terms, today) && order.lines.every((l) => l.produced === 0));
    const due = addDays(today, terms.leadTimeDays);
    if (editable === undefined) {
      const lines = additions.map(({ line, add }, i) => ({ lineId: `l${i + 1}`, sku: line.sku, quantity: add, quantityBefore: 0, due, dueBefore: null }));
      return { kind: 'create', commitment, order: undefined, lines };
    }
    const lines = additions.map(({ line, add }, i): ProposedLine => {
      const known = editable.lines.find((l) => l.sku === line.sku);
      return known === undefined
        ? { lineId: `l${editable.lines.length + i + 1}`, sku: line.sku, quantity: add, quantityBefore: 0, due, dueBefore: null }
        : { lineId: known.lineId, sku: line.sku, quantity: known.quantity + add, quantityBefore: known.quantity, due, dueBefore: known.due };
    });
    return { kind: 'increase', commitment, order: editable.id, lines };
  }
  return proposeLess(need, orders, terms, today, firmNow);
}

/** Enough is on order but comes too late: ask for it sooner rather than for more. */
function proposeExpedite(need: readonly NeedLine[], orders: readonly OpenOrder[], terms: SupplierTerms, today: string, firmNow: boolean): Proposal | undefined {
  const late = new Map(need.filter((l) => l.lateProduction > 0 && l.committedNeed > 0).map((l) => [l.sku, l]));
  if (late.size === 0) return undefined;
  for (const order of orders) {
    const lines = order.lines
      .filter((l) => l.isIn !== true && !l.expediteRefused && (late.get(l.sku)?.promise ?? l.due) < l.due && daysBetween(today, l.due) > terms.frozenFenceDays)
      .map((l) => ({ lineId: l.lineId, sku: l.sku, quantity: l.quantity, quantityBefore: l.quantity, due: (late.get(l.sku) as NeedLine).promise, dueBefore: l.due }));
    if (lines.length > 0) return { kind: 'expedite', commitment: firmNow ? 'firm' : 'material', order: order.id, lines };
  }
  return undefined;
}

/** More is on order than even high demand needs: cut it, never below what is produced; at night stop it first. */
function proposeLess(need: readonly NeedLine[], orders: readonly OpenOrder[], terms: SupplierTerms, today: string, firmNow: boolean): Proposal | undefined {
  const signed = (sku: string): number => orders.reduce((s, o) => s + (o.spare?.get(sku) ?? 0), 0);
  const surplus = new Map(need.map((l) => [l.sku, l.surplus - signed(l.sku)] as const).filter(([, units]) => units > 0));
  if (surplus.size === 0) return undefined;
  for (const order of [...orders].reverse()) {
    if (isFrozen(order, terms, today)) continue;
    const wanted = order.lines
      .map((l) => ({ l, cut: Math.min(surplus.get(l.sku) ?? 0, l.quantity - l.produced) }))
      .filter(({ l, cut }) => cut > 0 && worthwhile(cut, l.quantity, terms.lotMultiple));
    const cut = inLots(total(order.lines), wanted.reduce((s, w) => s + w.cut, 0), terms);
    if (cut <= 0) continue;
    const lines = withinCut(wanted, cut).map(({ l, cut: less }) => ({ lineId: l.lineId, sku: l.sku, quantity: l.quantity - less, quantityBefore: l.quantity, due: l.due, dueBefore: l.due }));
    if (firmNow) return { kind: 'decrease', commitment: 'firm', order: order.id, lines };
    // Nobody with authority answers at night; what is half unneeded is stopped at once (a stop needs no negotiation).
    if (2 * cut >= total(order.lines)) {
      return { kind: 'hold', commitment: 'firm', order: order.id, lines: order.lines.map((l) => ({ lineId: l.lineId, sku: l.sku, quantity: l.quantity, quantityBefore: l.quantity, due: l.due, dueBefore: l.due })) };
    }
    return { kind: 'decrease', commitment: 'forecast', order: order.id, lines };
  }
  return undefined;
}

/** What may be cut of an order: all of it, or whole lots down to the least that the factory makes. */
const inLots = (ordered: number, cut: number, { moq, lotMultiple: lot }: SupplierTerms): number =>
  cut === ordered ? cut : Math.min(Math.floor(cut / lot) * lot, Math.floor(Math.max(0, ordered - moq) / lot) * lot);

/** Cuts that add up to `most`: the last ones give way. */
function withinCut<C extends { readonly cut: number }>(wanted: readonly C[], most: number): C[] {
  let left = most;
  return wanted.flatMap((w) => {
    const cut = Math.min(left, w.cut);
    left -= cut;
    return cut > 0 ? [{ ...w, cut }] : [];
  });
}

/** A new version of an open change for a quarter more or less (and a lot), not within this of the last … */
export const DAMPING_MS = 15 * 60_000;
/** … and while a show explodes, for twice as much or for nothing any more, not within this: a factory hears of 20 → 600 units in five versions, not after a quarter of an hour. */
export const ESCALATION_MS = 60_000;

interface Told {
  readonly kind: Kind;
  readonly lines: readonly ProposedLine[];
  readonly at: number;
}

export function isNews(current: Told, next: Proposal, lot: number, now: number): boolean {
  const age = now - current.at;
  if (age < ESCALATION_MS) return false;
  const before = new Map(current.lines.map((l) => [l.sku, l.quantity - l.quantityBefore]));
  const after = new Map(next.lines.map((l) => [l.sku, l.quantity - l.quantityBefore]));
  const change = [...new Set([...before.keys(), ...after.keys()])].reduce((s, sku) => s + Math.abs((after.get(sku) ?? 0) - (before.get(sku) ?? 0)), 0);
  const size = [...before.values()].reduce((s, q) => s + Math.abs(q), 0);
  if (age < DAMPING_MS) return current.kind === next.kind && change >= Math.max(lot, size) && next.kind !== 'expedite' && next.kind !== 'delay';
  if (current.kind !== next.kind) return true;
  if (next.kind === 'expedite' || next.kind === 'delay') return next.lines.some((l) => current.lines.find((c) => c.lineId === l.lineId)?.due !== l.due);
  return change >= Math.max(lot, 0.25 * size);
}

/** When what is no news now could be: at the end of the next interval; undefined where only another need can make it so. */
export function newsAgainAt(toldAt: number, now: number): number | undefined {
  return [ESCALATION_MS, DAMPING_MS].map((wait) => toldAt + wait).find((at) => at > now);
}

export interface Split {
  readonly quantity: number;
  readonly date: string;
}

export interface ReplyLine {
  readonly lineId: string;
  readonly verdict: 'accept' | 'reject' | 'counter';
  readonly splits?: readonly Split[] | undefined;
  readonly substituteSku?: string | undefined;
  readonly surcharge?: number | undefined;
  readonly note?: string | undefined;
}

export interface AgreedLine {
  readonly lineId: string;
  readonly sku: string;
  readonly quantity: number;
  readonly splits: readonly Split[];
}

/**
 * What stands where a version is accepted as it is. Dates that were agreed before stay: an increase adds its units on their own
 * date, a decrease takes from the latest date first, expedite and delay move only what lies on the wrong side of the new date.
 */
export function asProposed(kind: Kind, lines: readonly ProposedLine[], standing: ReadonlyMap<string, readonly Split[]>): AgreedLine[] {
  return lines.map((l) => {
    const before = standing.get(l.lineId) ?? [];
    const agreed = (splits: readonly Split[]): AgreedLine => ({ lineId: l.lineId, sku: l.sku, quantity: l.quantity, splits });
    if (before.length === 0) return agreed([{ quantity: l.quantity, date: l.due }]);
    if (kind === 'increase') return agreed(merged([...before, { quantity: l.quantity - l.quantityBefore, date: l.due }]));
    // Only dates move: as many units as stand now, which the actual cut may have changed since it was asked.
    const moved = (date: (of: string) => string): AgreedLine => ({ ...agreed(merged(before.map((s) => ({ ...s, date: date(s.date) })))), quantity: total(before) });
    if (kind === 'expedite') return moved((date) => (date < l.due ? date : l.due));
    if (kind === 'delay') return moved((date) => (date > l.due ? date : l.due));
    let cut = l.quantityBefore - l.quantity;
    const left = [...before].sort((a, b) => (a.date < b.date ? 1 : -1)).map((s) => {
      const taken = Math.min(cut, s.quantity);
      cut -= taken;
      return { ...s, quantity: s.quantity - taken };
    });
    const kept = merged(left.filter((s) => s.quantity > 0));
    return agreed(kept.length > 0 ? kept : [{ quantity: 0, date: l.due }]);
  });
}

/** Splits by date, one per date. */
function merged(splits: readonly Split[]): Split[] {
  const byDate = new Map<string, number>();
  for (const s of splits) byDate.set(s.date, (byDate.get(s.date) ?? 0) + s.quantity);
  return [...byDate].sort(([a], [b]) => (a < b ? -1 : 1)).map(([date, quantity]) => ({ quantity, date }));
}

/**
 * What stands where the buyer takes a counter: a line that was rejected or not named stays as it was before, one that was accepted, or
 * countered in its price alone, keeps the dates that were agreed before; splits are those of the whole line.
 */
export function asCountered(kind: Kind, lines: readonly ProposedLine[], reply: readonly ReplyLine[], standing: ReadonlyMap<string, readonly Split[]>): AgreedLine[] {
  return lines.flatMap((line): AgreedLine[] => {
    const answer = reply.find((r) => r.lineId === line.lineId);
    if (answer === undefined || answer.verdict === 'reject') return [];
    const sku = answer.substituteSku ?? line.sku;
    const splits = answer.verdict === 'accept' ? [] : (answer.splits ?? []);
    if (splits.length > 0) return [{ lineId: line.lineId, sku, quantity: total(splits), splits: merged(splits) }];
    return asProposed(kind, [line], standing).map((agreed) => ({ ...agreed, sku }));
  });
}

export interface Liability {
  readonly fabric: 'merchant' | 'supplier';
  readonly cut: 'merchant' | 'supplier';
  readonly finished: 'merchant' | 'supplier';
}

/** Who owns what is left if the change is cut back later, by what the signal commits to. */
export const liabilityOf = (commitment: Commitment): Liability =>
  commitment === 'firm' ? { fabric: 'merchant', cut: 'merchant', finished: 'merchant' }
    : commitment === 'material' ? { fabric: 'merchant', cut: 'supplier', finished: 'supplier' } : { fabric: 'supplier', cut: 'supplier', finished: 'supplier' };

/** Over- and under-delivery that needs no talk, in basis points of a line (溢短装; general trade custom of 5 %). */
export const TOLERANCE_BP = 500;
export const withinTolerance = (quantity: number, agreed: number): boolean => Math.abs(quantity - agreed) * 10_000 <= TOLERANCE_BP * agreed;

/** Agreed dates that add up to another quantity: more comes on the last date, less is taken from the last dates. */
export function resplit(splits: readonly Split[], quantity: number): Split[] {
  const sum = total(splits);
  const last = splits[splits.length - 1];
  if (last === undefined) return [];
  if (quantity >= sum) return [...splits.slice(0, -1), { ...last, quantity: last.quantity + quantity - sum }];
  const kept = remaining(splits.toReversed(), sum - quantity).toReversed();
  return kept.length > 0 ? kept : [{ ...last, quantity: 0 }];
}

/** What is still to come of agreed dates once some units came: the earliest dates are filled first. */
export function remaining(splits: readonly Split[], received: number): Split[] {
  let left = received;
  return splits.flatMap((s) => {
    const taken = Math.min(left, s.quantity);
    left -= taken;
    return s.quantity > taken ? [{ ...s, quantity: s.quantity - taken }] : [];
  });
}

/** Of `quantity` units that come on `date` after `before` others: how many are no later than the date agreed for them, and how many were never ordered. */
export function punctuality(splits: readonly Split[], before: number, quantity: number, date: string): { onTime: number; excess: number } {
  const due = remaining(splits, before);
  const filled = Math.min(quantity, total(due));
  const rest = total(remaining(due.filter((s) => s.date >= date), 0));
  const late = Math.max(0, Math.min(filled, total(due) - rest));
  return { onTime: filled - late, excess: quantity - filled };
}

/** Equal JSON values: keys in any order (the database keeps none), absent ones like undefined. */
export function sameJson(a: unknown, b: unknown): boolean {
  const sorted = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(sorted);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined).sort(([x], [y]) => (x < y ? -1 : 1)).map(([k, v]) => [k, sorted(v)]));
  };
  return JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
}
