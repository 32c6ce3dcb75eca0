import fc from 'fast-check';
import { gzipSync } from 'node:zlib';
import { readRow, readValue, type Column, type Columns } from './columns.js';
import { PlainReader } from './plain-values.js';
import { BrokenFile, readRecords } from './records.js';
import { readTable } from './table.js';

async function* chunks(bytes: Buffer, size: number): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < bytes.length; i += size) yield bytes.subarray(i, i + size);
  await Promise.resolve();
}

const read = async (text: string, size = 1 << 16): Promise<unknown[]> => {
  const list: unknown[] = [];
  for await (const r of readRecords(chunks(Buffer.from(text), size), 'csv')) list.push('fault' in r ? r : { line: r.line, value: { ...r.value } });
  return list;
};

describe('plain CSV', () => {
  // A quoted header sends the whole file to csv-parse.
  const quotedHeader = (text: string): string => text.replace(/^a,/, '"a",');

  it('agrees with csv-parse record by record, wherever the chunks end and wherever a quote first comes (2,000 runs, seed 41)', async () => {
    const cell = fc.constantFrom('', 'x', '12', ' y ', 'ü', '𝄞', 'a b', '"q"', '"q,""z"', '"two\nlines"');
    const line = fc.oneof({ weight: 8, arbitrary: fc.array(cell, { minLength: 3, maxLength: 3 }) }, { weight: 1, arbitrary: fc.array(cell, { minLength: 1, maxLength: 5 }) });
    await fc.assert(
      fc.asyncProperty(fc.array(line, { maxLength: 12 }), fc.constantFrom('\n', '\r\n'), fc.boolean(), fc.integer({ min: 1, max: 40 }), fc.boolean(), async (lines, end, ended, size, mark) => {
        const text = ['a, b,c', ...lines.map((l) => l.join(','))].join(end) + (ended ? end : '');
        expect(await read((mark ? '\ufeff' : '') + text, size)).toEqual(await read(quotedHeader(text)));
      }),
      { numRuns: 2000, seed: 41 },
    );
  });

  const values = (records: unknown[]): unknown[] => records.map((r) => (r as { value: unknown }).value);

  it('keeps a stray carriage return or line feed where the line ends are of the other kind', async () => {
    for (const text of ['a,b\n1\r,2\n\n3,\r\n', 'a,b\r\n1,x\ny\r\n\r\n2,z\r\n']) expect(values(await read(text, 3))).toEqual(values(await read(quotedHeader(text))));
  });

  it('says after which line a file is no UTF-8, or a line never ends', async () => {
    const bad = async (bytes: Buffer): Promise<unknown> => {
      for await (const r of readRecords(chunks(bytes, 64), 'csv')) void r;
      return undefined;
    };
    await expect(bad(Buffer.concat([Buffer.from('a,b\n1,2\n'), Buffer.from([0xff]), Buffer.from(',3\n')]))).rejects.toThrow(BrokenFile);
    await expect(bad(Buffer.from(`a,b\n1,2\n${'x'.repeat(1_100_000)}`))).rejects.toThrow(/after line 2/);
  });
});

/** A value read in the middle of other bytes. */
const plainly = (reader: PlainReader, raw: string): unknown => {
  const bytes = Buffer.from(`x${raw}x`);
  return reader.read(bytes, bytes.toString('latin1'), 1, bytes.length - 1);
};

describe('plain values', () => {
  const columns: Column[] = [
    { kind: 'text', max: 5 }, { kind: 'name' }, { kind: 'instant' }, { kind: 'whole', min: 1, max: 1_000_000 }, { kind: 'whole', min: -3, max: 5 }, { kind: 'currency' }, { kind: 'choice', values: ['007'] },
  ];

  it('are what the full check says, or left to it (20,000 runs, seed 42)', () => {
    const two = fc.integer({ min: 0, max: 70 }).map((n) => String(n).padStart(2, '0'));
    const time = fc.tuple(fc.integer({ min: 1960, max: 2210 }), two, two, two, two, two, fc.constantFrom('Z', '+08:00', '-23:59', '+24:00', '.5Z', '.250Z', '.25xZ', '.999-05:30', '+8:00', 'z', 'ZZ', '')).map(([y, mo, d, h, mi, s, z]) => `${y}-${mo}-${d}T${h}:${mi}:${s}${z}`);
    const text = fc.oneof(time, fc.integer({ min: -5, max: 2_000_000 }).map(String), fc.string({ minLength: 1, maxLength: 8 }), fc.constantFrom('1e3', '007', ' 7', '\u0000', 'ü', ' x', 'x ', 'x'.repeat(130)));
    fc.assert(
      fc.property(text, fc.nat(columns.length - 1), (raw, i) => {
        const column = columns[i] as (typeof columns)[number];
        const quick = plainly(new PlainReader(column), raw);
        if (quick !== undefined) expect(quick).toBe(readValue(column, raw));
      }),
      { numRuns: 20_000, seed: 42 },
    );
  });

  it('stay what is written where thousands of texts share a reader, and texts that come back are found again (seed 7)', () => {
    const reader = new PlainReader({ kind: 'text', max: 256 });
    let seed = 7;
    const next = (n: number): number => (seed = (Math.imul(seed, 1103515245) + 12345) >>> 0) % n;
    const pool = Array.from({ length: 40_000 }, (_, i) => `${'ABCDEFGH'[i % 8] as string}${i.toString(36).padEnd(1 + (i % 9), 'x')}${i % 50 === 0 ? '-of-a-name-that-is-longer-than-most' : ''}`);
    for (let i = 0; i < 80_000; i++) {
      const text = pool[next(i < 50_000 ? 3_000 : pool.length)] as string;
      expect(plainly(reader, text)).toBe(text);
    }
    // Where nothing comes back the reader stops looking, and still reads.
    const unique = new PlainReader({ kind: 'text', max: 256 });
    for (let i = 0; i < 40_000; i++) expect(plainly(unique, `order-${i}`)).toBe(`order-${i}`);
  });

  it('know the calendar', () => {
    const reader = new PlainReader({ kind: 'instant' });
    const plainInstant = (text: string): unknown => plainly(reader, text);
    expect(plainInstant('2024-02-29T23:59:59Z')).toBe(Date.parse('2024-02-29T23:59:59Z'));
    for (const text of ['2026-11-22T20:15:03+08:00', '2026-11-22T20:15:03.250-03:30', '2026-11-22T20:15:03.250Z']) expect(plainInstant(text)).toBe(Date.parse(text));
    for (const text of ['2026-11-22T20:15:03', '2026-11-22T20:15:03.Z', '1970-01-01T00:00:00+00:01', '2023-02-29T00:00:00Z', '2024-13-01T00:00:00Z', '2024-00-01T00:00:00Z', '2024-01-01T24:00:00Z', '2024-01-01 00:00:00Z', '1969-12-31T00:00:00Z']) expect(plainInstant(text)).toBeUndefined();
  });
});

describe('tables', () => {
  const columns: Columns = { n: { kind: 'whole', min: 1, max: 9, required: true }, at: { kind: 'instant' }, name: { kind: 'name' } };
  const table = async (text: string | Buffer, format: 'csv' | 'ndjson'): Promise<unknown[]> => {
    const list: unknown[] = [];
    await readTable(chunks(Buffer.from(text), 7), format, columns, (line, values) => list.push({ line, values: [...values] }), (line, faults) => list.push({ line, faults }));
    return list;
  };

  it('give the values of each line in the order of the columns, from CSV, gzip and NDJSON alike', async () => {
    const csv = 'name,other,n\nx,,3\n"y",q,4\n';
    const want = [{ line: 2, values: [3, undefined, 'x'] }, { line: 3, values: [4, undefined, 'y'] }];
    expect(await table(csv, 'csv')).toEqual(want);
    expect(await table(gzipSync(Buffer.from(csv)), 'csv')).toEqual(want);
    expect(await table('{"n":3,"name":"x"}\n{"n":"4","name":"y","other":1}\n', 'ndjson')).toEqual([{ line: 1, values: [3, undefined, 'x'] }, { line: 2, values: [4, undefined, 'y'] }]);
  });

  it('hold what records hold, line by line, whatever is wrong with a line and wherever the chunks end (1,000 runs, seed 43)', async () => {
    const cell = fc.constantFrom('', '3', '12', 'x', ' x', 'ü', '2026-01-02T03:04:05Z', '2026-13-01T00:00:00Z', '"q"');
    const line = fc.oneof({ weight: 9, arbitrary: fc.array(cell, { minLength: 3, maxLength: 3 }) }, { weight: 1, arbitrary: fc.array(cell, { minLength: 1, maxLength: 5 }) });
    await fc.assert(
      fc.asyncProperty(fc.array(line, { maxLength: 12 }), fc.constantFrom('\n', '\r\n'), fc.constantFrom('n,at,name', 'name,n,other', 'at,other,more'), fc.boolean(), fc.integer({ min: 1, max: 40 }), async (lines, end, header, ended, size) => {
        const bytes = Buffer.from([header, ...lines.map((l) => l.join(','))].join(end) + (ended ? end : ''));
        const expected: unknown[] = [];
        for await (const r of readRecords(chunks(bytes, size), 'csv')) {
          const read = 'fault' in r ? { faults: [{ field: 'line', detail: r.fault }] } : readRow(columns, r.value);
          expected.push('row' in read ? { line: r.line, values: Object.keys(columns).map((name) => read.row[name]) } : { line: r.line, faults: read.faults });
        }
        const found: unknown[] = [];
        const byColumn = Object.keys(columns);
        await readTable(chunks(bytes, size), 'csv', columns, (at, values) => found.push({ line: at, values: [...values] }), (at, faults) => found.push({ line: at, faults: [...faults].sort((a, b) => byColumn.indexOf(a.field) - byColumn.indexOf(b.field)) }));
        expect(found).toEqual(expected);
      }),
      { numRuns: 1000, seed: 43 },
    );
  });

  it('name line, column and reason of what is wrong, as the reader of records does', async () => {
    const [first, second, third] = await table('n,at\n0,\n5,yesterday\n1\n', 'csv');
    expect(first).toEqual({ line: 2, faults: [{ field: 'n', detail: 'must be a whole number from 1 to 9' }] });
    expect(second).toEqual({ line: 3, faults: [{ field: 'at', detail: expect.stringContaining('RFC 3339') }] });
    expect(third).toEqual({ line: 4, faults: [{ field: 'line', detail: 'has another number of columns than the header (2)' }] });
    expect(readRow(columns, { n: '0' })).toEqual({ faults: [{ field: 'n', detail: 'must be a whole number from 1 to 9' }] });
  });
});
