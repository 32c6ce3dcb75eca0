import { closeServer } from '../factories/database.js';
import { withoutWorkers, type Foundation } from '../factories/services.js';
import type { OrderEvent } from '../../src/orders/index.js';

let f: Foundation;
beforeAll(async () => {
  f = await withoutWorkers(['K1-S', 'K1-M'], {});
});
afterAll(async () => {
  await f.close();
  await closeServer();
});

const T0 = Math.floor((Date.now() - 3_600_000) / 10_000) * 10_000;
const event = (order: string, over: Partial<OrderEvent> = {}): OrderEvent => ({
  shop: 'shop-1', eventId: `${order}:${over.type ?? 'paid'}:${over.lineId ?? '1'}`, occurredAt: T0, orderId: order, lineId: '1', sku: 'K1-S', quantity: 2, type: 'paid', unitPrice: 100, currency: 'CNY', kind: null, payment: null, shipBy: null,
  broadcast: null, anchor: null, supplier: null, lot: null, buyer: null, ...over,
});
const windows = async (): Promise<string[]> =>
  (await f.sql.query(`select s.broadcast, s.sku, sum(w.orders)::int as orders, sum(w.withdrawn)::int as withdrawn, sum(w.units)::int as units, sum(w.paid_units)::int as paid, sum(w.cancelled_units)::int as cancelled
    from demand_windows w join streams s on s.id = w.stream where s.shop = 'shop-1' group by 1, 2 having sum(abs(w.orders) + abs(w.units) + abs(w.paid_units) + abs(w.cancelled_units)) > 0 order by 1, 2`)).rows
    .map((r) => `${r.broadcast || '-'} ${r.sku} ${r.orders}/${r.withdrawn} ${r.units}/${r.paid}/${r.cancelled}`);
const attribute = (list: Parameters<Foundation['intake']['attribute']>[2]) => f.database.transaction((tx) => f.intake.attribute(tx, 'shop-1', list));
const demand = async () => (await f.sql.query(`select sku, ordered, net_paid, open_units from sku_demand where shop = 'shop-1' order by sku`)).rows;

describe('moving a line to the broadcast that sold it', () => {
  it('moves its windows and nothing else, once', async () => {
    await f.intake.take([event('a'), event('b', { occurredAt: T0 + 20_000 }), event('a', { lineId: '2', sku: 'K1-M', quantity: 1 })]);
    expect(await windows()).toEqual(['- K1-M 1/0 1/1/0', '- K1-S 2/0 4/4/0']);
    const before = await demand();
    const versions = async () => (await f.sql.query(`select s.broadcast, t.version::int as version from stream_totals t join streams s on s.id = t.stream where s.shop = 'shop-1' and s.sku = 'K1-S' order by 1`)).rows;
    const [standing] = await versions();
    expect(await attribute([{ orderId: 'a', lineId: '1', broadcast: 'B1', anchor: 'anchor-1' }])).toBe(1);
    expect(await windows()).toEqual(['- K1-M 1/0 1/1/0', '- K1-S 1/0 2/2/0', 'B1 K1-S 1/0 2/2/0']);
    expect(await demand()).toEqual(before);
    // Both streams must be assessed anew.
    expect(await versions()).toEqual([{ broadcast: '', version: standing.version + 1 }, { broadcast: 'B1', version: 1 }]);
    expect(await attribute([{ orderId: 'a', lineId: '1', broadcast: 'B1', anchor: 'anchor-1' }])).toBe(0);
    expect((await f.sql.query(`select broadcast, anchor from order_lines where shop = 'shop-1' and order_id = 'a' and line_id = '1'`)).rows).toEqual([{ broadcast: 'B1', anchor: 'anchor-1' }]);
  });
  it('stands whatever comes of the line later, even from before', async () => {
    await f.intake.take([event('a', { type: 'created', broadcast: 'B9', occurredAt: T0 - 60_000 }), event('a', { type: 'cancelled', quantity: 2, unitPrice: null, currency: null, occurredAt: T0 + 60_000 })]);
    expect(await windows()).toEqual(['- K1-M 1/0 1/1/0', '- K1-S 1/0 2/2/0', 'B1 K1-S 1/1 2/2/2']);
  });
  it('is corrected again when better is known, and leaves the windows as if it had always been so', async () => {
    await attribute([{ orderId: 'a', lineId: '1', broadcast: 'B2', anchor: null }, { orderId: 'b', lineId: '1', broadcast: 'B2', anchor: null }, { orderId: 'nobody', lineId: '1', broadcast: 'B2', anchor: null }]);
    expect(await windows()).toEqual(['- K1-M 1/0 1/1/0', 'B2 K1-S 2/1 4/4/2']);
  });
  it('lets two who say different things of one line at once leave one of them, whole', async () => {
    await f.intake.take(Array.from({ length: 30 }, (_, i) => event(`race-${i}`, { occurredAt: T0 + 120_000 })));
    const all = Array.from({ length: 30 }, (_, i) => ({ orderId: `race-${i}`, lineId: '1', anchor: null }));
    await Promise.all([attribute(all.map((a) => ({ ...a, broadcast: 'R1' }))), attribute([...all].reverse().map((a) => ({ ...a, broadcast: 'R2' }))), f.intake.take(all.map((a) => event(a.orderId, { type: 'created', occurredAt: T0 + 119_000 })))]);
    const rows = (await windows()).filter((w) => w.startsWith('R'));
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatch(/^R[12] K1-S 30\/0 60\/60\/0$/);
  });
});
