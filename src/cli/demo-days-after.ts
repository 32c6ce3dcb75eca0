// What the demo tells of the days after the show: samples judged, lots received, parcels out and back, who pays, and what the next
// show may count on. Every step can be taken again after an interruption.
import { setTimeout as sleep } from 'node:timers/promises';
import { ApiError, clientOf, type Client, type DemoWorld } from '../lab/index.js';

export const say = (line: string): void => void process.stdout.write(`${line}\n`);
export const clock = (at: number | string): string => new Date(at).toISOString().slice(11, 19);

/** Creates what exists already only once: a repeat after a crash finds it there. */
export async function ensure<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof ApiError && error.status === 409) return undefined;
    throw error;
  }
}

/** Receives the samples of these kinds that are on their way, and approves them. */
export async function judgeSamples(api: Client, kinds: readonly string[]): Promise<void> {
  const { items } = await api.call<{ items: { id: string; kind: string; status: string; round: number; supplier: string; lines: { style: string }[] }[] }>('GET', '/v1/sample-requests?limit=500');
  for (const s of items.filter((x) => kinds.includes(x.kind) && ['accepted', 'making', 'shipped', 'received'].includes(x.status))) {
    const path = `/v1/sample-requests/${s.id}/rounds/${s.round}`;
    if (s.status !== 'received') await ensure(api.call('POST', path, { step: 'received' }));
    await ensure(api.call('POST', path, { step: 'reviewed', verdict: 'approved', measurements: [{ point: 'chest', size: 'M', target: 5_200, measured: 5_230, tolerance: 50 }] }));
    say(`  sample    ${s.supplier}: ${s.kind} of ${s.lines[0]?.style ?? ''} received, measured within tolerance, approved`);
  }
}

export type OrderLine = { lineId: string; sku: string; quantity: number; splits: { quantity: number; date: string }[] };
export type Order = { id: string; supplier: string; status: string; lines: OrderLine[] };
type Stock = { onHand: number; reserved: number; available: number; waiting: number; claimed: number };

export const stockOf = (api: Client, sku: string): Promise<Stock> => api.call<Stock>('GET', `/v1/skus/${sku}/availability?world=replay`);
const units = (lines: readonly { quantity: number }[]): number => lines.reduce((s, l) => s + l.quantity, 0);

/** Days later: factories report what they cut and shipped, the warehouse books the lots, and the orders that wait get their units. */
export async function madeAndReceived(url: string, api: Client, keys: ReadonlyMap<string, string>): Promise<void> {
  const { items } = await api.call<{ items: Order[] }>('GET', '/v1/production-orders?limit=500');
  say('\nthe days after: factories cut and ship, the warehouse books the lots');
  const warehouse = clientOf(url, keys.get('warehouse') ?? '');
  for (const order of items.filter((o) => ['confirmed', 'in-production', 'shipped', 'received'].includes(o.status))) {
    const factory = clientOf(url, keys.get(order.supplier) ?? '');
    if (order.status === 'confirmed') {
      // A marker cuts a little more than was ordered, within what needs no talk.
      const cut = order.lines.map((l) => ({ lineId: l.lineId, quantity: l.quantity + Math.floor(l.quantity * 0.02) }));
      await factory.call('POST', `/v1/production-orders/${order.id}/progress`, { stage: 'cut', lines: cut });
      say(`  cut       ${order.supplier}: ${units(cut)} of ${units(order.lines)} units ordered`);
      await factory.call('POST', `/v1/production-orders/${order.id}/progress`, { stage: 'shipped', lines: cut });
    }
    const { lines: agreed } = await api.call<Order>('GET', `/v1/production-orders/${order.id}`);
    const before = await Promise.all(order.lines.map((l) => stockOf(api, l.sku)));
    // One delivery per agreed date; each note is the same receipt however often it is booked.
    for (const date of [...new Set(agreed.flatMap((l) => l.splits.map((s) => s.date)))].sort()) {
      const lines = agreed.map((l) => ({ lineId: l.lineId, quantity: units(l.splits.filter((s) => s.date === date)), dyeLot: `D-${date}` })).filter((l) => l.quantity > 0);
      const booked = await warehouse.call<{ lot: string; lines: { onTime: number; quantity: number }[] }>('POST', `/v1/production-orders/${order.id}/receipts`, {
        lines, deliveryNote: `${order.supplier} ${date}`, lot: `${order.supplier} ${date}`, at: `${date}T03:00:00Z`,
      });
      say(`  receipt   ${order.supplier}, ${date}: ${units(booked.lines)} units, ${booked.lines.reduce((s, l) => s + l.onTime, 0)} of them on time, lot ${booked.lot}`);
    }
    const after = await Promise.all(order.lines.map((l) => stockOf(api, l.sku)));
    const sum = (list: readonly Stock[], pick: (s: Stock) => number): number => list.reduce((t, s) => t + pick(s), 0);
    say(`  stock     ${order.lines.map((l) => l.sku).join(', ')}: ${sum(before, (s) => s.waiting) - sum(after, (s) => s.waiting)} units went to orders that waited, ${sum(after, (s) => s.waiting)} still wait, ${sum(after, (s) => s.available)} can be sold`);
  }
}

/** More than was there before the show, so that the last of them come out of the new lots. */
const SHIPPED = 260;
interface Back {
  readonly reason: string;
  readonly grade: 'A' | 'B' | 'C';
  readonly finding: string;
}
/** Of the parcels that come back: why, and what inspection finds. The first are told one by one. */
const TOLD: readonly Back[] = [
  { reason: 'too small', grade: 'A', finding: 'too-small' }, { reason: 'do not like it', grade: 'A', finding: 'no-fault' }, { reason: 'seam is torn', grade: 'C', finding: 'defect' },
  { reason: 'not as shown on air', grade: 'B', finding: 'differs-from-what-was-said' }, { reason: 'parcel crushed', grade: 'C', finding: 'damaged-in-transit' }, { reason: 'was worn before', grade: 'B', finding: 'worn' },
];
/** One lot has a bad seam. */
const FAULTY: Back = { reason: 'seam is torn', grade: 'C', finding: 'defect' };
const FAULTY_UNITS = 27;
const RETURNED: readonly Back[] = [...TOLD, ...Array.from({ length: FAULTY_UNITS }, () => FAULTY)];
/** Asked back and still on the road: supply that is on its way. */
const ON_THE_ROAD = 20;
export const inspectedReturns = (): number => RETURNED.length;

interface Trace {
  readonly order: { orderId: string; anchor: string; broadcast: { id: string; minute: number } };
  readonly lots: { lot: string | null; supplier?: string; productionOrder?: { id: string; signals: { id: string; kind: string; spike: { onset: string } | null }[] } }[];
}

/** The shipped lines of the exploding style: the first that were paid and not cancelled. */
export function shippedLines(world: DemoWorld): Readonly<Record<string, string | number>>[] {
  const cancelled = new Set(world.events.filter((e) => e.body['type'] === 'cancelled').map((e) => e.body['order_id']));
  return world.events.map((e) => e.body).filter((b) => b['type'] === 'paid' && String(b['sku']).startsWith(world.exploding) && b['broadcast'] !== undefined && !cancelled.has(String(b['order_id']))).slice(0, SHIPPED);
}

const CHAIN = (sku: unknown, { order, lots }: Trace): string => {
  const [lot] = lots;
  const signal = lot?.productionOrder?.signals.find((s) => s.spike !== null);
  return `${String(sku)}, ordered in minute ${order.broadcast.minute} of ${order.broadcast.id} from ${order.anchor}; ` +
    (lot?.lot == null ? 'out of opening stock' : `of ${lot.lot} of ${lot.supplier ?? '?'}, made for ${signal?.spike == null ? 'a need' : `the spike of ${clock(signal.spike.onset)}`}`);
};

/** Parcels leave, some come back, are looked at, and each unit is traced to where it came from. */
export async function shippedAndReturned(api: Client, world: DemoWorld): Promise<void> {
  const lines = shippedLines(world);
  const last = Math.max(...world.events.map((e) => e.at));
  const events = (type: string, at: number): object[] => lines.map(({ shop, order_id, line_id, sku, quantity }) => ({ event_id: `${String(order_id)}-${type}`, occurred_at: new Date(at).toISOString(), shop, order_id, line_id, sku, quantity, type }));
  const send = (list: readonly object[]): Promise<unknown> => api.call('POST', '/v1/order-events/bulk', `${list.map((e) => JSON.stringify(e)).join('\n')}\n`, { 'content-type': 'application/x-ndjson' });
  say('\nparcels leave, and some come back');
  await send(events('shipped', last));
  const skus = [...new Set(lines.map((l) => String(l['sku'])))];
  const units = lines.reduce((s, l) => s + Number(l['quantity']), 0);
  const claimed = async (): Promise<number> => (await Promise.all(skus.map((sku) => stockOf(api, sku)))).reduce((s, x) => s + x.claimed, 0);
  for (const deadline = Date.now() + 15_000; (await claimed()) < units && Date.now() < deadline; ) await sleep(300);
  say(`  shipped   ${units} units of ${world.exploding} in ${lines.length} parcels: ${await claimed()} left the stock; all delivered two days later`);
  await send(events('delivered', last + 2 * 86_400_000));
  for (const [i, back] of RETURNED.entries()) {
    const line = lines[i === 0 ? 0 : lines.length - 3 * i];
    if (line === undefined) continue;
    const id = `RET-${String(line['order_id'])}`;
    const at = new Date(last + (5 + i / 10) * 86_400_000).toISOString();
    await api.call('POST', '/v1/returns', { return_id: id, occurred_at: at, shop: line['shop'], order_id: line['order_id'], line_id: line['line_id'], sku: line['sku'], quantity: 1, claimed_reason: back.reason, tracking_number: `SF-${id}` });
    await api.call('POST', '/v1/return-receipts', { trackingNumber: `SF-${id}`, at });
    await ensure(api.call('POST', `/v1/returns/${id}/inspection`, { units: [{ quantity: 1, grade: back.grade, finding: back.finding }], at }));
    if (i < TOLD.length) say(`  returned  "${back.reason}" → ${back.grade}, ${back.finding}: ${CHAIN(line['sku'], await api.call<Trace>('GET', `/v1/trace/return/${id}`))}`);
    else if ((i - TOLD.length) % 9 === 8) say(`  returned  ${i - TOLD.length + 1} more with a torn seam`);
  }
  // Asked back, and not here yet: what of them will be on the shelf in time is supply.
  for (let i = 0; i < ON_THE_ROAD; i++) {
    const line = lines[lines.length - 3 * (RETURNED.length + i)] ?? lines[i + 1];
    if (line === undefined) continue;
    await api.call('POST', '/v1/returns', { return_id: `ROAD-${String(line['order_id'])}`, occurred_at: new Date(last + 9 * 86_400_000).toISOString(), shop: line['shop'], order_id: line['order_id'], line_id: line['line_id'], sku: line['sku'], quantity: 1, claimed_reason: 'do not like it' });
  }
}

interface Chargeback {
  readonly id: string;
  readonly status: string;
  readonly party: string;
  readonly partyId: string;
  readonly quantity: number;
  readonly amount: number;
  readonly charged: number | null;
  readonly outstanding: number;
  readonly currency: string;
  readonly lines: { lineId: string; quantity: number; return: string }[];
}

const money = (minor: number, currency: string): string => `${(minor / 100).toFixed(2)} ${currency}`;

/** Who pays: claims beyond the allowance, the factory's answer, the ruling, the ledger, and the way back to the minute on air. */
export async function accounted(url: string, api: Client, keys: ReadonlyMap<string, string>, world: DemoWorld): Promise<void> {
  say('\nwho pays');
  const list = async (status: string): Promise<readonly Chargeback[]> => (await api.call<{ items: Chargeback[] }>('GET', `/v1/chargebacks?world=replay&status=${status}`)).items;
  for (const cb of await list('draft')) {
    if (cb.party === 'supplier') await ensure(api.call('POST', `/v1/chargebacks/${cb.id}/notify`));
    say(`  claim     ${cb.party} ${cb.partyId}: ${cb.quantity} units, ${money(cb.amount, cb.currency)}${cb.party === 'supplier' ? ', beyond the allowance of the lot; sent' : '; collected, not sent yet'}`);
  }
  for (const cb of [...(await list('notified')), ...(await list('partly-accepted'))].filter((x) => x.party === 'supplier')) {
    const factory = clientOf(url, keys.get(cb.partyId) ?? '');
    const accepted = cb.lines.slice(0, Math.ceil(cb.lines.length * 0.7)).map((l) => ({ lineId: l.lineId, quantity: l.quantity }));
    await ensure(factory.call('POST', `/v1/chargebacks/${cb.id}/response`, { verdict: 'accept-partly', lines: accepted, note: 'the rest was pulled open by the buyer' }));
    say(`  answer    ${cb.partyId}: accepts ${accepted.reduce((s, l) => s + l.quantity, 0)} of ${cb.quantity} units, disputes the rest`);
    const [disputed] = cb.lines.slice(accepted.length);
    const ruled = disputed === undefined ? undefined : await ensure(api.call<Chargeback>('POST', `/v1/chargebacks/${cb.id}/ruling`, { verdict: 'reduce', lines: [{ lineId: disputed.lineId, quantity: 0 }], note: 'one unit was pulled open, the others have the same seam' }));
    if (ruled !== undefined) say(`  ruling    one unit less: ${money(ruled.charged ?? 0, ruled.currency)} posted`);
  }
  for (const cb of (await list('posted')).filter((x) => x.party === 'supplier')) {
    const settled = await ensure(api.call<Chargeback>('POST', `/v1/chargebacks/${cb.id}/settlement`, { reference: 'statement of the month' }));
    if (settled !== undefined) say(`  settled   ${money(settled.charged ?? 0, settled.currency)} with the statement of the month, ${money(settled.outstanding, settled.currency)} outstanding`);
  }
  const [told] = (await list('settled')).filter((x) => x.party === 'supplier');
  if (told !== undefined) {
    const { lines } = await api.call<{ lines: { lineId: string; amount: number; return: Trace & { id: string; sku: string } }[] }>('GET', `/v1/trace/chargeback/${told.id}`);
    const [line] = lines;
    if (line !== undefined) say(`  trace     ${money(line.amount, told.currency)} ← ${line.return.id} ← ${CHAIN(line.return.sku, line.return)}`);
  }
  const { items } = await api.call<{ items: { account: string; currency: string; debits: number; credits: number; balance: number }[] }>('GET', '/v1/ledger/accounts?world=replay');
  for (const a of items.filter((x) => x.balance !== 0)) say(`  ledger    ${a.account.padEnd(30)} ${money(a.balance, a.currency).padStart(14)}`);
  say(`  ledger    all accounts together ${money(items.reduce((s, a) => s + a.balance, 0), items[0]?.currency ?? 'CNY')}`);
  for (const supplier of ['factory-1', 'factory-2', 'factory-3']) {
    const card = await api.call<{ score: number | null; measures: Record<string, { rate: number | null; of: number }> }>('GET', `/v1/suppliers/${supplier}/scorecard?world=replay&to=${new Date(world.endsAt + 30 * 86_400_000).toISOString()}`);
    const part = (name: string): string => { const m = card.measures[name]; return m?.rate == null ? `${name} –` : `${name} ${(100 * m.rate).toFixed(0)} % of ${m.of}`; };
    say(`  score     ${supplier}: ${card.score === null ? 'none' : card.score.toFixed(0)} (${['faults', 'onTime', 'fill', 'answers', 'samples'].map(part).join(', ')})`);
  }
}

/** What the next show may count on, and what changed in the next order. */
export async function nextShow(api: Client, world: DemoWorld): Promise<void> {
  say('\nbefore the next show');
  const { items: rates } = await api.call<{ items: { key: string; sold: number; returned: number; naive: number; rate: number; lower: number; upper: number }[] }>('GET', `/v1/return-rates?world=replay&by=anchor&asOf=${new Date(Math.max(...world.events.map((e) => e.at)) + 10 * 86_400_000).toISOString()}`);
  for (const x of rates.filter((k) => k.key !== '' && k.sold > 0)) say(`  returns   ${x.key}: ${x.returned} of ${x.sold} so far (${(100 * x.naive).toFixed(1)} %), in the end ${(100 * x.rate).toFixed(1)} % (${(100 * x.lower).toFixed(1)} to ${(100 * x.upper).toFixed(1)})`);
  const startsAt = world.startsAt + 9 * 86_400_000;
  const skus = [...new Set(shippedLines(world).map((l) => String(l['sku'])))].sort();
  await ensure(api.call('POST', '/v1/broadcasts', { id: 'B0002', anchor: 'anchor-lin', shop: world.shop, startsAt: new Date(startsAt).toISOString(), endsAt: new Date(startsAt + 3_600_000).toISOString() }));
  await api.call('PUT', '/v1/broadcasts/B0002/line-up', { items: skus.map((sku, i) => ({ sku, slotAt: new Date(startsAt + i * 300_000).toISOString(), price: 15_900, plannedUnits: 40, promiseDays: 10 })) });
  const check = await api.call<{ verdict: string; items: { sku: string; verdict: string; unitsToOpen: number; reasons: { text: string }[] }[] }>('GET', '/v1/broadcasts/B0002/stock-check');
  for (const i of check.items) say(`  check     B0002 ${i.sku}: ${i.verdict}, ${i.unitsToOpen} units to open; ${i.reasons.map((r) => r.text).join('; ')}`);
  const { items: signals } = await api.call<{ items: { kind: string; status: string; supplier: string; lines: { sku: string }[] }[] }>('GET', `/v1/signals?supplier=factory-1&limit=500`);
  const holds = signals.filter((s) => s.kind === 'hold');
  const { items: samples } = await api.call<{ items: { kind: string; status: string; lines: { style: string }[]; evidence: { cause: string } }[] }>('GET', '/v1/sample-requests?supplier=factory-1&limit=500');
  const asked = samples.filter((s) => s.evidence.cause === 'alarm');
  say(`  next      ${world.exploding} is ordered again once ${asked.map((s) => `its ${s.kind} sample (${s.status})`).join(', ') || 'nothing'} is approved${holds.length > 0 ? `; what was being made is told to stop (${holds[0]?.status ?? ''})` : ''}`);
}
