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
