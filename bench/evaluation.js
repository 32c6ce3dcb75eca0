// The figures of docs/evaluation.md: node bench/evaluation.js [--data FOLDER]   (npm run build first)
// Without a folder of the provided files only what is simulated is measured.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { advanceStream, BIN_MS, openStream } from '../dist/forecast/math/index.js';
import { randomFrom } from '../dist/kernel/math/index.js';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const at = process.argv.indexOf('--data');
const data = at === -1 ? undefined : process.argv[at + 1];
const print = (line) => process.stdout.write(`${line}\n`);
print(`node ${process.version}, ${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}`);

// 1. False alarms on streams without a spike: base .1, .5 and 2 orders a minute, nights at a tenth of the day, three dispersions.
const HOUR = 3_600_000;
const HOURS = 100;
const STREAMS = 180;
const poisson = (random, mean) => {
  let k = 0;
  for (let p = Math.exp(-mean), u = random.next(), sum = p; u > sum && k < 1000; sum += p) p *= mean / ++k;
  return k;
};
/** A Poisson number of logarithmic clusters: negative binomial with the given variance/mean. */
const overdispersed = (random, mean, ratio) => {
  if (ratio <= 1) return poisson(random, mean);
  const theta = 1 - 1 / ratio;
  let sum = 0;
  for (let i = poisson(random, (-mean * Math.log(1 - theta) * (1 - theta)) / theta); i > 0; i--) {
    let k = 1;
    for (let p = -theta / Math.log(1 - theta), u = random.next(), acc = p; u > acc && k < 1000; acc += p) p *= (theta * k++) / k;
    sum += k;
  }
  return sum;
};
for (const ratio of [1, 1.7, 2.7]) {
  const random = randomFrom(77).split(String(ratio));
  let alarms = 0;
  for (let stream = 0; stream < STREAMS; stream++) {
    const base = [0.1, 0.5, 2][stream % 3];
    const bins = [];
    for (let i = 0; i < (HOURS * HOUR) / BIN_MS; i++) {
      const n = overdispersed(random, (base / 6) * (0.55 + 0.45 * Math.sin((2 * Math.PI * i * BIN_MS) / (24 * HOUR))), ratio);
      if (n > 0) bins.push({ bin: i * BIN_MS, orders: n, withdrawn: 0 });
    }
    alarms += advanceStream(openStream(0, { kind: 'standing' }), bins, HOURS * HOUR, { orders: 0, withdrawn: 0 }).alarms.length;
  }
  print(`false alarms, variance/mean ${ratio}: ${alarms} in ${STREAMS * HOURS} SKU-hours = ${((1000 * alarms) / (STREAMS * HOURS)).toFixed(2)} per 1,000 (allowed 1)`);
}

if (data === undefined || !existsSync(join(data, 'uci-year1-orders.csv.gz'))) {
  print('skipped: everything on real orders (name the folder of the provided data with --data)');
  process.exit(0);
}
const orders = join(data, 'uci-year1-orders.csv.gz');
const returns = join(data, 'uci-year1-returns.csv.gz');


/** Runs a command three times on one core where taskset is there; its lines, and the best time. */
function castline(...args) {
  const pinned = spawnSync('taskset', ['-c', '0', 'true']).status === 0;
  let best = Infinity;
  let out = '';
  for (let i = 0; i < 3; i++) {
    const began = process.hrtime.bigint();
    out = execFileSync(pinned ? 'taskset' : process.execPath, [...(pinned ? ['-c', '0', process.execPath] : []), join(root, 'bin', 'castline.js'), ...args], { encoding: 'utf8', maxBuffer: 1 << 28, stdio: ['ignore', 'pipe', 'ignore'] });
    best = Math.min(best, Number(process.hrtime.bigint() - began) / 1e9);
  }
  return { lines: out.trim().split('\n').map((l) => JSON.parse(l)), seconds: best };
}

// 2. Detection on the year.
const spikes = castline('detect', orders);
print(`detect: ${spikes.lines.length} spikes in ${spikes.seconds.toFixed(1)} s on one core (bar 5 s)`);

// 3. Launches: pinball over seven levels and coverage of 80 %, beside two simple rules that know the same.
const LEVELS = [0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95];
const pinball = (y, q) => LEVELS.reduce((s, l, i) => s + Math.max(l * (y - q[i]), (l - 1) * (y - q[i])), 0) / LEVELS.length;
const quantile = (sorted, level) => {
  const x = (sorted.length - 1) * level;
  const i = Math.floor(x);
  return sorted[i] + (x - i) * ((sorted[i + 1] ?? sorted[i]) - sorted[i]);
};
const table = readFileSync(join(data, 'uci-year1-new-skus.csv'), 'utf8').trim().split('\n').slice(1).map((l) => l.split(','))
  .map(([sku, first, observed, , , , , later]) => ({ sku, asOf: Date.parse(first) + 7 * 86_400_000, month: first.slice(0, 7), observed: Number(observed), later: Number(later) }));
const forecast = castline('forecast', orders, '--as-of', 'launch+7d', '--horizon', '55d');
print(`forecast of ${forecast.lines.length} SKUs: ${forecast.seconds.toFixed(1)} s on one core (bar 30 s)`);
const bySku = new Map(forecast.lines.map((f) => [f.sku, f]));
print(`launches whose observed units differ from the published table: ${table.filter((r) => bySku.get(r.sku)?.observed !== r.observed).length} of ${table.length}`);
const known = (r) => table.filter((o) => o.asOf + 55 * 86_400_000 <= Math.floor(r.asOf / 86_400_000) * 86_400_000);
const rules = {
  'castline forecast': (r) => LEVELS.map((l) => bySku.get(r.sku).quantiles[String(l)]),
  'prior only': (r) => { const y = known(r).map((o) => o.later).sort((a, b) => a - b); return LEVELS.map((l) => quantile(y, l)); },
  'early x ratio': (r) => { const y = known(r).map((o) => o.later / Math.max(1, o.observed)).sort((a, b) => a - b); return LEVELS.map((l) => Math.max(1, r.observed) * quantile(y, l)); },
};
for (const [label, pick] of [['from 2010-05 on', (r) => r.month >= '2010-05'], ...['2010-05', '2010-06', '2010-07', '2010-08', '2010-09'].map((m) => [m, (r) => r.month === m])]) {
  const judged = table.filter(pick);
  for (const [name, rule] of Object.entries(rules)) {
    const scored = judged.map((r) => ({ y: r.later, q: rule(r) }));
    const covered = scored.filter(({ y, q }) => q[1] <= y && y <= q[5]).length / scored.length;
    print(`launches ${label} (${judged.length}), ${name}: pinball ${(scored.reduce((s, { y, q }) => s + pinball(y, q), 0) / scored.length).toFixed(1)}, coverage of 80 % ${covered.toFixed(3)}`);
  }
}
const early = table.filter((r) => r.month < '2010-05');
print(`launches before 2010-05 (${early.length}), castline forecast: pinball ${(early.reduce((s, r) => s + pinball(r.later, rules['castline forecast'](r)), 0) / early.length).toFixed(1)}, coverage of 80 % ${(early.filter((r) => { const q = rules['castline forecast'](r); return q[1] <= r.later && r.later <= q[5]; }).length / early.length).toFixed(3)}`);

// 4. Returns: what was still to come at four dates, horizon 60 days so that the truth is in the file.
const DAY = 86_400_000;
const rates = (asOf, by, ...more) => castline('return-rates', '--orders', orders, '--returns', returns, '--as-of', asOf, '--by', by, ...more);
const year = rates('2010-11-30T00:00:00Z', 'sku');
print(`return-rates by SKU, ${year.lines.length} keys: ${year.seconds.toFixed(1)} s on one core (bar 2 s)`);
const sold = new Map();
for (const line of gunzipSync(readFileSync(orders)).toString().trim().split('\n').slice(1)) {
  const [, when, , order, id, sku, quantity, , , type] = line.split(',');
  const key = `${order} ${id}`;
  if (type === 'paid') sold.set(key, { at: Date.parse(when), sku, quantity: Number(quantity) });
}
const back = gunzipSync(readFileSync(returns)).toString().trim().split('\n').slice(1).map((l) => l.split(',')).map(([, when, , order, id, , quantity]) => ({ at: Date.parse(when), line: sold.get(`${order} ${id}`), quantity: Number(quantity) })).filter((r) => r.line !== undefined);
for (const asOf of ['2010-04-01', '2010-06-01', '2010-08-01', '2010-10-01']) {
  const now = Date.parse(asOf);
  const truth = back.filter((r) => r.line.at < now && r.at - r.line.at <= 60 * DAY);
  const total = truth.reduce((s, r) => s + r.quantity, 0);
  const [all] = rates(`${asOf}T00:00:00Z`, 'all', '--horizon', '60d').lines;
  const perSku = new Map();
  for (const r of truth) perSku.set(r.line.sku, (perSku.get(r.line.sku) ?? 0) + r.quantity);
  const keys = rates(`${asOf}T00:00:00Z`, 'sku', '--horizon', '60d').lines.filter((k) => k.sold >= 20);
  const inside = keys.filter((k) => k.finalReturns.lower <= (perSku.get(k.key) ?? 0) && (perSku.get(k.key) ?? 0) <= k.finalReturns.upper).length / keys.length;
  const toCome = total - all.returned;
  print(`returns at ${asOf}: still to come ${toCome} units, predicted ${(all.finalReturns.mean - all.returned).toFixed(0)} (${(100 * ((all.finalReturns.mean - all.returned) / toCome - 1)).toFixed(0)} %), truth ${all.finalReturns.lower <= total && total <= all.finalReturns.upper ? 'inside' : 'outside'} the 90 % interval; per SKU with 20 or more sold ${(100 * inside).toFixed(1)} % of ${keys.length} inside`);
}

