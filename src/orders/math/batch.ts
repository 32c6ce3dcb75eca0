// A batch of order events folded into the lines of their orders, and what it adds to demand; every table's rows in the order in
// which all writers write them.
import { addDifference, addSoleLine, contributionOf, type Sums } from './contribution.js';
import { foldEvent, setAside, stateKey, type LineState, type OrderEvent } from './settle.js';

export interface SettledLine {
  readonly shop: string;
  readonly orderId: string;
  readonly state: LineState;
  readonly aside: boolean;
  /** No event had named this line with this SKU before. */
  readonly fresh: boolean;
}

/** Texts by code unit, as every writer sorts its keys, so that no two batches wait for each other in a circle. */
export const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

export interface OrderOfBatch {
  readonly key: string;
  readonly shop: string;
  readonly orderId: string;
  readonly events: OrderEvent[];
}

/** The orders that events belong to, sorted. */
export function ordersOf(events: readonly OrderEvent[]): OrderOfBatch[] {
  const orders = new Map<string, OrderOfBatch>();
  for (const event of events) {
    const key = `${event.shop}\0${event.orderId}`;
    const order = orders.get(key);
    if (order === undefined) orders.set(key, { key, shop: event.shop, orderId: event.orderId, events: [event] });
    else order.events.push(event);
  }
  return [...orders.values()].sort((a, b) => byText(a.key, b.key));
}

/** @param existing the states of all lines of the orders that were known before, by key */
export function settleOrders(orders: readonly OrderOfBatch[], existing: ReadonlyMap<string, readonly LineState[]>): { readonly changed: SettledLine[]; readonly sums: Sums } {
  const sums: Sums = { windows: new Map(), skus: new Map(), buyers: new Map() };
  const changed: SettledLine[] = [];
  for (const { key, shop, orderId, events } of orders) {
    const before = existing.get(key);
    const [first] = events;
    if (before === undefined && events.length === 1 && first !== undefined) {
      const state = foldEvent(undefined, first);
      changed.push({ shop, orderId, state, aside: false, fresh: true });
      addSoleLine(sums, shop, state);
    } else settleOrder(shop, orderId, events, before ?? [], sums, changed);
  }
  return { changed, sums };
}

function settleOrder(shop: string, orderId: string, events: readonly OrderEvent[], before: readonly LineState[], sums: Sums, changed: SettledLine[]): void {
  const states = new Map<string, LineState>(before.map((s) => [stateKey(s), s]));
  const known = new Set(states.keys());
  const dirty = new Set<string>();
  for (const event of events) {
    const id = stateKey(event);
    states.set(id, foldEvent(states.get(id), event));
    dirty.add(event.lineId);
  }
  const after = [...states.values()];
  const aside = setAside(after);
  // All states of a line that changed: another of them may be the line's own now.
  for (const state of after) if (dirty.has(state.lineId)) changed.push({ shop, orderId, state, aside: aside.has(stateKey(state)), fresh: !known.has(stateKey(state)) });
  if (before.length === 0 && after.length === 1) addSoleLine(sums, shop, after[0] as LineState);
  else addDifference(sums, shop, contributionOf(before), contributionOf(after));
}

/** Where a line was sold, said by somebody who knows better than its events. */
export interface LineAttribution {
  readonly orderId: string;
  readonly lineId: string;
  /** Empty: in none, whatever was thought before. */
  readonly broadcast: string;
  /** null: what is known of the anchor stays; with no broadcast there is none. */
  readonly anchor: string | null;
}

/** Before any event: what is attributed stands whatever events still come, until it is attributed anew. */
const ATTRIBUTED_AT = -1;

/** The lines of one order whose broadcast or anchor changes, and what that moves between demand windows. */
export function attributeOrder(shop: string, orderId: string, before: readonly LineState[], wanted: readonly LineAttribution[], sums: Sums): SettledLine[] {
  const byLine = new Map(wanted.map((w) => [w.lineId, w]));
  const changed = new Set<LineState>();
  const after = before.map((state): LineState => {
    const to = byLine.get(state.lineId);
    if (to === undefined || ((state.attributes.broadcast?.[0] ?? '') === to.broadcast && (to.anchor === null || state.attributes.anchor?.[0] === to.anchor))) return state;
    const anchor = to.broadcast === '' ? '' : to.anchor;
    const moved: LineState = { ...state, attributes: { ...state.attributes, broadcast: [to.broadcast, ATTRIBUTED_AT, ''], ...(anchor === null ? {} : { anchor: [anchor, ATTRIBUTED_AT, ''] }) } };
    changed.add(moved);
    return moved;
  });
  if (changed.size === 0) return [];
  const aside = setAside(after);
  addDifference(sums, shop, contributionOf(before), contributionOf(after));
  return after.filter((s) => changed.has(s)).map((state) => ({ shop, orderId, state, aside: aside.has(stateKey(state)), fresh: false }));
}
