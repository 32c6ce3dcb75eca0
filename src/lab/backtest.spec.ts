// `castline simulate`, `backtest`, `plan` and `evaluate` as their users meet them: the built command line.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { sceneOfWorld } from './backtest/scene-of-world.js';
import { readScene } from './backtest/read-scene.js';
import { simulateWorld } from './world/world.js';

const root = join(import.meta.dirname, '..', '..');
const castline = (...args: readonly string[]): { code: number | null; out: string; err: string } => {
  const run = spawnSync(process.execPath, [join(root, 'bin', 'castline.js'), ...args], { encoding: 'utf8', maxBuffer: 1 << 26 });
  return { code: run.status, out: run.stdout, err: run.stderr };
};

let folder: string;
let world: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'castline-backtest-'));
  if (!existsSync(join(root, 'dist', 'cli', 'main.js'))) spawnSync(process.execPath, [join(root, 'scripts', 'build.js')]);
  world = join(folder, 'world');
  expect(castline('simulate', '--world', 'pulsed', '--seed', '7', '--broadcasts', '1', '--out', world)).toMatchObject({ code: 0 });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const copyOf = (name: string, over: Readonly<Record<string, string | Buffer | null>> = {}): string => {
  const to = join(folder, name);
  mkdirSync(to, { recursive: true });
  for (const file of readdirSync(world)) if (over[file] !== null) writeFileSync(join(to, file), readFileSync(join(world, file)));
  for (const [file, content] of Object.entries(over)) if (content !== null) writeFileSync(join(to, file), content);
  return to;
};

describe('castline simulate', () => {
  it('writes the same files for the same seed, with their truth', () => {
    const again = join(folder, 'again');
    const run = castline('simulate', '--world', 'pulsed', '--seed', '7', '--broadcasts', '1', '--out', again);
    expect(JSON.parse(run.out)).toMatchObject({ world: 'pulsed', seed: 7, rows: { catalogue: expect.any(Number), orders: expect.any(Number) } });
    expect(readdirSync(again).sort()).toEqual(['broadcasts.csv', 'catalogue.csv', 'orders.csv', 'returns.csv', 'truth.csv', 'world.json']);
    for (const file of readdirSync(again)) expect(readFileSync(join(again, file), 'utf8') === readFileSync(join(world, file), 'utf8')).toBe(true);
    const truth = readFileSync(join(world, 'truth.csv'), 'utf8');
    for (const kind of ['onset', 'expected-units', 'paid-units', 'return-rate', 'cancellation-rate', 'lot-defect-rate']) expect(truth).toMatch(new RegExp(`^${kind},`, 'm'));
    expect(JSON.parse(readFileSync(join(world, 'world.json'), 'utf8'))).toMatchObject({ format: 'castline-world.v1', family: 'pulsed', seed: 7, generator: expect.stringMatching(/xoshiro128/) });
  });

  it('files that the other commands read: spikes are found, and returns have rates', () => {
    const spikes = castline('detect', join(world, 'orders.csv'));
    expect(spikes.code).toBe(0);
    expect(spikes.out.split('\n').filter((l) => l.includes('"broadcast":"B0001"')).length).toBeGreaterThan(0);
    const [all] = castline('return-rates', '--orders', join(world, 'orders.csv'), '--returns', join(world, 'returns.csv'), '--as-of', '2026-05-01T00:00:00Z', '--by', 'all').out.split('\n');
    expect(JSON.parse(all as string).rate).toBeGreaterThan(0.1);
  });

  it('re-plays real arrivals, and says what is missing', () => {
    expect(castline('simulate', '--world', 'replayed', '--seed', '1', '--out', join(folder, 'r'))).toMatchObject({ code: 2, err: expect.stringMatching(/--arrivals/) });
    expect(castline('simulate', '--world', 'replayed', '--seed', '1', '--broadcasts', '1', '--out', join(folder, 'r'), '--arrivals', join(world, 'orders.csv')).code).toBe(0);
    const few = join(folder, 'few.csv');
    writeFileSync(few, readFileSync(join(world, 'orders.csv'), 'utf8').split('\n').slice(0, 20).join('\n'));
    expect(castline('simulate', '--world', 'replayed', '--seed', '1', '--out', join(folder, 'r2'), '--arrivals', few)).toMatchObject({ code: 2, err: expect.stringMatching(/at least 100 gaps/) });
  });

  it('refuses what it cannot do, and folders that hold something else', () => {
    for (const args of [['--world', 'nowhere', '--seed', '1'], ['--world', 'cluster', '--seed', '-1'], ['--world', 'cluster', '--seed', '1', '--broadcasts', '0'], ['--world', 'cluster', '--seed', '1', '--broadcasts', '2000']]) {
      expect(castline('simulate', ...args, '--out', join(folder, 'x')).code).toBe(2);
    }
    expect(castline('simulate', '--world', 'cluster', '--seed', '1', '--out', join(world, 'orders.csv'))).toMatchObject({ code: 2, err: expect.stringMatching(/is not a folder/) });
    mkdirSync(join(folder, 'mine'));
    writeFileSync(join(folder, 'mine', 'letter.txt'), 'dear');
    expect(castline('simulate', '--world', 'cluster', '--seed', '1', '--out', join(folder, 'mine'))).toMatchObject({ code: 2, err: expect.stringMatching(/letter.txt/) });
  });
});

describe('castline backtest', () => {
  it('reads the folder as the very scene that was simulated', async () => {
    const read = await readScene(world, { report: () => undefined, onError: 'stop' });
    const made = sceneOfWorld(simulateWorld({ family: 'pulsed', seed: 7, broadcasts: 1 }));
    expect(read.lines).toEqual(made.lines);
    expect(read.items).toEqual(made.items);
    expect(read.skus).toEqual(made.skus);
    expect([read.startsAt, read.endsAt, JSON.stringify(read.prior)]).toEqual([made.startsAt, made.endsAt, JSON.stringify(made.prior)]);
  });

  it('answers as documented, twice the same, with gzip and NDJSON too, and writes a page', () => {
    const page = join(folder, 'page.html');
    const run = castline('backtest', world, '--json', '--chart', page);
    expect(run.code).toBe(0);
    const result = JSON.parse(run.out) as { policies: { name: string }[]; gapToOracle: unknown; gapToPerfectPrior: unknown };
    expect(result.policies.map((p) => p.name)).toEqual(['castline', 'none', 'naive', 'perfect-prior', 'oracle']);
    for (const p of result.policies) {
      expect(Object.keys(p)).toEqual(['name', 'profit', 'revenue', 'made', 'sold', 'lost', 'late', 'leftOver', 'returned', 'resold', 'signals', 'samples', 'account']);
      for (const [key, value] of Object.entries(p)) if (key !== 'name' && key !== 'account') expect(Number.isSafeInteger(value)).toBe(true);
    }
    const html = readFileSync(page, 'utf8');
    expect(html).toMatch(/<svg/);
    expect(html).not.toMatch(/<script|https?:|NaN|Infinity|undefined/);
    const lines = readFileSync(join(world, 'orders.csv'), 'utf8').trim().split('\n');
    const names = (lines[0] as string).split(',');
    const ndjson = lines.slice(1).map((l) => JSON.stringify(Object.fromEntries(l.split(',').map((v, i) => [names[i], names[i] === 'quantity' || names[i] === 'unit_price' ? (v === '' ? undefined : Number(v)) : v === '' ? undefined : v]))));
    const other = copyOf('other', { 'orders.csv': null, 'orders.ndjson.gz': gzipSync(ndjson.join('\n')), 'catalogue.csv': null, 'catalogue.csv.gz': gzipSync(readFileSync(join(world, 'catalogue.csv'))) });
    expect(castline('backtest', other, '--json').out).toBe(run.out);
    expect(gunzipSync(readFileSync(join(other, 'orders.ndjson.gz'))).length).toBeGreaterThan(1_000);
  });

  it('plays what it is asked for, a table for people, and null where nobody knows how the world was made', () => {
    const own = copyOf('own', { 'world.json': null, 'broadcasts.csv': null, 'returns.csv': null });
    const run = castline('backtest', own, '--policies', 'none,perfect-prior', '--json');
    expect(JSON.parse(run.out)).toEqual({ policies: [expect.objectContaining({ name: 'none', made: 0, signals: 0 }), null], gapToOracle: null, gapToPerfectPrior: null });
    expect(castline('backtest', own, '--policies', 'none,castline-firm').out).toMatch(/^policy +profit +revenue .*\nnone /);
    expect(castline('backtest', own, '--policies', 'greedy')).toMatchObject({ code: 2, err: expect.stringMatching(/knows no policy greedy/) });
  });

  it('assumptions change what comes of it, and are refused by name', () => {
    const profit = (assumptions: string): number => JSON.parse(castline('backtest', copyOf(`a${assumptions.length}`, { 'assumptions.json': assumptions }), '--policies', 'none', '--json').out).policies[0].profit;
    expect(profit('{"freightOutBp":1000}')).toBeLessThan(profit('{}'));
    expect(castline('backtest', copyOf('bad', { 'assumptions.json': '{"yield":0}' }))).toMatchObject({ code: 2, err: expect.stringMatching(/assumptions.json: yield: /) });
  });

  it('names the file, the line and the column of bad input, and what a folder lacks', () => {
    expect(castline('backtest', join(folder, 'nothing'))).toMatchObject({ code: 2, err: expect.stringMatching(/no such folder/) });
    expect(castline('backtest', copyOf('bare', { 'orders.csv': null }))).toMatchObject({ code: 2, err: expect.stringMatching(/holds no orders.csv/) });
    const text = readFileSync(join(world, 'orders.csv'), 'utf8').split('\n');
    text[3] = (text[3] as string).replace(/,(\d+),(\d+),CNY/, ',0,$2,CNY');
    const bad = castline('backtest', copyOf('zero', { 'orders.csv': text.join('\n') }));
    expect(bad).toMatchObject({ code: 2, err: expect.stringMatching(/orders\.csv.*4.*quantity/) });
    const catalogue = readFileSync(join(world, 'catalogue.csv'), 'utf8').trim().split('\n');
    expect(castline('backtest', copyOf('twice', { 'catalogue.csv': [...catalogue, catalogue[1]].join('\n') }))).toMatchObject({ code: 2, err: expect.stringMatching(/is listed twice/) });
    expect(castline('backtest', copyOf('alien', { 'world.json': '{"format":"other"}' }))).toMatchObject({ code: 2, err: expect.stringMatching(/world.json: is not of the format/) });
  });
});

describe('castline plan', () => {
  it('says what would be made at a moment and why, and knows nothing that came later', () => {
    const at = '2026-03-17T01:00:00Z';
    const run = castline('plan', world, '--at', at, '--json');
    expect(run.code).toBe(0);
    const groups = run.out.trim().split('\n').map((l) => JSON.parse(l) as { action: string; units: number; lines: { quantity: number; reasons: string[]; expectedMore: { quantiles: Record<string, number> } }[] });
    expect(groups.length).toBeGreaterThan(0);
    for (const g of groups) {
      if (g.action === 'make') expect(g.lines.reduce((s, l) => s + l.quantity, 0)).toBe(g.units);
      for (const l of g.lines) {
        expect(l.reasons.join('\n')).toMatch(/committed need \d+ = max\(0, /);
        const quantiles = Object.values(l.expectedMore.quantiles);
        expect(quantiles).toEqual([...quantiles].sort((a, b) => a - b));
      }
    }
    const orders = readFileSync(join(world, 'orders.csv'), 'utf8').trim().split('\n');
    const cut = copyOf('cut', { 'orders.csv': [orders[0], ...orders.slice(1).filter((l) => (l.split(',')[1] as string) < at)].join('\n') });
    expect(castline('plan', cut, '--at', at, '--json').out === run.out).toBe(true);
    expect(castline('plan', world, '--at', at).out).toMatch(/^factory-\d colour:K\d+\/black: (make|wait|take back)/);
  });

  it('knows shows before the first order, decides at the very moment, and refuses one without an offset or that is none', () => {
    expect(castline('plan', world, '--at', '2020-01-01T00:00:00Z')).toMatchObject({ code: 0, out: expect.stringMatching(/Nothing to make/) });
    expect(castline('plan', world, '--at', '2026-03-17').code).toBe(2);
    expect(castline('plan', world, '--at', '2026-02-30T00:00:00Z').code).toBe(2);
    const orders = readFileSync(join(world, 'orders.csv'), 'utf8').split('\n');
    const [id, at] = (orders[1] as string).split(',') as [string, string];
    const big = (orders[1] as string).replace(id, 'BIG-paid').replace('O0000001,1,', 'BIG,1,').replace(/,1,(\d+),CNY,created/, ',9000,$1,CNY,paid');
    const folder = copyOf('big', { 'orders.csv': [orders[0], big].join('\n') });
    const open = (ms: number): number => castline('plan', folder, '--at', new Date(Date.parse(at) + ms).toISOString(), '--json').out.split('\n').filter((l) => l !== '').flatMap((l) => JSON.parse(l).lines as { open: number }[]).reduce((s, l) => s + l.open, 0);
    expect(open(60_000)).toBe(9_000);
  });
});

describe('castline evaluate', () => {
  it('answers a table or JSON, and 1 where a gate is missed', () => {
    const run = castline('evaluate', '--only', 'quantity', '--worlds', '2', '--broadcasts', '1', '--json');
    const { findings } = JSON.parse(run.out) as { findings: { area: string; gate?: boolean; met?: boolean }[] };
    expect(findings.filter((f) => f.gate === true)).toHaveLength(1);
    expect(run.code).toBe(findings.some((f) => f.gate === true && f.met !== true) ? 1 : 0);
    expect(castline('evaluate', '--only', 'luck')).toMatchObject({ code: 2, err: expect.stringMatching(/knows no area luck/) });
    expect(castline('evaluate', '--data', join(folder, 'nothing'))).toMatchObject({ code: 2, err: expect.stringMatching(/no such folder/) });
    expect(castline('evaluate', '--only', 'time')).toMatchObject({ code: 0, err: expect.stringMatching(/skipped/) });
  });
});
