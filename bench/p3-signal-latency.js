// P3: from the commit of the order that raised the alarm to the spike's row and to the signal's row, with 1,000 SKUs live in
// 20 broadcasts at 2,000 orders/s; then a burst of ten times that, and how long the bound is lost. On both backends of BullMQ.
//
// 600 steady SKUs carry the rate. They raise their alarms all at once while it warms up, a first wave that is told apart and
// worked off before the measuring begins. The others sell nothing until their time comes, one after the other, then 10
// orders/s each: every one of them must give a spike and a signal.
import { join } from 'node:path';
import { percentile } from './report.js';
import { furnish, hasRedis, load, memoryOf, openGround, quick, say, settled, startRedis, startService } from './service.js';
import { SHOP, skuOf, SKUS } from './world.js';

const BOUND_MS = 1_300;
const RATE = Number(process.env['BENCH_P3_RATE'] ?? 2_000);
const JUMP_RATE = 10;
const EVERY_MS = 150;
const WARM_S = quick ? 6 : 10;
const STEADY_S = quick ? 10 : 30;
const BURST_S = 3;
const AFTER_S = quick ? 10 : 20;
const STEADY_SKUS = 600;
/** Orders flow this long before the first SKU jumps. */
const LEAD_S = 2;

/** Steady and jumping SKUs are spread over all broadcasts alike. */
const steady = Array.from({ length: SKUS }, (_, i) => i).filter((i) => i % 5 < 3);
const jumping = Array.from({ length: SKUS }, (_, i) => i).filter((i) => i % 5 >= 3);

/** Jump times; none so late that the spike could not be seen any more. */
function jumps() {
  const list = [];
  const until = (LEAD_S + STEADY_S + BURST_S + AFTER_S - 4) * 1000;
  // A stride that has no divisor in common with 400 visits every jumping SKU once, broadcast after broadcast.
  for (let n = 0, at = LEAD_S * 1000; at < until && n < jumping.length; n++, at += EVERY_MS) list.push({ sku: jumping[(n * 21) % jumping.length], at });
  return list;
}

/**
 * Each SKU's first spike and the order that raised it (of those since its onset, the one that made up its count when it was
 * committed, however late it came), then the first signal after that order. Times of commit are
 * PostgreSQL's own (track_commit_timestamp), so both ends are when others could see the row; the rows' own times stand beside.
 */
const TIMES = `
  with first_spikes as (
    select distinct on (s.sku) s.sku, s.broadcast, s.onset, s.orders, s.recorded_at, s.id from spikes s where s.shop = $1 order by s.sku, s.recorded_at),
  stamped as (
    select f.sku, e.received_at, pg_xact_commit_timestamp(e.xmin) as committed,
      row_number() over (partition by f.sku order by pg_xact_commit_timestamp(e.xmin), e.occurred_at) as n
    from first_spikes f join order_events e on e.shop = $1 and e.sku = f.sku and e.broadcast = f.broadcast and e.occurred_at >= f.onset),
  crossed as (
    select f.sku, f.id, f.recorded_at, pg_xact_commit_timestamp(s.xmin) as spike_committed, e.received_at, e.committed
    from first_spikes f join spikes s on s.id = f.id join stamped e on e.sku = f.sku and e.n = f.orders),
  told as (
    select l.sku, v.recorded_at, pg_xact_commit_timestamp(l.xmin) as committed
    from adjustment_lines l join adjustment_versions v on v.adjustment = l.adjustment and v.version = l.version)
  select c.sku, (extract(epoch from c.committed) * 1000)::float8 as committed,
    (extract(epoch from c.spike_committed - c.committed) * 1000)::float8 as spike_ms,
    (extract(epoch from t.committed - c.committed) * 1000)::float8 as signal_ms,
    (extract(epoch from c.recorded_at - c.received_at) * 1000)::float8 as spike_row_ms,
    (extract(epoch from t.recorded_at - c.received_at) * 1000)::float8 as signal_row_ms,
    exists (select 1 from told x where x.sku = c.sku and x.committed < c.committed) as told_before
  from crossed c left join lateral (select * from told t where t.sku = c.sku and t.committed >= c.committed order by t.committed limit 1) t on true`;

const times = (list, name) => list.map((r) => r[name]).filter((x) => x !== null);
const both = (list, name) => ({ p50: percentile(times(list, name), 0.5), p99: percentile(times(list, name), 0.99), max: percentile(times(list, name), 1), n: times(list, name).length });

async function onBackend(backend) {
  const ground = await openGround(`p3-${backend}`, ['track_commit_timestamp = on']);
  const redis = backend === 'redis' ? await startRedis(join(ground.dataDir, 'redis')) : undefined;
  const service = await startService(ground.dataDir, redis === undefined ? {} : { REDIS_URL: redis.url });
  const key = await furnish(service, 0);
  const plan = jumps();
  say(`P3: ${backend}: ${WARM_S} s to warm up, ${STEADY_S} s at ${RATE} orders/s, ${BURST_S} s at ${10 * RATE}, ${AFTER_S} s at ${RATE}`);
  const job = { kind: 'live', url: service.url, key, steady, jumpRate: JUMP_RATE, limitSeconds: 240 };
  const warm = await load({ ...job, prefix: `${backend}-w`, jumps: [], phases: [{ rate: RATE, seconds: WARM_S }] });
  const waved = await settled(ground, 120_000);
  const sent = await load(
    { ...job, prefix: backend, jumps: plan, phases: [{ rate: RATE, seconds: LEAD_S + STEADY_S }, { rate: 10 * RATE, seconds: BURST_S }, { rate: RATE, seconds: AFTER_S }] },
    { service: service.pid, postgres: ground.postmaster },
  );
  const drained = waved && (await settled(ground, 60_000));
  const rows = await ground.rows(TIMES, [SHOP]);
  const [held] = await ground.rows('select (select count(*) from event_identities)::int as identities, (select coalesce(sum(net_paid), 0) from sku_demand)::int as paid');
  const peak = memoryOf(service.pid, 'VmHWM');
  const deadlocks = ground.deadlocks();
  await service.stop();
  await redis?.stop();
  await ground.close();

  const bySku = new Map(rows.map((r) => [r.sku, r]));
  const burstAt = sent.start + (LEAD_S + STEADY_S) * 1000;
  const burstEnd = burstAt + BURST_S * 1000;
  const found = plan.map((jump) => ({ sku: skuOf(jump.sku), at: sent.start + jump.at, ...bySku.get(skuOf(jump.sku)) }));
  // In the calm: the crossing order was committed so early that its bound ended before the burst began.
  const isCalm = (r) => (r.committed === undefined ? r.at + 1_000 < burstAt - 2 * BOUND_MS : r.committed + BOUND_MS < burstAt);
  const calm = found.filter(isCalm);
  const stormy = found.filter((r) => !isCalm(r));
  const seen = (list) => list.filter((r) => r.spike_ms !== undefined);
  const untold = (list) => seen(list).filter((r) => !r.told_before);
  const first = rows.filter((r) => steady.some((i) => skuOf(i) === r.sku));

  // The bound is lost from the first crossing order that waited longer to the last, and until that one's signal was there.
  const late = untold(stormy).filter((r) => r.signal_ms === null || r.signal_ms > BOUND_MS).sort((a, b) => a.committed - b.committed);
  const lost = late.length === 0 ? 0 : (Math.max(...late.map((r) => r.committed + (r.signal_ms ?? Infinity))) - late[0].committed) / 1000;
  const lastOfBurst = sent.batches.filter((b) => b.due <= burstEnd).reduce((most, b) => Math.max(most, b.answered), 0);
  const intake = sent.batches.filter((b) => b.due > sent.start + LEAD_S * 1000 && b.due <= burstAt).map((b) => b.answered - b.due);
  return {
    backend, sent: { ...sent, batches: undefined }, posted: warm.posted + sent.posted, warm: { ...warm, batches: undefined }, drained, held, peak, deadlocks, found, lost,
    behind: Math.max(0, lastOfBurst - burstEnd) / 1000,
    intake: { p50: percentile(intake, 0.5), p99: percentile(intake, 0.99) },
    firstWave: { spikes: first.length, spike: both(first, 'spike_ms'), signal: both(first.filter((r) => !r.told_before), 'signal_ms') },
    calm: { jumps: calm.length, spikes: seen(calm).length, toldBefore: seen(calm).length - untold(calm).length, spike: both(seen(calm), 'spike_ms'), signal: both(untold(calm), 'signal_ms'), spikeRow: both(seen(calm), 'spike_row_ms'), signalRow: both(untold(calm), 'signal_row_ms') },
    storm: { jumps: stormy.length, spikes: seen(stormy).length, late: late.length, spike: both(seen(stormy), 'spike_ms'), signal: both(untold(stormy), 'signal_ms') },
  };
}

export async function run() {
  const backends = ['postgres', ...(hasRedis() ? ['redis'] : [])];
  const measured = [];
  for (const backend of backends) measured.push(await onBackend(backend));
  const rows = [];
  const checks = [];
  for (const m of measured) {
    const on = `on ${m.backend === 'postgres' ? 'PostgreSQL' : 'Redis'}`;
    const p99 = m.calm.signal.p99;
    rows.push(
      { what: `${on}: committed to spike, p50`, value: m.calm.spike.p50, unit: 'ms' },
      { what: `${on}: committed to spike, p99`, value: m.calm.spike.p99, unit: 'ms' },
      { what: `${on}: committed to signal, p50`, value: m.calm.signal.p50, unit: 'ms' },
      { what: `${on}: committed to signal, p99`, value: p99, unit: 'ms', reach: `<= ${BOUND_MS} ms`, reached: p99 !== null && p99 <= BOUND_MS && m.calm.signal.n === m.calm.spikes - m.calm.toldBefore },
      { what: `${on}: received_at to recorded_at, spike p99`, value: m.calm.spikeRow.p99, unit: 'ms' },
      { what: `${on}: received_at to recorded_at, signal p99`, value: m.calm.signalRow.p99, unit: 'ms' },
      { what: `${on}: a bulk request of 200 answered, p50`, value: m.intake.p50, unit: 'ms' },
      { what: `${on}: a bulk request of 200 answered, p99`, value: m.intake.p99, unit: 'ms' },
      { what: `${on}: first wave of ${m.firstWave.spikes} spikes, signal p99`, value: m.firstWave.signal.p99, unit: 'ms' },
      { what: `${on}: burst x 10: bound lost for`, value: m.lost, unit: 's', reach: '<= 5 s', reached: m.lost <= 5 && m.storm.spikes === m.storm.jumps },
      { what: `${on}: burst x 10: last order committed after its end`, value: m.behind, unit: 's' },
      { what: `${on}: burst x 10: signal p99`, value: m.storm.signal.p99, unit: 'ms' },
      { what: `${on}: cores used by the service`, value: m.sent.cpu?.cores.service, unit: '' },
      { what: `${on}: cores used by PostgreSQL`, value: m.sent.cpu?.cores.postgres, unit: '' },
      { what: `${on}: cores used by other work of the machine`, value: m.sent.cpu?.others, unit: '' },
      { what: `${on}: memory of the service at its peak`, value: m.peak, unit: 'MB' },
    );
    checks.push(
      { what: `${on}: every order sent was accepted and is counted`, ok: m.sent.elsewise + m.warm.elsewise === 0 && m.held.identities === m.posted && m.held.paid === m.posted, detail: `${m.posted} sent, ${m.held.identities} identities, ${m.held.paid} units paid` },
      { what: `${on}: no request was refused as busy`, ok: m.sent.refused + m.warm.refused === 0, detail: `${m.sent.refused + m.warm.refused} refused, sent again; ${m.deadlocks} deadlocks in PostgreSQL's log` },
      { what: `${on}: every SKU that jumped gave a spike`, ok: m.calm.spikes === m.calm.jumps && m.storm.spikes === m.storm.jumps, detail: `${m.calm.spikes} of ${m.calm.jumps}, in and after the burst ${m.storm.spikes} of ${m.storm.jumps}; ${m.calm.toldBefore} had a signal before` },
      { what: `${on}: every spike in the calm was followed by a signal`, ok: m.calm.signal.n === m.calm.spikes - m.calm.toldBefore, detail: `${m.calm.signal.n}` },
      { what: `${on}: nothing was left to do, 120 s after the first wave and 60 s after the last order`, ok: m.drained },
    );
  }
  return {
    id: 'p3', title: `order committed to spike to signal, 1,000 SKUs live in 20 broadcasts, ${RATE.toLocaleString('en-US')} orders/s`,
    setup: { rate: RATE, warmSeconds: WARM_S, leadSeconds: LEAD_S, seconds: STEADY_S, burstSeconds: BURST_S, burstRate: 10 * RATE, afterSeconds: AFTER_S, steadySkus: STEADY_SKUS, jumpEveryMs: EVERY_MS, jumpRate: JUMP_RATE, tickMs: 1000, backends },
    rows, checks, details: Object.fromEntries(measured.map((m) => [m.backend, m])),
    notes: [
      'committed: PostgreSQL\'s commit time of the transaction that brought the order whose arrival raised the alarm; spike and signal: the commit times of their rows; a tick of 1 s is within',
      'received_at to recorded_at: the rows\' own times; received_at is the start of the order\'s transaction, so it counts the writing of the order too',
      'orders come as bulk requests of what happened in 100 ms, stamped with the time they happened, at most four requests at a time; in the burst a backlog of the sender is waiting outside',
      'a SKU whose signal went out before its spike (need rose first) is left out of the signal\'s latency and counted in the check',
      'bound lost: from the commit of the first crossing order in or after the burst that waited longer than the bound until the last such one\'s signal was there',
      ...(backends.length === 1 ? ['redis-server is not on PATH: Redis was left out'] : []),
    ],
  };
}
