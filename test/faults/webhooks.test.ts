// Webhooks ten-fold, shuffled, tampered and signed by strangers: the end is that of one run in order.
import { closeServer, request, running, testSetting, type Running } from '../factories/database.js';
import { furnish } from '../factories/merchant.js';
import { hmacBase64 } from '../factories/platform-signatures.js';
import { randomFrom } from '../../src/kernel/math/index.js';

const SECRET = 'shpss_dummy';
const SEED = 20_261_122;
/** Webhooks: orders × 5 snapshots × 10. */
const ORDERS = testSetting('CASTLINE_FAULTS') === 'whole' ? 2_000 : 40;
const AT_ONCE = 32;

let r: Running;
beforeAll(async () => {
  r = await running();
  await furnish(r, ['K1-S', 'K1-M'], {}, { clock: 'live', platform: 'shopify', currency: 'USD' });
  for (const shop of ['in-order', 'shuffled']) {
    await r.call('PUT', `/v1/shops/${shop}`, { platform: 'shopify', timeZone: 'UTC', currency: 'USD', clock: 'live' });
    await r.call('PUT', `/v1/shops/${shop}/connection`, { platform: 'shopify', credentials: { webhookSecret: SECRET } });
  }
});
afterAll(async () => {
  await r.close();
  await closeServer();
});

const T0 = Date.now() - 86_400_000;
const iso = (minutes: number): string => new Date(T0 + minutes * 60_000).toISOString();

/** Five snapshots of one order: placed, paid, a unit cancelled, sent, delivered and one unit back. */
function snapshots(id: number): object[] {
  const base = { id, created_at: iso(id % 60), processed_at: iso((id % 60) + 1), currency: 'USD', customer: { id: 7_000 + (id % 9) }, line_items: [{ id: id * 10, sku: id % 3 === 0 ? 'K1-M' : 'K1-S', quantity: 1 + (id % 4), price: '12.50' }], fulfillments: [] as object[], refunds: [] as object[] };
  const cancel = id % 4 === 3 ? [{ id: id * 100, created_at: iso(90), refund_line_items: [{ line_item_id: id * 10, quantity: 1, restock_type: 'cancel' }] }] : [];
  const sent = 1 + (id % 4) - cancel.length;
  const parcel = { id: id * 100 + 1, status: 'success', created_at: iso(120), updated_at: iso(120), line_items: [{ id: id * 10, quantity: sent }] };
  return [
    { ...base, financial_status: 'pending', updated_at: iso(61) }, { ...base, financial_status: 'paid', updated_at: iso(62) }, { ...base, financial_status: 'paid', refunds: cancel, updated_at: iso(90) },
    { ...base, financial_status: 'paid', refunds: cancel, fulfillments: [parcel], updated_at: iso(120) }, { ...base, financial_status: 'paid', refunds: cancel, fulfillments: [{ ...parcel, shipment_status: 'delivered', updated_at: iso(600) }], updated_at: iso(600) },
  ];
}

const post = async (shop: string, text: string, signature: string): Promise<number> => {
  for (;;) {
    const { status } = await request(r.url, 'POST', `/webhooks/shopify/${shop}`, text, { authorization: '', 'content-type': 'application/json', 'x-shopify-topic': 'orders/updated', 'x-shopify-hmac-sha256': signature });
    // A busy service says so; a platform sends again.
    if (status !== 503) return status;
  }
};

const stateOf = async (shop: string): Promise<unknown> => ({
  lines: (await r.sql.query(`select order_id, line_id, sku, ordered, open_units, shipped, net_paid, flags, counted_at, paid_at, delivered_at from order_lines where shop = $1 order by 1, 2`, [shop])).rows,
  demand: (await r.sql.query(`select sku, ordered, cancelled, net_paid, shipped, open_units from sku_demand where shop = $1 order by sku`, [shop])).rows,
  windows: (await r.sql.query(`select s.sku, w.bucket, w.orders, w.withdrawn, w.units, w.paid_units, w.cancelled_units from demand_windows w join streams s on s.id = w.stream where s.shop = $1 and (w.orders, w.units, w.paid_units, w.cancelled_units) <> (0, 0, 0, 0) order by 1, 2`, [shop])).rows,
  buyers: (await r.sql.query(`select sku, sum(open_units)::int as open from buyer_demand where shop = $1 group by sku order by sku`, [shop])).rows,
});

it(`takes ${ORDERS * 50} webhooks, shuffled, ten-fold and tampered with, for what they are (seed ${SEED})`, async () => {
  const all = Array.from({ length: ORDERS }, (_, i) => snapshots(i + 1).map((s) => JSON.stringify(s)));
  for (const texts of all) for (const text of texts) expect(await post('in-order', text, hmacBase64(SECRET, text))).toBe(200);

  const random = randomFrom(SEED);
  const queue = all.flatMap((texts) => texts.flatMap((text) => Array.from({ length: 10 }, (_, i) => ({ text, i, order: random.next() })))).sort((a, b) => a.order - b.order);
  const answered = { good: 0, refused: 0, other: 0 };
  let next = 0;
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    for (let one = queue[next++]; one !== undefined; one = queue[next++]) {
      const status = await post('shuffled', one.text, hmacBase64(SECRET, one.text));
      if (status === 200) answered.good++;
      else answered.other++;
      if (one.i !== 0) continue;
      // Beside each: one byte changed, a stranger's secret, none at all.
      const tampered = one.text.replace('"quantity":', '"quantity":9');
      for (const [text, signature] of [[tampered, hmacBase64(SECRET, one.text)], [tampered, hmacBase64('stranger', tampered)], [tampered, '']] as const) if ((await post('shuffled', text, signature)) === 401) answered.refused++;
    }
  }));
  expect(answered).toEqual({ good: ORDERS * 50, refused: ORDERS * 15, other: 0 });
  expect(await stateOf('shuffled')).toEqual(await stateOf('in-order'));
  const events = (await r.sql.query(`select shop, count(*)::int as n, count(distinct event_id)::int as ids from order_events group by shop order by shop`)).rows;
  expect(events.map((e) => e.n - e.ids)).toEqual([0, 0]);
  expect((await r.sql.query('select count(*)::int as n from platform_quarantine')).rows[0].n).toBe(0);
}, 900_000);
