// How order events become the state of an order line, and what an order adds to demand windows. Every operation here is
// commutative and associative over events, so any order of arrival gives the same state; a repeat never gets this far
// (identity is claimed before). Times are milliseconds since 1970, quantities units, money minor units.

export type EventType = 'created' | 'paid' | 'cancelled' | 'shipped' | 'delivered';
export type Kind = 'sale' | 'gift' | 'giveaway' | 'sample' | 'bundle-component' | 'exchange' | 'replacement';
export type Payment = 'prepaid' | 'cod' | 'deposit';

export interface OrderEvent {
  readonly shop: string;
  readonly eventId: string;
  readonly occurredAt: number;
  readonly orderId: string;
  readonly lineId: string;
  readonly sku: string;
  readonly quantity: number;
  readonly type: EventType;
  readonly unitPrice: number | null;
  readonly currency: string | null;
  readonly kind: Kind | null;
  readonly payment: Payment | null;
  readonly shipBy: number | null;
  readonly broadcast: string | null;
  readonly anchor: string | null;
  readonly supplier: string | null;
  readonly lot: string | null;
  readonly buyer: string | null;
}

/** (occurred_at, event_id): the total order in which attributes and the line's SKU are decided. */
export type Stamp = readonly [at: number, eventId: string];

const ATTRIBUTES = ['unitPrice', 'currency', 'kind', 'payment', 'shipBy', 'broadcast', 'anchor', 'supplier', 'lot', 'buyer'] as const;
export type Attribute = (typeof ATTRIBUTES)[number];

/** What the events of one (shop, order, line) that name one SKU add up to. */
export interface LineState {
  readonly lineId: string;
  readonly sku: string;
  readonly first: Stamp;
  readonly created: number;
  readonly paid: number;
  readonly cancelled: number;
  readonly shipped: number;
  readonly delivered: number;
  /** Earliest created or paid; null before either. */
  readonly countedAt: number | null;
  readonly paidAt: number | null;
  readonly cancelledAt: number | null;
  readonly deliveredAt: number | null;
  readonly attributes: Readonly<Partial<Record<Attribute, readonly [value: string | number, at: number, eventId: string]>>>;
}

const earlier = (a: Stamp, b: Stamp): boolean => a[0] < b[0] || (a[0] === b[0] && a[1] < b[1]);
const least = (a: number | null, b: number): number => (a === null || b < a ? b : a);
const most = (a: number | null, b: number): number => (a === null || b > a ? b : a);

/** Adds one event to a line's state. The event must name the state's line and SKU. */
export function foldEvent(state: LineState | undefined, event: OrderEvent): LineState {
  const stamp: Stamp = [event.occurredAt, event.eventId];
  const attributes: Partial<Record<Attribute, readonly [string | number, number, string]>> = { ...state?.attributes };
  for (const name of ATTRIBUTES) {
    const value = event[name];
    if (value === null) continue;
    const known = attributes[name];
    if (known === undefined || earlier(stamp, [known[1], known[2]])) attributes[name] = [value, event.occurredAt, event.eventId];
  }
  const { type, quantity, occurredAt: at } = event;
  const demanded = type === 'created' || type === 'paid';
  return {
    lineId: event.lineId,
    sku: event.sku,
    first: state === undefined || earlier(stamp, state.first) ? stamp : state.first,
    created: (state?.created ?? 0) + (type === 'created' ? quantity : 0),
    paid: (state?.paid ?? 0) + (type === 'paid' ? quantity : 0),
    cancelled: (state?.cancelled ?? 0) + (type === 'cancelled' ? quantity : 0),
    shipped: (state?.shipped ?? 0) + (type === 'shipped' ? quantity : 0),
    delivered: (state?.delivered ?? 0) + (type === 'delivered' ? quantity : 0),
    countedAt: demanded ? least(state?.countedAt ?? null, at) : (state?.countedAt ?? null),
    paidAt: type === 'paid' ? least(state?.paidAt ?? null, at) : (state?.paidAt ?? null),
    cancelledAt: type === 'cancelled' ? most(state?.cancelledAt ?? null, at) : (state?.cancelledAt ?? null),
    deliveredAt: type === 'delivered' ? most(state?.deliveredAt ?? null, at) : (state?.deliveredAt ?? null),
    attributes,
  };
}

/**
 * Among the states of one line, those that count: a line's SKU is that of its earliest event, and events that name another
 * SKU are set aside (line-conflict). Answers the ids of the states that are set aside, as `lineId\0sku`.
 */
export function setAside(states: readonly LineState[]): ReadonlySet<string> {
  const winner = new Map<string, LineState>();
  for (const state of states) {
    const best = winner.get(state.lineId);
    if (best === undefined || earlier(state.first, best.first)) winner.set(state.lineId, state);
  }
  return new Set(states.filter((s) => winner.get(s.lineId) !== s).map(stateKey));
}

export const stateKey = (s: { readonly lineId: string; readonly sku: string }): string => `${s.lineId}\0${s.sku}`;

export interface LineTotals {
  readonly ordered: number;
  readonly cancelled: number;
  readonly netPaid: number;
  /** Paid, not cancelled and not shipped: must still be made or picked. */
  readonly open: number;
  readonly shipped: number;
}

/** contracts.md, section 2: ordered, cancelled, net paid and open of one line. */
export function lineTotals(s: LineState): LineTotals {
  const ordered = Math.max(s.created, s.paid);
  const cancelled = Math.min(s.cancelled, ordered);
  const netPaid = Math.min(s.paid, ordered - cancelled);
  return { ordered, cancelled, netPaid, open: Math.max(0, netPaid - s.shipped), shipped: s.shipped };
}

/** What exceeds what was ordered or paid is kept and flagged. */
export function lineFlags(s: LineState, aside: boolean): string[] {
  const ordered = Math.max(s.created, s.paid);
  return [
    ...(aside ? ['line-conflict'] : []),
    ...(s.cancelled > ordered ? ['over-cancelled'] : []),
    ...(s.created > 0 && s.paid > s.created ? ['over-paid'] : []),
    ...(s.shipped > Math.min(s.paid, ordered - Math.min(s.cancelled, ordered)) ? ['over-shipped'] : []),
  ];
}

export const kindOf = (s: LineState): Kind => (s.attributes.kind?.[0] as Kind | undefined) ?? 'sale';
export const broadcastOf = (s: LineState): string => (s.attributes.broadcast?.[0] as string | undefined) ?? '';

/** Length of a demand window's interval. */
export const BUCKET_MS = 10_000;
export const bucketOf = (at: number): number => Math.floor(at / BUCKET_MS) * BUCKET_MS;

export interface WindowAdd {
  orders: number;
  withdrawn: number;
  units: number;
  paidUnits: number;
  cancelledUnits: number;
}

export interface SkuAdd {
  ordered: number;
  cancelled: number;
  netPaid: number;
  shipped: number;
  open: number;
  /** Σ open × seconds since 1970 of the line's first payment: its mean age without reading the lines. */
  openPaidSeconds: number;
  saleLines: number;
  cancelledLines: number;
  lines: number;
  lineUnits: number;
  /** Σ of 1000 × ln(units of a line), rounded: an exact integer sum whose mean gives the usual (geometric mean) line. */
  lineLogMilli: number;
}

export interface BuyerAdd {
  open: number;
}

export interface Contribution {
  /** By `sku\0broadcast\0bucket`. */
  readonly windows: ReadonlyMap<string, WindowAdd>;
  /** By SKU. */
  readonly skus: ReadonlyMap<string, SkuAdd>;
  /** Open units by `sku\0buyer`, for lines that name a buyer. */
  readonly buyers: ReadonlyMap<string, BuyerAdd>;
}

const emptyWindow = (): WindowAdd => ({ orders: 0, withdrawn: 0, units: 0, paidUnits: 0, cancelledUnits: 0 });
const emptySku = (): SkuAdd => ({ ordered: 0, cancelled: 0, netPaid: 0, shipped: 0, open: 0, openPaidSeconds: 0, saleLines: 0, cancelledLines: 0, lines: 0, lineUnits: 0, lineLogMilli: 0 });

const emptyBuyer = (): BuyerAdd => ({ open: 0 });

function at<V>(map: Map<string, V>, key: string, empty: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = empty();
  map.set(key, made);
  return made;
}

/**
 * What one order contributes as a whole, from all its line states. In a stream, (SKU, broadcast), an order counts once, at
 * the earliest created or paid of its sale lines; once every sale line of it is wholly cancelled it is withdrawn, at the
 * latest of the cancellations (never before it was counted).
 */
export function contributionOf(states: readonly LineState[]): Contribution {
  const windows = new Map<string, WindowAdd>();
  const skus = new Map<string, SkuAdd>();
  const buyers = new Map<string, BuyerAdd>();
  const aside = setAside(states);
  const streams = new Map<string, { sku: string; broadcast: string; countedAt: number; withdrawnAt: number; whole: boolean }>();
  for (const s of states) {
    if (aside.has(stateKey(s))) continue;
    const totals = lineTotals(s);
    const sku = at(skus, s.sku, emptySku);
    sku.ordered += totals.ordered;
    sku.cancelled += totals.cancelled;
    sku.netPaid += totals.netPaid;
    sku.shipped += totals.shipped;
    sku.open += totals.open;
    sku.openPaidSeconds += totals.open * Math.floor((s.paidAt ?? 0) / 1000);
    const buyer = s.attributes.buyer?.[0];
    if (buyer !== undefined) at(buyers, `${s.sku}\0${buyer}`, emptyBuyer).open += totals.open;
    if (totals.ordered > 0) {
      sku.lines += 1;
      sku.lineUnits += totals.ordered;
      sku.lineLogMilli += Math.round(1000 * Math.log(totals.ordered));
    }
    if (kindOf(s) !== 'sale' || s.countedAt === null) continue;
    const wholly = totals.ordered > 0 && totals.cancelled === totals.ordered;
    sku.saleLines += 1;
    sku.cancelledLines += wholly ? 1 : 0;
    const broadcast = broadcastOf(s);
    const stream = at(streams, `${s.sku}\0${broadcast}`, () => ({ sku: s.sku, broadcast, countedAt: Infinity, withdrawnAt: 0, whole: true }));
    stream.countedAt = Math.min(stream.countedAt, s.countedAt);
    stream.withdrawnAt = Math.max(stream.withdrawnAt, s.cancelledAt ?? 0);
    stream.whole &&= wholly;
    at(windows, `${s.sku}\0${broadcast}\0${bucketOf(s.countedAt)}`, emptyWindow).units += totals.ordered;
    if (s.paidAt !== null) at(windows, `${s.sku}\0${broadcast}\0${bucketOf(s.paidAt)}`, emptyWindow).paidUnits += s.paid;
    if (s.cancelledAt !== null) at(windows, `${s.sku}\0${broadcast}\0${bucketOf(s.cancelledAt)}`, emptyWindow).cancelledUnits += totals.cancelled;
  }
  for (const [key, stream] of streams) {
    at(windows, `${key}\0${bucketOf(stream.countedAt)}`, emptyWindow).orders += 1;
    if (stream.whole) at(windows, `${key}\0${bucketOf(Math.max(stream.withdrawnAt, stream.countedAt))}`, emptyWindow).withdrawn += 1;
  }
  return { windows, skus, buyers };
}

const addInto = <V extends object>(into: V, add: V, sign: 1 | -1): void => {
  const target = into as Record<string, number>;
  for (const [name, value] of Object.entries(add as Record<string, number>)) target[name] = (target[name] ?? 0) + sign * value;
};

/** Running sums of a batch, by shop and the keys of a contribution. */
export interface Sums {
  readonly windows: Map<string, WindowAdd>;
  readonly skus: Map<string, SkuAdd>;
  readonly buyers: Map<string, BuyerAdd>;
}

/** Adds `after − before` into running sums. */
export function addDifference(sums: Sums, prefix: string, before: Contribution, after: Contribution): void {
  for (const [contribution, sign] of [[before, -1], [after, 1]] as const) {
    for (const [key, add] of contribution.windows) addInto(at(sums.windows, `${prefix}\0${key}`, emptyWindow), add, sign);
    for (const [key, add] of contribution.skus) addInto(at(sums.skus, `${prefix}\0${key}`, emptySku), add, sign);
    for (const [key, add] of contribution.buyers) addInto(at(sums.buyers, `${prefix}\0${key}`, emptyBuyer), add, sign);
  }
}
