// The evaluation commands as their users meet them: the built command line, its exit codes and its two streams.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const bin = join(import.meta.dirname, '..', '..', 'bin', 'castline.js');
const castline = (args: readonly string[], input: string | Buffer = ''): { code: number | null; out: string[]; err: string } => {
  const run = spawnSync(process.execPath, [bin, ...args], { input, encoding: 'utf8', maxBuffer: 1 << 26 });
  return { code: run.status, out: run.stdout.split('\n').filter((l) => l !== ''), err: run.stderr };
};
const parsed = (lines: readonly string[]): any[] => lines.map((l) => JSON.parse(l));

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'castline-lab-'));
  if (!existsSync(join(import.meta.dirname, '..', '..', 'dist', 'cli', 'main.js'))) spawnSync(process.execPath, [join(import.meta.dirname, '..', '..', 'scripts', 'build.js')]);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const file = (name: string, content: string | Buffer): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};

const HEADER = 'event_id,occurred_at,shop,order_id,line_id,sku,quantity,unit_price,currency,type';
const START = Date.parse('2026-03-01T00:00:00Z');
const iso = (seconds: number): string => new Date(START + 1000 * seconds).toISOString();
const paid = (id: string, seconds: number, sku = 'A', quantity = 1): string => `${id},${iso(seconds)},s,${id},1,${sku},${quantity},100,EUR,paid`;

describe('castline detect', () => {
  const lines = [...Array.from({ length: 24 }, (_, i) => paid(`q${i}`, i * 7200)), ...Array.from({ length: 75 }, (_, i) => paid(`b${i}`, 49 * 3600 + 4 * i))];
  const csv = [HEADER, ...lines, ''].join('\n');

  it('prints one line per episode, the same from CSV, gzip, NDJSON, stdin and a file in another order', () => {
    const plain = castline(['detect', file('o.csv', csv)]);
    expect(plain.code).toBe(0);
    expect(parsed(plain.out)).toEqual([{
      sku: 'A', broadcast: null, onset: '2026-03-03T01:00:00.000Z', detectedAt: expect.stringMatching(/^2026-03-03T01:00:/), orders: expect.any(Number), expectedOrders: expect.any(Number),
      ratio: expect.any(Number), score: expect.any(Number), shop: 's',
    }]);
    expect(castline(['detect', file('o.csv.gz', gzipSync(csv))]).out).toEqual(plain.out);
    const names = HEADER.split(',');
    const ndjson = lines.map((l) => JSON.stringify(Object.fromEntries(l.split(',').map((v, i) => [names[i], v])))).join('\n');
    expect(castline(['detect', file('o.ndjson', ndjson)]).out).toEqual(plain.out);
    expect(castline(['detect', '-'], csv).out).toEqual(plain.out);
    expect(castline(['detect', '-'], gzipSync(ndjson)).out).toEqual(plain.out);
    const mixed = castline(['detect', file('mixed.csv', [HEADER, ...[...lines].reverse(), ''].join('\n'))]);
    expect(mixed.out).toEqual(plain.out);
    expect(mixed.err).toContain('read again and sorted');
    expect(castline(['detect', file('twice.csv', [HEADER, ...lines, ...lines.slice(3, 30), ''].join('\n')), '--bucket', '5s']).code).toBe(0);
  });

  it('counts an event once that is in the file twice', () => {
    const four = Array.from({ length: 4 }, (_, i) => paid(`x${i}`, i));
    expect(castline(['detect', '-'], [HEADER, ...four.flatMap((l) => Array.from({ length: 30 }, () => l)), ''].join('\n'))).toMatchObject({ code: 0, out: [] });
  });

  it.each([
    ['a bad time', `${HEADER}\n${paid('1', 0)}\n2,yesterday,s,2,1,A,1,100,EUR,paid\n`, /bad\.csv:3: occurred_at: must be a time/],
    ['a missing column', 'event_id,shop\n1,s\n', /bad\.csv:2: .*occurred_at: is missing/],
    ['a sale without a price', `${HEADER}\n1,${iso(0)},s,1,1,A,1,,EUR,paid\n`, /bad\.csv:2: unit_price: is missing/],
    ['an id used for something else', `${HEADER}\n${paid('1', 0)}\n${paid('1', 0, 'B')}\n`, /bad\.csv:3: event_id: .*event-id-reused/],
    ['another number of columns', `${HEADER}\n1,2\n`, /bad\.csv:2: line: has another number of columns/],
  ])('ends with 2 and names file, line, column and reason of %s', (_, content, reason) => {
    const run = castline(['detect', file('bad.csv', content)]);
    expect(run).toMatchObject({ code: 2, out: [] });
    expect(run.err).toMatch(reason);
    expect(castline(['detect', file('bad.csv', content), '--on-error', 'skip']).code).toBe(0);
  });

  it.each([
    [['detect'], /missing required argument/], [['detect', 'nowhere.csv'], /nowhere\.csv: no such file/], [['detect', '-', '--bucket', '7s'], /quarter of an hour/], [['detect', '-', '--bucket', 'x'], /such as 10s/],
    [['detect', '-', '--false-alarms-per-1000-sku-hours', '0'], /positive/], [['detect', '-', '--what'], /unknown option/],
  ])('ends with 2 where it is called as %j', (args, reason) => {
    const run = castline(args, `${HEADER}\n`);
    expect(run.code).toBe(2);
    expect(run.err).toMatch(reason);
  });

  it('says what is broken: a gzip that ends early, a file that is no UTF-8', () => {
    const zipped = gzipSync(Array.from({ length: 3000 }, (_, i) => paid(`z${i * 7919}`, i)).join('\n'));
    expect(castline(['detect', file('cut.csv.gz', zipped.subarray(0, zipped.length >> 1))])).toMatchObject({ code: 2, err: expect.stringContaining('ended early') });
    expect(castline(['detect', file('latin.csv', Buffer.from(`${HEADER}\n1,${iso(0)},caf\xe9,1,1,A,1,100,EUR,paid\n`, 'latin1'))])).toMatchObject({ code: 2, err: expect.stringContaining('not valid UTF-8') });
  });

  it('explains itself', () => {
    const run = castline(['detect', '--help']);
    expect(run.code).toBe(0);
    expect(run.out.join('\n')).toContain('--false-alarms-per-1000-sku-hours');
  });
});

describe('castline return-rates', () => {
  const header = `${HEADER},kind,broadcast,anchor,supplier,lot`;
  const line = (id: string, day: number, type: string, sku: string, quantity: number, more = ',,,,'): string => `${id}-${type}-${day},${iso(86_400 * day)},s,${id},1,${sku},${quantity},100,EUR,${type},${more}`;
  const orders = [
    header,
    line('a', 0, 'paid', 'A-S', 10, 'sale,B1,anchor-1,f1,L1'), line('a', 1, 'shipped', 'A-S', 10), line('a', 5, 'delivered', 'A-S', 10),
    line('b', 2, 'paid', 'A-M', 4, 'sale,B2,anchor-2,f1,L2'), line('b', 3, 'cancelled', 'A-M', 1), line('b', 4, 'shipped', 'A-M', 3),
    line('c', 3, 'paid', 'A-M', 2), line('d', 3, 'paid', 'A-S', 50, 'giveaway,,,,'), line('e', 30, 'paid', 'A-S', 7),
    '',
  ].join('\n');
  const back = (id: string, day: number, order: string, sku: string, quantity: number, more = ','): string => `${id},${iso(86_400 * day)},s,${order},1,${sku},${quantity},,${more}`;
  const returns = [
    'return_id,occurred_at,shop,order_id,line_id,sku,quantity,claimed_reason,kind,status', back('r1', 8, 'a', 'A-S', 2), back('r1', 8, 'a', 'A-S', 2), back('r2', 9, 'b', 'A-M', 5, 'exchange,'),
    back('r3', 9, 'a', 'A-S', 1, 'return,withdrawn'), back('r4', 9, 'a', 'A-S', 1, 'refund-only,'), back('r5', 9, 'c', 'A-M', 1, 'failed-delivery,'), back('r6', 25, 'a', 'A-S', 1), back('r7', 9, 'zz', 'A-S', 1), back('r8', 19, 'a', 'A-S', 3), '',
  ].join('\n');
  const catalogue = [
    'sku,style,colour,size,category,price,currency,supplier,unit_cost,cost_currency,salvage_value,moq,lot_multiple,lead_time_days,daily_capacity,initial_stock',
    'A-S,A,red,S,tops,100,EUR,f9,50,EUR,10,10,10,3,100,0', 'A-M,A,red,M,tops,100,EUR,f8,50,EUR,10,10,10,3,100,0', '',
  ].join('\n');
  const rates = (...more: string[]): ReturnType<typeof castline> =>
    castline(['return-rates', '--orders', file('ro.csv', orders), '--returns', file('rr.csv', returns), '--as-of', iso(86_400 * 20), '--horizon', '10d', ...more]);
  const counts = (...more: string[]): [string, number, number][] => parsed(rates(...more).out).map((r) => [r.key, r.sold, r.returned]);

  it('counts net paid sales and the returns that count, by each key', () => {
    // Returns within ten days of delivery on day 5 (r8 on day 19 is not), or of three days after the shipment on day 4; at most what was sold.
    expect(counts('--by', 'all')).toEqual([['', 15, 5]]);
    expect(counts('--by', 'sku')).toEqual([['A-M', 5, 3], ['A-S', 10, 2]]);
    expect(counts('--by', 'broadcast')).toEqual([['', 2, 0], ['B1', 10, 2], ['B2', 3, 3]]);
    expect(counts('--by', 'anchor').map(([key]) => key)).toEqual(['', 'anchor-1', 'anchor-2']);
    expect(counts('--by', 'lot').map(([key]) => key)).toEqual(['', 'L1', 'L2']);
    expect(counts('--by', 'supplier').map(([key]) => key)).toEqual(['', 'f1']);
    expect(counts('--by', 'supplier', '--catalogue', file('cat.csv', catalogue)).map(([key]) => key)).toEqual(['f1', 'f8']);
    expect(counts('--by', 'size', '--catalogue', file('cat.csv', catalogue))).toEqual([['M', 5, 3], ['S', 10, 2]]);
    expect(counts('--by', 'all', '--kind', 'failed-delivery')).toEqual([['', 15, 1]]);
    expect(counts('--by', 'all', '--kind', 'refund-only')).toEqual([['', 15, 1]]);
    expect(counts('--by', 'all', '--horizon', '180d')).toEqual([['', 15, 8]]);
  });

  it('answers rate, interval and what will have come back, within what was sold', () => {
    const run = rates('--by', 'sku');
    expect(run.code).toBe(0);
    expect(run.err).toContain('1 returns are of no line');
    for (const r of parsed(run.out)) {
      expect(Object.keys(r)).toEqual(['key', 'sold', 'returned', 'naive', 'rate', 'lower', 'upper', 'finalReturns']);
      expect(r.naive).toBeCloseTo(r.returned / r.sold, 12);
      expect(r.lower).toBeLessThan(r.rate);
      expect(r.upper).toBeGreaterThan(r.rate);
      expect(r.finalReturns.lower).toBeGreaterThanOrEqual(r.returned);
      expect(r.finalReturns.upper).toBeLessThanOrEqual(r.sold);
      expect(r.finalReturns.mean).toBeGreaterThanOrEqual(r.returned);
    }
    const wide = parsed(rates('--by', 'sku', '--level', '0.99').out);
    parsed(run.out).forEach((r, i) => expect(wide[i].upper - wide[i].lower).toBeGreaterThan(r.upper - r.lower));
  });

  it('knows nothing after the moment asked for', () => {
    const early = ['--as-of', iso(86_400 * 4), '--by', 'all'];
    const cut = (text: string, day: number): string => text.split('\n').filter((l, i) => i === 0 || l === '' || (l.split(',')[1] as string) < iso(86_400 * day)).join('\n');
    expect(rates(...early).out).toEqual(castline(['return-rates', '--orders', file('rc.csv', cut(orders, 4)), '--returns', file('rrc.csv', cut(returns, 4)), '--horizon', '10d', ...early]).out);
    expect(counts(...early)).toEqual([['', 15, 0]]);
  });

  it.each([
    [['--by', 'size'], /catalogue/], [['--by', 'colour'], /Allowed choices/], [[], /--by/], [['--by', 'all', '--horizon', '5h'], /whole days/], [['--by', 'all', '--level', '90'], /between 0 and 1/],
    [['--by', 'all', '--as-of', 'today'], /RFC 3339/], [['--by', 'all', '--orders', '-', '--returns', '-'], /only one file can be stdin/], [['--by', 'all', '--returns', 'none.csv'], /none\.csv: no such file/],
  ])('ends with 2 where it is called with %j', (more, reason) => {
    const run = rates(...more);
    expect(run).toMatchObject({ code: 2, out: [] });
    expect(run.err).toMatch(reason);
  });

  it('ends with 2 and names file, line and reason of a bad return', () => {
    const bad = castline(['return-rates', '--orders', file('ro.csv', orders), '--returns', file('rb.csv', `${returns}${back('r1', 8, 'a', 'A-S', 9)}\n`), '--as-of', iso(86_400 * 20), '--by', 'all']);
    expect(bad).toMatchObject({ code: 2, out: [] });
    expect(bad.err).toMatch(/rb\.csv:11: return_id: .*return-id-reused/);
  });
});

describe('castline forecast', () => {
  const days = Array.from({ length: 40 }, (_, i) => i);
  const csv = [HEADER, ...days.flatMap((d) => [paid(`a${d}`, d * 86_400, 'A', 2), ...(d % 3 === 0 ? [paid(`b${d}`, d * 86_400 + 60, 'B')] : [])]), paid('c', 36 * 86_400, 'C', 5), ''].join('\n');

  it('prints one line per SKU a week after its first sale, with ascending quantiles', () => {
    const run = castline(['forecast', file('f.csv', csv), '--as-of', 'launch+7d', '--horizon', '20d']);
    expect(run.code).toBe(0);
    const lines = parsed(run.out);
    // C was first sold less than a week before the end.
    expect(lines.map((l) => [l.sku, l.asOf, l.observed])).toEqual([['A', iso(7 * 86_400), 14], ['B', iso(7 * 86_400 + 60), 3]]);
    for (const { quantiles } of lines) {
      expect(Object.keys(quantiles)).toEqual(['0.05', '0.1', '0.25', '0.5', '0.75', '0.9', '0.95']);
      const values: number[] = Object.values(quantiles);
      expect(values).toEqual([...values].sort((a, b) => a - b));
    }
    expect(castline(['forecast', '-', '--as-of', 'launch+7d', '--horizon', '20d'], csv).out).toEqual(run.out);
  });

  it('as of a moment knows nothing from it on', () => {
    const at = iso(30 * 86_400);
    const run = castline(['forecast', file('f.csv', csv), '--as-of', at, '--horizon', '10d', '--levels', '0.9,0.5']);
    expect(parsed(run.out).map((l) => [l.sku, l.asOf, l.observed, Object.keys(l.quantiles)])).toEqual([['A', at, 60, ['0.5', '0.9']], ['B', at, 10, ['0.5', '0.9']]]);
    const cut = csv.split('\n').filter((l, i) => i === 0 || l === '' || (l.split(',')[1] as string) < at).join('\n');
    expect(castline(['forecast', file('fc.csv', cut), '--as-of', at, '--horizon', '10d', '--levels', '0.9,0.5']).out).toEqual(run.out);
    expect(castline(['forecast', '-', '--as-of', iso(0), '--horizon', '10d'], csv)).toMatchObject({ code: 0, out: [] });
  });

  it.each([
    [['--as-of', 'launch+x', '--horizon', '55d'], /such as/], [['--as-of', 'soon', '--horizon', '55d'], /RFC 3339/], [['--as-of', 'launch+7d'], /--horizon/], [['--as-of', 'launch+7d', '--horizon', '0d'], /such as/],
    [['--as-of', 'launch+7d', '--horizon', '55d', '--levels', '0.5,1'], /between 0 and 1/],
  ])('ends with 2 where it is called with %j', (args, reason) => {
    const run = castline(['forecast', '-', ...args], csv);
    expect(run).toMatchObject({ code: 2, out: [] });
    expect(run.err).toMatch(reason);
  });

  it('ends with 2 and names file, line, column and reason of a bad line', () => {
    const run = castline(['forecast', file('fb.csv', `${csv}x,${iso(0)},s,1,1,A,0,100,EUR,paid\n`), '--as-of', 'launch+7d', '--horizon', '55d']);
    expect(run).toMatchObject({ code: 2, out: [] });
    expect(run.err).toMatch(/fb\.csv:57: quantity: must be a whole number/);
  });
});
