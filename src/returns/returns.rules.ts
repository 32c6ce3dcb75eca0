// Pure decisions of returns: what stands of a case, which lots came back, and where inspected units go.
import type { CaseStatus } from './returns.states.js';

export const KINDS = ['return', 'refund-only', 'exchange', 'failed-delivery'] as const;
export type Kind = (typeof KINDS)[number];
export const GRADES = ['A', 'B', 'C'] as const;
export type Grade = (typeof GRADES)[number];

/** What inspection can find; who answers for it is decided by policy, not here. */
export const FINDINGS = [
  'defect', 'out-of-tolerance', 'differs-from-sealed-sample', 'differs-from-what-was-said', 'wrong-item', 'empty', 'damaged-in-transit', 'poorly-packed', 'worn', 'hygiene-broken', 'too-small', 'too-large', 'no-fault',
] as const;
export type Finding = (typeof FINDINGS)[number];

/** Findings that say something of how the goods were made. */
export const FAULTS_OF_PRODUCTION: readonly Finding[] = ['defect', 'out-of-tolerance', 'differs-from-sealed-sample'];

export const DISPOSITIONS = ['restock', 'rework', 'quarantine', 'return-to-supplier', 'scrap'] as const;
export type Disposition = (typeof DISPOSITIONS)[number];

/** What touched the skin, or could be eaten, is not sold again, however good it looks. */
const HYGIENE = /underwear|lingerie|swimwear|hosiery|socks|cosmetic|food|内衣|泳装|袜|化妆|食品/i;
export const mayBeResold = (category: string): boolean => !HYGIENE.test(category);

/** Findings that leave a unit what it was sold as. Any other is of a unit with a fault, or of another article, however perfect. */
const AS_SOLD: readonly Finding[] = ['no-fault', 'too-small', 'too-large', 'differs-from-what-was-said', 'poorly-packed'];

export interface InspectedAs {
  readonly grade: Grade;
  readonly finding: Finding;
  /** Of the SKU that was sold. */
  readonly category: string;
}

/** Why inspected units are not sold again as new; undefined where they are. Only what is like new, and is the article it is booked as, is. */
export function notRestocked(unit: InspectedAs): string | undefined {
  if (unit.grade !== 'A') return `units of grade ${unit.grade} are not restocked as new`;
  if (!AS_SOLD.includes(unit.finding)) return `units found ${unit.finding} are not restocked, whatever their grade`;
  return mayBeResold(unit.category) ? undefined : `what is of the category ${unit.category} is not sold again`;
}

/** Where units go when nobody says: sellable ones back to stock, seconds and what must not be sold into quarantine, the rest is written off. */
export const usualDisposition = (unit: InspectedAs): Disposition => (unit.grade === 'C' ? 'scrap' : notRestocked(unit) === undefined ? 'restock' : 'quarantine');

export interface CaseRow {
  readonly id: string;
  readonly shop: string;
  readonly orderId: string;
  readonly lineId: string;
  readonly sku: string;
  readonly quantity: number;
  readonly kind: Kind;
  readonly claimedReason: string | null;
  readonly trackingNumber: string | null;
  readonly at: number;
  readonly status: CaseStatus;
}

export interface KnownCase extends Omit<CaseRow, 'at'> {
  readonly requestedAt: number;
  readonly statusAt: number;
}

/**
 * What a further message about a known case comes to: `reused` where it is about another line or quantity; else the case as it
 * then stands, and whether that is news. The latest status stands and the earliest time is the request's, so any order of
 * messages comes to the same case.
 */
export function merged(known: KnownCase, row: CaseRow): { readonly verdict: 'reused' } | { readonly verdict: 'duplicate' | 'news'; readonly now: KnownCase } {
  const same = known.shop === row.shop && known.orderId === row.orderId && known.lineId === row.lineId && known.sku === row.sku && known.quantity === row.quantity && known.kind === row.kind;
  if (!same) return { verdict: 'reused' };
  const later = row.at > known.statusAt || (row.at === known.statusAt && row.status > known.status);
  const now: KnownCase = {
    ...known, requestedAt: Math.min(known.requestedAt, row.at), ...(later ? { status: row.status, statusAt: row.at } : {}),
    claimedReason: known.claimedReason ?? row.claimedReason, trackingNumber: known.trackingNumber ?? row.trackingNumber,
  };
  const changed = now.requestedAt !== known.requestedAt || now.status !== known.status || now.statusAt !== known.statusAt || now.claimedReason !== known.claimedReason || now.trackingNumber !== known.trackingNumber;
  return { verdict: changed ? 'news' : 'duplicate', now };
}

export interface LotUnits {
  readonly lot: string;
  readonly subLot: string;
  readonly units: number;
}

/** Which lots returned units are of: those that left for the order line, oldest first, less what came back of them before; the rest is of no known lot. */
export function lotsReturned(left: readonly LotUnits[], before: readonly LotUnits[], quantity: number): LotUnits[] {
  let wanted = quantity;
  const found: LotUnits[] = [];
  for (const l of left) {
    const gone = before.filter((b) => b.lot === l.lot && b.subLot === l.subLot).reduce((s, b) => s + b.units, 0);
    const units = Math.min(wanted, Math.max(0, l.units - gone));
    if (units > 0) found.push({ ...l, units });
    wanted -= units;
  }
  if (wanted > 0) found.push({ lot: '', subLot: '', units: wanted });
  return found;
}
