// P7: single orders with no orders in history and with many. Two services, each on an embedded PostgreSQL of its own, take the same
// load in turns; one of them has a history. BENCH_P7_ORDERS says how long it is.
import { spread } from './report.js';
import { furnish, load, openGround, quick, say, startService } from './service.js';
import { SHOP, SKUS } from './world.js';

const SEED = 20_261_122;
const ORDERS = Number(process.env['BENCH_P7_ORDERS'] ?? (quick ? 200_000 : 2_000_000));
const REPETITIONS = quick ? 2 : 5;
const SECONDS = quick ? 3 : 6;
const CONNECTIONS = 256;
const CHUNK = 250_000;

/** One order after the other over the last 300 days, each of one line, paid, and shipped but for the last tenth, in every table that taking one in writes to. */
async function makeHistory(ground) {
  await ground.rows(`insert into streams (shop, sku, broadcast) select $1, 'SKU-' || lpad(i::text, 4, '0'), 'H' || (i / 50) from generate_series(0, $2 - 1) as i on conflict do nothing`, [SHOP, SKUS]);
  const source = `
    with o as materialized (
      select i, 'h-' || i as event_id, 'h-o' || i as order_id, (power(random(), 2) * ($2 - 1))::int as k, now() - interval '300 days' * (1 - i::float8 / $3) as at, md5((i % 500000)::text) || 'buyer-hashed' as buyer
      from generate_series($4::int, $5::int) as i)`;
  const args = (from) => [SHOP, SKUS, ORDERS, from, Math.min(ORDERS, from + CHUNK - 1)];
  for (let from = 1; from <= ORDERS; from += CHUNK) {
    say(`P7: history, order ${from.toLocaleString('en-US')} of ${ORDERS.toLocaleString('en-US')}`);
    await ground.rows(
      `${source},
       ids as (insert into event_identities (shop, event_id, digest) select $1, event_id, decode(md5(event_id), 'hex') from o),
       events as (insert into order_events (shop, event_id, occurred_at, order_id, line_id, sku, type, quantity, unit_price, currency, broadcast, anchor, buyer)
         select $1, event_id, at, order_id, '1', 'SKU-' || lpad(k::text, 4, '0'), 'paid', 1, 15900, 'CNY', 'H' || (k / 50), 'anchor', buyer from o),
       heads as (insert into orders (shop, order_id) select $1, order_id from o),
       lines as (insert into order_lines (shop, order_id, line_id, sku, state, counts, kind, broadcast, anchor, buyer, ordered, open_units, shipped, counted_at, paid_at, net_paid, clock_at)
         select $1, order_id, '1', 'SKU-' || lpad(k::text, 4, '0'),
           json_build_object('first', json_build_array(floor(extract(epoch from at) * 1000), event_id), 'paid', 1, 'shipped', case when i > 0.9 * $3 then 0 else 1 end, 'countedAt', floor(extract(epoch from at) * 1000), 'paidAt', floor(extract(epoch from at) * 1000)),
           true, 'sale', 'H' || (k / 50), 'anchor', buyer, 1, case when i > 0.9 * $3 then 1 else 0 end, case when i > 0.9 * $3 then 0 else 1 end, at, at, 1, at from o),
       windows as (insert into demand_windows (stream, bucket, orders, units, paid_units)
         select s.id, date_bin('10 seconds', o.at, 'epoch'), count(*), count(*), count(*) from o join streams s on s.shop = $1 and s.sku = 'SKU-' || lpad(o.k::text, 4, '0') and s.broadcast = 'H' || (o.k / 50)
         group by 1, 2 on conflict (stream, bucket) do update set orders = demand_windows.orders + excluded.orders)
       insert into buyer_demand (shop, sku, buyer, open_units) select $1, 'SKU-' || lpad(k::text, 4, '0'), buyer, count(*) filter (where i > 0.9 * $3) from o group by 2, 3
       on conflict (shop, sku, buyer) do update set open_units = buyer_demand.open_units + excluded.open_units`,
      args(from),
    );
  }
  say('P7: vacuum');
  for (const table of ['event_identities', 'order_events', 'orders', 'order_lines', 'demand_windows', 'buyer_demand']) await ground.rows(`vacuum (freeze, analyze) ${table}`);
}

const held = async (ground) =>
  (
    await ground.rows(
      `select (select count(*) from event_identities)::int as identities, (select count(*) from order_events)::int as events, (select count(*) from orders)::int as orders, (select count(*) from order_lines)::int as lines,
         (select coalesce(sum(net_paid), 0) from sku_demand)::int as paid, pg_database_size(current_database())::bigint as bytes`,
    )
  )[0];

export async function run() {
  const sides = {};
  for (const name of ['none', 'history']) {
    const ground = await openGround(`p7-${name}`);
    // The catalogue and the shop have to be there before the history names them.
    const service = await startService(ground.dataDir, { ROLE: 'api' });
    sides[name] = { ground, service, key: await furnish(service, 50), results: [], answered: 0, refused: 0, open: 0 };
  }
  await makeHistory(sides.history.ground);
  const before = { none: await held(sides.none.ground), history: await held(sides.history.ground) };

  let serial = 0;
  for (let repetition = 0; repetition <= REPETITIONS; repetition++) {
    say(repetition === 0 ? 'P7: warming up' : `P7: repetition ${repetition} of ${REPETITIONS}`);
    // Who goes first changes, so that neither always follows the other.
    for (const name of repetition % 2 === 0 ? ['none', 'history'] : ['history', 'none']) {
      const side = sides[name];
      await side.ground.checkpoint();
      const result = await load(
        { kind: 'closed', url: side.service.url, key: side.key, connections: CONNECTIONS, prefix: `p7-${serial++}`, seed: SEED, seconds: SECONDS, warmSeconds: 1 },
        { service: side.service.pid, postgres: side.ground.postmaster },
      );
      side.answered += result.accepted + result.warmed;
      side.refused += result.others;
      side.open += 2 * CONNECTIONS;
      if (repetition > 0) side.results.push(result);
    }
  }
  const after = { none: await held(sides.none.ground), history: await held(sides.history.ground) };
  const checks = [{ what: 'the history is as long as it was meant to be', ok: ['identities', 'events', 'orders', 'lines'].every((t) => before.history[t] === ORDERS), detail: JSON.stringify(before.history) }];
  for (const [name, side] of Object.entries(sides)) {
    const wrote = after[name].identities - before[name].identities;
    checks.push(
      { what: `every answered order is in the database (${name})`, ok: wrote >= side.answered && wrote <= side.answered + side.open, detail: `${side.answered} answered, ${wrote} identities` },
      { what: `identities, events, orders, lines and demand agree (${name})`, ok: ['events', 'orders', 'lines', 'paid'].every((t) => after[name][t] - before[name][t] === wrote), detail: JSON.stringify(after[name]) },
      { what: `no request was refused (${name})`, ok: side.refused === 0, detail: `${side.refused}` },
    );
    await side.service.stop();
    await side.ground.close();
  }

  const rate = (name) => sides[name].results.map((r) => r.perSecond);
  const ratio = spread(rate('history').map((x, i) => x / rate('none')[i]));
  const cpu = (name, part) => spread(sides[name].results.map((r) => (r.cpu === undefined ? NaN : (1e6 * r.cpu.cores[part]) / r.perSecond)));
  const cost = spread(sides.history.results.map((r, i) => r.cpu.cores.postgres / r.perSecond / (sides.none.results[i].cpu.cores.postgres / sides.none.results[i].perSecond)));
  return {
    id: 'p7', title: `single orders with none and with ${ORDERS.toLocaleString('en-US')} orders in history`,
    setup: { seed: SEED, orders: ORDERS, connections: CONNECTIONS, seconds: SECONDS, repetitions: REPETITIONS, role: 'api' },
    rows: [
      { what: 'no history', value: spread(rate('none')), unit: 'orders/s' },
      { what: `${ORDERS.toLocaleString('en-US')} orders in history`, value: spread(rate('history')), unit: 'orders/s' },
      { what: 'with history / without, side by side', value: ratio, unit: '', reach: '>= 0.90', reached: ratio.median >= 0.9 },
      { what: 'CPU of PostgreSQL per order, no history', value: cpu('none', 'postgres'), unit: 'µs' },
      { what: 'CPU of PostgreSQL per order, history', value: cpu('history', 'postgres'), unit: 'µs' },
      { what: 'CPU of PostgreSQL, with history / without', value: cost, unit: '' },
      { what: 'database with history', value: before.history.bytes / 2 ** 20, unit: 'MB' },
    ],
    checks, details: Object.fromEntries(Object.entries(sides).map(([name, side]) => [name, side.results])),
    notes: ['each side has a service (ROLE=api) and an embedded PostgreSQL of its own; they take the load in turns, and only one is loaded at a time', 'the history is written by SQL into all tables that intake writes to, in the current month\'s partition of events'],
  };
}
