// The machines of a return as data. The case mirrors the platform; the goods are ours.

/** What a platform may say of a case. The latest that it said stands, whatever came before: the mirror does not argue. */
export const CASE_STATUSES = ['requested', 'approved', 'refused', 'in-transit', 'refunded', 'closed', 'withdrawn', 'appealed', 'won', 'lost'] as const;
export type CaseStatus = (typeof CASE_STATUSES)[number];

/** A case of these asks for nothing back. */
export const VOID: readonly CaseStatus[] = ['refused', 'withdrawn'];

/** A refund of these did not happen, or was given back: what was judged lost without goods was not. */
export const NOTHING_LOST: readonly CaseStatus[] = [...VOID, 'won'];

export type Goods = 'none' | 'awaiting' | 'received' | 'inspected' | 'disposed';

/** Goods that nobody expected may still come: a refund-only parcel sent back all the same is received like any other. */
export const GOODS: Readonly<Record<Goods, readonly Goods[]>> = {
  none: ['received'],
  awaiting: ['received'],
  received: ['received', 'inspected', 'disposed'],
  inspected: ['received', 'inspected', 'disposed'],
  disposed: ['received'],
};
