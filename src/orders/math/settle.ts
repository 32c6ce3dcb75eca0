// How order events become the state of an order line. Every operation here is
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
  /** Latest shipment; absent in states of earlier versions. */
  readonly shippedAt?: number | null;
  readonly deliveredAt: number | null;
  readonly attributes: Readonly<Partial<Record<Attribute, readonly [value: string | number, at: number, eventId: string]>>>;
}

const earlier = (a: Stamp, b: Stamp): boolean => a[0] < b[0] || (a[0] === b[0] && a[1] < b[1]);
const least = (a: number | null, b: number): number => (a === null || b < a ? b : a);
const most = (a: number | null, b: number): number => (a === null || b > a ? b : a);

export const NO_ATTRIBUTES: LineState['attributes'] = {};

/** A line's state that its only reader changes in place: a whole history makes many events, and a new state for each is mostly rubbish to collect. */
export type OwnLine = { -readonly [Key in keyof LineState]: LineState[Key] };

const emptyLine = (event: OrderEvent): OwnLine => ({
  lineId: event.lineId, sku: event.sku, first: [event.occurredAt, event.eventId], created: 0, paid: 0, cancelled: 0, shipped: 0, delivered: 0, countedAt: null, paidAt: null, cancelledAt: null, shippedAt: null,
  deliveredAt: null, attributes: NO_ATTRIBUTES,
});

/** Whether an event at `at` comes before the stamp (knownAt, knownId). */
const precedes = (at: number, id: string, knownAt: number, knownId: string): boolean => at < knownAt || (at === knownAt && id < knownId);

/** Attributes known so far, with what an event says of those that are kept; the same object where it changes none. */
export function withAttributes(known: LineState['attributes'], event: OrderEvent, kept: readonly Attribute[]): LineState['attributes'] {
  let attributes: Partial<Record<Attribute, readonly [string | number, number, string]>> | undefined;
  for (const name of kept) {
    const value = event[name];
    if (value === null) continue;
    const stamped = known[name];
    // A state that was handed out before may share its attributes: those are never changed in place.
    if (stamped === undefined || precedes(event.occurredAt, event.eventId, stamped[1], stamped[2])) (attributes ??= { ...known })[name] = [value, event.occurredAt, event.eventId];
  }
  return attributes ?? known;
}

/** Adds the units of an event, and its time, to a state that nobody else holds. */
export function foldUnits(s: OwnLine, type: EventType, quantity: number, at: number): void {
  switch (type) {
    case 'created':
      s.created += quantity;
      s.countedAt = least(s.countedAt, at);
      break;
    case 'paid':
      s.paid += quantity;
      s.countedAt = least(s.countedAt, at);
      s.paidAt = least(s.paidAt, at);
      break;
    case 'cancelled':
      s.cancelled += quantity;
      s.cancelledAt = most(s.cancelledAt, at);
      break;
    case 'shipped':
      s.shipped += quantity;
      s.shippedAt = most(s.shippedAt ?? null, at);
      break;
    case 'delivered':
      s.delivered += quantity;
      s.deliveredAt = most(s.deliveredAt, at);
  }
}

/** Adds one event to a state that nobody else holds: the result of `foldEvent`, in place. */
export function foldInto(state: OwnLine | undefined, event: OrderEvent, kept: readonly Attribute[] = ATTRIBUTES): OwnLine {
  const s = state ?? emptyLine(event);
  const { occurredAt: at } = event;
  if (precedes(at, event.eventId, s.first[0], s.first[1])) s.first = [at, event.eventId];
  s.attributes = withAttributes(s.attributes, event, kept);
  foldUnits(s, event.type, event.quantity, at);
  return s;
}

/**
 * Adds one event to a line's state. The event must name the state's line and SKU.
 * @param kept the attributes that the reader wants; a reader of a whole history saves much by wanting few
 */
export const foldEvent = (state: LineState | undefined, event: OrderEvent, kept: readonly Attribute[] = ATTRIBUTES): LineState =>
  foldInto(state === undefined ? undefined : { ...state, shippedAt: state.shippedAt ?? null }, event, kept);

const NOTHING: ReadonlySet<string> = new Set();

/**
 * Among the states of one line, those that count: a line's SKU is that of its earliest event, and events that name another
 * SKU are set aside (line-conflict). Answers the ids of the states that are set aside, as `lineId\0sku`.
 */
export function setAside(states: readonly LineState[]): ReadonlySet<string> {
  if (states.length < 2) return NOTHING;
  const winner = new Map<string, LineState>();
  for (const state of states) {
    const best = winner.get(state.lineId);
    if (best === undefined || earlier(state.first, best.first)) winner.set(state.lineId, state);
  }
  if (winner.size === states.length) return NOTHING;
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

const TRANSIT_MS = 3 * 86_400_000;

/**
 * When a sale's time to come back begins: delivered, else three days after it was shipped, else when it was paid; null before
 * any of them. The latest delivery or shipment of a line counts.
 */
export const clockStart = (s: LineState): number | null => s.deliveredAt ?? (s.shippedAt == null ? s.paidAt : s.shippedAt + TRANSIT_MS);

export const kindOf = (s: LineState): Kind => (s.attributes.kind?.[0] as Kind | undefined) ?? 'sale';
export const broadcastOf = (s: LineState): string => (s.attributes.broadcast?.[0] as string | undefined) ?? '';
