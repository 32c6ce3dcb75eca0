// P1: single orders by HTTP, each answered after its commit with identity, event, order line, windows and outbox; beside a
// bare Fastify that commits the same rows in groups, one INSERT per request, and the bare echo, on the same PostgreSQL.
import { median, spread } from './report.js';
import { furnish, load, openGround, quick, say, settled, startPeer, startService, watchMemory } from './service.js';

const SEED = 20_261_122;
const CONNECTIONS = [64, 256];
const REPETITIONS = quick ? 1 : 3;
const SECONDS = quick ? 3 : 6;
const WARM_SECONDS = quick ? 1 : 2;
const PEERS = ['group-commit', 'insert', 'echo'];

/** What the service wrote, table by table. */
const written = async (ground) =>
  (
    await ground.rows(
      `select (select count(*) from event_identities)::int as identities, (select count(*) from order_events)::int as events, (select count(*) from order_lines)::int as lines,
         (select coalesce(sum(orders), 0) from demand_windows)::int as counted, (select coalesce(sum(net_paid), 0) from sku_demand)::int as paid,
         (select coalesce(sum((payload->>'events')::int), 0) from facts where name = 'orders.events-recorded')::int as announced`,
    )
  )[0];

export async function run() {
  const ground = await openGround('p1');
  const peerUrl = await ground.peerDatabase('peer');
  let service = await startService(ground.dataDir);
  const key = await furnish(service, 50);
  const peers = {};
  for (const kind of PEERS) peers[kind] = await startPeer(kind, peerUrl);

  const measured = new Map();
  const checks = [];
  const keep = (name, result) => measured.set(name, [...(measured.get(name) ?? []), result]);
  let serial = 0;
  let answered = 0;
  let refused = 0;
  let open = 0;

  const onService = async (name, connections, job = {}) => {
    await settled(ground, 15_000);
    await ground.checkpoint();
    const result = await load(
      { kind: 'closed', url: service.url, key, connections, prefix: `s${serial++}`, seed: SEED, seconds: SECONDS, warmSeconds: WARM_SECONDS, ...job },
      { service: service.pid, postgres: ground.postmaster },
    );
    answered += result.accepted + (result.warmed ?? 0);
    refused += result.others;
    // A run that ends cuts its connections off; what was under way may be committed and not answered.
    open += 2 * connections;
    keep(name, result);
    return result;
  };
  const onPeer = async (kind, connections, name = `${kind} ${connections}`) => {
    await ground.checkpoint();
    const [before] = await ground.rows('select count(*)::int as n from order_events', [], 'peer');
    const result = await load(
      { kind: 'closed', url: peers[kind].url, connections, prefix: `${kind}${serial++}`, seed: SEED, seconds: SECONDS, warmSeconds: WARM_SECONDS },
      { peer: peers[kind].pid, postgres: ground.postmaster },
    );
    const [after] = await ground.rows('select count(*)::int as n from order_events', [], 'peer');
    const rows = after.n - before.n;
    const wanted = kind === 'echo' ? 0 : result.accepted + result.warmed;
    if (rows < wanted || rows > wanted + 2 * connections || result.others > 0) {
      checks.push({ what: `the peer ${kind} wrote what it answered`, ok: false, detail: `${wanted} answered, ${rows} written, ${result.others} failed` });
    }
    keep(name, result);
  };

  const stopWatching = watchMemory(service.pid);
  for (let repetition = 1; repetition <= REPETITIONS; repetition++) {
    for (const connections of CONNECTIONS) {
      say(`P1: repetition ${repetition} of ${REPETITIONS}, ${connections} connections`);
      await onService(`service ${connections}`, connections);
      for (const kind of PEERS) await onPeer(kind, connections);
    }
  }
  const rates = (name) => measured.get(name).map((r) => r.perSecond);
  const ratios = (a, b) => rates(a).map((x, i) => x / rates(b)[i]);

  for (const connections of CONNECTIONS) {
    const rate = Math.max(connections, Math.floor(0.7 * median(rates(`service ${connections}`))));
    say(`P1: ${rate} requests/s, ${connections} connections`);
    for (let repetition = 1; repetition <= REPETITIONS; repetition++) {
      await onService(`paced ${connections}`, connections, { kind: 'paced', rate });
    }
    await onService(`overallRate ${connections}`, connections, { overallRate: rate });
  }
  const peakMemory = Math.max(...stopWatching());

  await settled(ground, 30_000);
  const rows = await written(ground);
  const tables = Object.values(rows);
  checks.push(
    { what: 'every answered order is in the database', ok: rows.identities >= answered && rows.identities <= answered + open, detail: `${answered} answered, ${rows.identities} identities` },
    { what: 'identities, events, order lines, windows, demand and announced facts agree', ok: tables.every((n) => n === tables[0]), detail: JSON.stringify(rows) },
    { what: 'no request was refused', ok: refused === 0, detail: `${refused} refused or failed, ${ground.deadlocks()} deadlocks in PostgreSQL's log` },
  );

  // The same without the work that orders set off (detection, stock, planning) in the process and on the machine: intake alone.
  await service.stop();
  service = await startService(ground.dataDir, { ROLE: 'api' });
  const [already] = await ground.rows('select count(*)::int as n from event_identities');
  let alone = 0;
  let aloneOpen = 0;
  const onIntake = async (name, connections, job = {}) => {
    await ground.checkpoint();
    const result = await load(
      { kind: 'closed', url: service.url, key, connections, prefix: `a${serial++}`, seed: SEED, seconds: SECONDS, warmSeconds: WARM_SECONDS, ...job },
      { service: service.pid, postgres: ground.postmaster },
    );
    alone += result.accepted + (result.warmed ?? 0);
    aloneOpen += 2 * connections;
    keep(name, result);
    return result;
  };
  for (let repetition = 1; repetition <= REPETITIONS; repetition++) {
    for (const connections of CONNECTIONS) {
      say(`P1: intake alone (ROLE=api), repetition ${repetition} of ${REPETITIONS}, ${connections} connections`);
      await onIntake(`api ${connections}`, connections);
      for (const kind of ['group-commit', 'insert']) await onPeer(kind, connections, `beside api ${kind} ${connections}`);
    }
  }
  for (const connections of CONNECTIONS) {
    const rate = Math.max(connections, Math.floor(0.7 * median(rates(`api ${connections}`))));
    say(`P1: intake alone, ${rate} requests/s, ${connections} connections`);
    for (let repetition = 1; repetition <= REPETITIONS; repetition++) await onIntake(`api paced ${connections}`, connections, { kind: 'paced', rate });
  }
  const [now] = await ground.rows('select count(*)::int as n from event_identities');
  checks.push({ what: 'every order that intake alone answered is in the database', ok: now.n - already.n >= alone && now.n - already.n <= alone + aloneOpen, detail: `${alone} answered, ${now.n - already.n} identities` });
  await service.stop();
  for (const peer of Object.values(peers)) await peer.stop();
  await ground.close();

  const table = [];
  for (const c of CONNECTIONS) {
    const group = spread(ratios(`service ${c}`, `group-commit ${c}`));
    const single = spread(ratios(`service ${c}`, `insert ${c}`));
    const aloneGroup = spread(ratios(`api ${c}`, `beside api group-commit ${c}`));
    const aloneSingle = spread(ratios(`api ${c}`, `beside api insert ${c}`));
    table.push(
      { what: `service, ${c} connections`, value: spread(rates(`service ${c}`)), unit: 'orders/s' },
      { what: `bare group commit, ${c} connections`, value: spread(rates(`group-commit ${c}`)), unit: 'orders/s' },
      { what: `one INSERT per request, ${c} connections`, value: spread(rates(`insert ${c}`)), unit: 'orders/s' },
      { what: `bare echo, ${c} connections`, value: spread(rates(`echo ${c}`)), unit: 'requests/s' },
      { what: `service / bare group commit, ${c}`, value: group, unit: '', reach: '>= 0.70', reached: group.median >= 0.7 },
      { what: `service / one INSERT per request, ${c}`, value: single, unit: '', reach: '>= 2.00', reached: single.median >= 2 },
      { what: `service / bare echo, ${c}`, value: spread(ratios(`service ${c}`, `echo ${c}`)), unit: '' },
      { what: `intake alone (ROLE=api), ${c} connections`, value: spread(rates(`api ${c}`)), unit: 'orders/s' },
      { what: `bare group commit beside it, ${c} connections`, value: spread(rates(`beside api group-commit ${c}`)), unit: 'orders/s' },
      { what: `one INSERT per request beside it, ${c} connections`, value: spread(rates(`beside api insert ${c}`)), unit: 'orders/s' },
      { what: `intake alone / bare group commit, ${c}`, value: aloneGroup, unit: '', reach: '>= 0.70', reached: aloneGroup.median >= 0.7 },
      { what: `intake alone / one INSERT per request, ${c}`, value: aloneSingle, unit: '', reach: '>= 2.00', reached: aloneSingle.median >= 2 },
      { what: `p50 at full load, ${c} connections`, value: spread(measured.get(`service ${c}`).map((r) => r.p50)), unit: 'ms' },
    );
    const paced = measured.get(`paced ${c}`);
    const p99 = spread(paced.map((r) => r.p99));
    table.push(
      { what: `p50 at ${paced[0].rate}/s (70 %), ${c} connections`, value: spread(paced.map((r) => r.p50)), unit: 'ms' },
      { what: `p99 at ${paced[0].rate}/s (70 %), ${c} connections`, value: p99, unit: 'ms', reach: '<= 50 ms', reached: p99.median <= 50 },
      { what: `p99, the same rate in autocannon's bursts, ${c}`, value: spread(measured.get(`overallRate ${c}`).map((r) => r.p99)), unit: 'ms' },
    );
  }
  for (const c of CONNECTIONS) {
    const paced = measured.get(`api paced ${c}`);
    const p99 = spread(paced.map((r) => r.p99));
    table.push(
      { what: `intake alone, p50 at ${paced[0].rate}/s (70 %), ${c} connections`, value: spread(paced.map((r) => r.p50)), unit: 'ms' },
      { what: `intake alone, p99 at ${paced[0].rate}/s (70 %), ${c} connections`, value: p99, unit: 'ms', reach: '<= 50 ms', reached: p99.median <= 50 },
    );
  }
  const cpu = (name, part) => spread(measured.get(name).map((r) => (r.cpu === undefined ? NaN : (1e6 * r.cpu.cores[part]) / r.perSecond)));
  const widest = CONNECTIONS.at(-1);
  table.push(
    { what: `CPU of the service per order, ${widest}`, value: cpu(`service ${widest}`, 'service'), unit: 'µs' },
    { what: `CPU of PostgreSQL per order, service, ${widest}`, value: cpu(`service ${widest}`, 'postgres'), unit: 'µs' },
    { what: `CPU of the peer per order, group commit, ${widest}`, value: cpu(`group-commit ${widest}`, 'peer'), unit: 'µs' },
    { what: `CPU of PostgreSQL per order, group commit, ${widest}`, value: cpu(`group-commit ${widest}`, 'postgres'), unit: 'µs' },
    { what: `CPU of the service per order, intake alone, ${widest}`, value: cpu(`api ${widest}`, 'service'), unit: 'µs' },
    { what: `CPU of PostgreSQL per order, intake alone, ${widest}`, value: cpu(`api ${widest}`, 'postgres'), unit: 'µs' },
    { what: `CPU of the load generator per order, ${widest}`, value: cpu(`service ${widest}`, 'load'), unit: 'µs' },
    { what: 'cores used by other work of the machine', value: spread([...measured.values()].flat().map((r) => r.cpu?.others ?? NaN)), unit: '' },
    { what: 'memory of the service at its peak (resident)', value: peakMemory, unit: 'MB', reach: '<= 600 MB', reached: peakMemory <= 600 },
  );
  return {
    id: 'p1', title: 'single orders by HTTP, beside a bare group commit, one INSERT per request and the bare echo',
    setup: { seed: SEED, connections: CONNECTIONS, seconds: SECONDS, warmSeconds: WARM_SECONDS, repetitions: REPETITIONS, skus: 1000, broadcasts: 20, role: 'all, then api' },
    rows: table, checks, details: Object.fromEntries(measured),
    notes: [
      'the load generator (autocannon), the service, each peer and PostgreSQL are processes of their own on this machine and share its cores; ratios are taken within a repetition, side by side',
      'the service authenticates with a platform key, validates, keeps identity, event, order line, windows and outbox, and detects spikes in the same process (ROLE=all); no peer does any of that',
      'bare group commit: identity and event, at most 500 rows, 2 batches in flight, answered after COMMIT; one INSERT: the event alone, pool of 32',
      'p99 at 70 %: requests due at even times, timed from when they were due, answered or not; autocannon itself sends each connection\'s second in one burst, so its figure at the same rate stands apart, uncorrected',
    ],
  };
}
