// `castline nowcast` as its users meet it: the built command line, its exit codes and its two streams.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const bin = join(import.meta.dirname, '..', '..', 'bin', 'castline.js');
const castline = (args: readonly string[], input = ''): { code: number | null; out: string[]; err: string } => {
  const run = spawnSync(process.execPath, [bin, ...args], { input, encoding: 'utf8', maxBuffer: 1 << 26 });
  return { code: run.status, out: run.stdout.split('\n').filter((l) => l !== ''), err: run.stderr };
};

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'castline-nowcast-'));
  if (!existsSync(join(import.meta.dirname, '..', '..', 'dist', 'cli', 'main.js'))) spawnSync(process.execPath, [join(import.meta.dirname, '..', '..', 'scripts', 'build.js')]);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const file = (name: string, content: string | Buffer): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};

const ORDERS = 'event_id,occurred_at,shop,order_id,line_id,sku,quantity,unit_price,currency,type,kind,broadcast,anchor';
const BROADCASTS = 'broadcast,anchor,shop,starts_at,ends_at,sku,slot_at,price,planned_units,promise_days,link,components';
const START = Date.parse('2026-03-10T12:00:00Z');
const iso = (minutes: number): string => new Date(START + 60_000 * minutes).toISOString();
let number = 0;
const event = (minutes: number, sku: string, over: { quantity?: number; type?: string; kind?: string; broadcast?: string; order?: string } = {}): string => {
  const id = `e${++number}`;
  return [id, iso(minutes), 's', over.order ?? id, 1, sku, over.quantity ?? 1, 100, 'EUR', over.type ?? 'paid', over.kind ?? '', over.broadcast ?? 'B9', 'anchor-1'].join(',');
};
const row = (sku: string, slot: number, planned = 50, broadcast = 'B9', extra = ','): string => [broadcast, 'anchor-1', 's', iso(0), iso(120), sku, iso(slot), 100, planned, 3, extra].join(',');
const csv = (head: string, ...lines: readonly string[]): string => [head, ...lines, ''].join('\n');

const lineUp = (): string => file('broadcasts.csv', csv(BROADCASTS, row('A', 10), row('B', 20), row('A', 60), row('C', 40, 1_000_000_000, 'B9', 'L1,P:1;Q:2')));
const live = [...Array.from({ length: 30 }, (_, i) => event(10 + i / 10, 'A')), event(11, 'B', { quantity: 2 }), event(31, 'A', { quantity: 500 }), event(11, 'A', { broadcast: 'B1' }), event(12, 'A', { kind: 'giveaway', quantity: 70 }),
  event(12, 'X', { quantity: 3 })];
const at = (minutes: number, ...more: string[]): string[] => ['--broadcasts', lineUp(), '--at', iso(minutes), ...more];
interface Line { broadcast: string; sku: string; observed: number; quantiles: Record<string, number> }
const nowcast = (args: readonly string[], input?: string): Line[] => {
  const run = castline(['nowcast', ...args], input);
  expect(run).toMatchObject({ code: 0 });
  return run.out.map((l) => JSON.parse(l) as Line);
};

/** Ten broadcasts of which only orders are known: three SKUs each, all sold within minutes of being shown. */
const history = (orders: number): string[] => Array.from({ length: 10 }, (_, b) => Array.from({ length: 3 }, (_, s) => Array.from({ length: orders }, (_, i) =>
  event(-1440 * (b + 2) + 20 * s + (i * 4) / orders, `H${b}-${s}`, { broadcast: `H${b}` })))).flat(2);

describe('castline nowcast', () => {
  const none = (): string => file('none.csv', csv(ORDERS));
  const running = (): string => file('live.csv', csv(ORDERS, ...live));

  it('prints a line per SKU of the line-up, in its order, SKUs without an order included', () => {
    const found = nowcast(['--history', none(), '--live', running(), ...at(30)]);
    expect(found.map((l) => [l.broadcast, l.sku, l.observed])).toEqual([['B9', 'A', 30], ['B9', 'B', 2], ['B9', 'C', 0]]);
    for (const { observed, quantiles } of found) {
      expect(Object.keys(quantiles)).toEqual(['0.05', '0.1', '0.25', '0.5', '0.75', '0.9', '0.95']);
      Object.values(quantiles).forEach((q, i, all) => expect(q).toBeGreaterThanOrEqual(all[i - 1] ?? observed));
      expect(quantiles['0.95']).toBeLessThan(20_000);
    }
    expect(nowcast(['--history', none(), '--live', running(), ...at(30, '--levels', '0.8,0.2')])[0]?.quantiles).toEqual({ '0.2': expect.any(Number), '0.8': expect.any(Number) });
  });

  it('knows nothing later than the moment asked for, whatever order and form the files have', () => {
    const early = live.filter((l) => Date.parse(l.split(',')[1] as string) <= START + 30 * 60_000);
    const asked = ['--history', none(), ...at(30)];
    const usual = nowcast(['--live', running(), ...asked]);
    expect(nowcast(['--live', file('early.csv', csv(ORDERS, ...early)), ...asked])).toEqual(usual);
    expect(nowcast(['--live', file('mixed.csv.gz', gzipSync(csv(ORDERS, ...[...live].reverse()))), ...asked])).toEqual(usual);
    expect(nowcast(['--live', '-', ...asked], csv(ORDERS, ...live))).toEqual(usual);
    // History and live may be one file: an event counts once.
    expect(nowcast(['--live', running(), '--history', file('both.csv', csv(ORDERS, ...live)), ...at(30)])).toEqual(usual);
    // At the very moment counts, a moment later does not.
    expect(nowcast(['--live', running(), '--history', none(), ...at(31)])[0]?.observed).toBe(530);
  });

  it('counts gross: a cancellation takes nothing away, and one huge order does not make the next ones huge', () => {
    const calm = nowcast(['--history', none(), '--live', running(), ...at(32)])[0] as Line;
    const bulk = [event(31, 'A', { quantity: 50_000, order: 'bulk' }), event(31.5, 'A', { quantity: 50_000, order: 'bulk', type: 'cancelled' })];
    const held = nowcast(['--history', none(), '--live', file('bulk.csv', csv(ORDERS, ...live, ...bulk)), ...at(32)])[0] as Line;
    expect(held.observed).toBe(calm.observed + 50_000);
    const ahead = (l: Line): number => (l.quantiles['0.95'] as number) - l.observed;
    expect(ahead(held)).toBeLessThan(2 * ahead(calm) + 20);
  });

  it('learns from broadcasts that orders alone name', () => {
    const asked = ['--live', none(), ...at(1)];
    const median = (orders: number): number => (nowcast(['--history', file('history.csv', csv(ORDERS, ...history(orders))), ...asked])[1] as Line).quantiles['0.5'] as number;
    const [few, many] = [median(3), median(60)];
    expect(few).toBeLessThan(15);
    expect(many).toBeGreaterThan(4 * few);
  });

  it('takes categories from a catalogue, and says nothing where no broadcast is on air', () => {
    expect(nowcast(['--history', none(), '--live', running(), ...at(-1)])).toEqual([]);
    expect(nowcast(['--history', none(), '--live', running(), ...at(120)])).toEqual([]);
    const catalogue = file('catalogue.csv', 'sku,style,colour,size,category,price,currency,supplier,unit_cost,cost_currency,salvage_value,moq,lot_multiple,lead_time_days,daily_capacity,initial_stock\nA,K,b,S,knit,100,EUR,f,50,EUR,5,1,1,7,100,0\n');
    expect(nowcast(['--history', none(), '--live', running(), '--catalogue', catalogue, ...at(30)])).toHaveLength(3);
  });

  it.each([
    ['an order without a price', 'live', csv(ORDERS, 'x,2026-03-10T12:00:00Z,s,1,1,A,1,,EUR,paid,,B9,'), /live\.bad:2: unit_price: is missing/],
    ['a broken time', 'history', csv(ORDERS, event(0, 'A'), 'x,yesterday,s,1,1,A,1,100,EUR,paid,,B9,'), /history\.bad:3: occurred_at: must be a time/],
    ['a broadcast that ends before it starts', 'broadcasts', csv(BROADCASTS, row('A', 0).replace(iso(120), iso(-1))), /broadcasts\.bad:2: ends_at: must be after starts_at/],
    ['rows of a broadcast that differ in their times', 'broadcasts', csv(BROADCASTS, row('A', 0), row('B', 0).replace(iso(120), iso(121))), /broadcasts\.bad:3: starts_at: differs/],
  ])('ends with 2 and names file, line, column and reason of %s', (_, which, content, reason) => {
    const files: Record<string, string> = { history: none(), live: none(), broadcasts: lineUp(), [which]: file(`${which}.bad`, content) };
    const run = castline(['nowcast', '--history', files['history'] as string, '--live', files['live'] as string, '--broadcasts', files['broadcasts'] as string, '--at', iso(30)]);
    expect(run).toMatchObject({ code: 2, out: [] });
    expect(run.err).toMatch(reason);
  });

  it.each([
    [['nowcast'], /required option/], [['nowcast', '--history', 'nowhere', '--live', '-', '--broadcasts', 'nowhere', '--at', '2026-03-10T12:00:00Z'], /nowhere: no such file/],
    [['nowcast', '--history', '-', '--live', '-', '--broadcasts', '-', '--at', '2026-03-10T12:00:00Z'], /only one file can be stdin/], [['nowcast', '--at', 'noon'], /RFC 3339/], [['nowcast', '--levels', '1.5'], /between 0 and 1/],
  ])('ends with 2 where it is called as %j', (args, reason) => {
    const run = castline(args);
    expect(run.code).toBe(2);
    expect(run.err).toMatch(reason);
  });
});
