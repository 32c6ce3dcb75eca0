import { gzipSync } from 'node:zlib';
import { z } from 'zod';
import { ConfigurationError, readConfiguration } from './config/environment.js';
import { Remembered } from './database/remembered.js';
import { readRow } from './files/columns.js';
import { BrokenFile, formatOf, readRecords, type FileFormat } from './files/records.js';
import { parseInstant } from './http/fields.js';
import { checkStorable, parseJson } from './http/json.js';
import { bindHandlers, Handles, type Job, type JobRun } from './jobs/definitions.js';
import { backoffSeconds } from './jobs/jobs.js';
import { checkOutboundUrl } from './outbound/policy.js';
import { Secrets } from './secrets/secrets.js';

const stream = async function* (...chunks: (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
  await Promise.resolve();
};
const collect = async (format: FileFormat, ...chunks: (string | Uint8Array)[]) => {
  const list = [];
  for await (const record of readRecords(stream(...chunks), format)) list.push('fault' in record ? { line: record.line, fault: true } : { line: record.line, value: { ...record.value } });
  return list;
};

describe('configuration', () => {
  it.each([
    ['PORT', '70000'], ['PORT', 'abc'], ['ROLE', 'both'], ['DATABASE_URL', 'mysql://x'], ['REDIS_URL', 'redis://a,http://b'], ['BOOTSTRAP_KEY', 'short'], ['OUTBOUND_ALLOW', 'everything'],
    ['SECRET_KEY', 'abc'], ['LOG_LEVEL', 'loud'], ['DATABASE_POOL', '1'], ['EVENT_RETENTION_DAYS', '30'],
  ])('names %s where it is %s', (name, value) => {
    expect(() => readConfiguration({ [name]: value })).toThrow(ConfigurationError);
    expect(() => readConfiguration({ [name]: value })).toThrow(new RegExp(`^${name}: `));
  });

  it('takes a list of Redis addresses for a cluster, and empty values as absent', () => {
    expect(readConfiguration({ REDIS_URL: 'redis://a:1, redis://b:2' }).redisUrls).toEqual(['redis://a:1', 'redis://b:2']);
    expect(readConfiguration({ PORT: '', DATABASE_URL: '' })).toMatchObject({ port: 3000, databaseUrl: undefined });
  });
});

describe('files', () => {
  it('read CSV with quotes, any line ends and a byte order mark, with line numbers', async () => {
    expect(await collect('csv', '\ufeffa,b\r\n"x, ""y""",1\r\n', 'z,\r\n')).toEqual([{ line: 2, value: { a: 'x, "y"', b: '1' } }, { line: 3, value: { a: 'z' } }]);
  });

  it('read NDJSON over chunk borders and keep going after a bad line', async () => {
    expect(await collect('ndjson', '{"a":1}\n{"a"', ':2}\nnonsense\n[1]\n\n{"a":3}')).toEqual([
      { line: 1, value: { a: 1 } }, { line: 2, value: { a: 2 } }, { line: 3, fault: true }, { line: 4, fault: true }, { line: 6, value: { a: 3 } },
    ]);
  });

  it('read a JSON array element by element, whatever the texts hold', async () => {
    expect(await collect('json', '[ {"a":"]}\\""},', ' {"b":{"c":[1]}} ', ']')).toEqual([{ line: 1, value: { a: ']}"' } }, { line: 2, value: { b: { c: [1] } } }]);
  });

  it.each([['json', '[{"a":1}'], ['json', '{"a":1}'], ['json', '[1]']] as const)('refuse the broken %s body %s', async (format, text) => {
    await expect(collect(format, text)).rejects.toThrow(BrokenFile);
  });

  it('recognise gzip by itself, and a truncated one as broken', async () => {
    const zipped = gzipSync(Buffer.from(Array.from({ length: 5000 }, (_, i) => `{"a":${i * 7919}}`).join('\n')));
    expect(await collect('ndjson', zipped)).toHaveLength(5000);
    await expect(collect('ndjson', zipped.subarray(0, zipped.length >> 1))).rejects.toThrow(/ended early/);
  });

  it('report invalid UTF-8 rather than replace it', async () => {
    expect(await collect('ndjson', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d, 10]))).toEqual([{ line: 1, fault: true }]);
    await expect(collect('csv', Buffer.from([0x61, 10, 0xff, 10]))).rejects.toThrow(/UTF-8/);
  });

  it('tell formats by type and name', () => {
    expect([formatOf('text/csv; charset=utf-8'), formatOf(undefined, 'x.csv.gz'), formatOf('application/x-ndjson'), formatOf('text/plain')]).toEqual(['csv', 'csv', 'ndjson', undefined]);
  });

  it('name every column that is wrong', () => {
    const read = readRow({ at: { kind: 'instant', required: true }, n: { kind: 'whole', min: 1, max: 9, required: true }, k: { kind: 'choice', values: ['x'] } }, { at: '2026-02-30T00:00:00Z', n: '1e3', k: 'y' });
    expect('faults' in read && read.faults.map((f) => f.field)).toEqual(['at', 'n', 'k']);
  });
});

describe('times', () => {
  it.each(['2026-11-22T20:15:03', '2026-11-22 20:15:03Z', '2026-13-01T00:00:00Z', '2026-06-31T00:00:00Z', '2026-01-01T24:00:00Z', '1969-01-01T00:00:00Z', '9999-01-01T00:00:00Z', 'now'])('%s is no time', (text) => {
    expect(parseInstant(text)).toBeUndefined();
  });
  it('an offset is respected', () => expect(parseInstant('2026-11-22T08:00:00+08:00')).toBe(parseInstant('2026-11-22T00:00:00Z')));
});

describe('JSON from strangers', () => {
  it.each([['{"__proto__":{"a":1}}', /__proto__/], ['{"\\u005f_proto__":1}', /__proto__/], ['{"__\\u0070roto__" : 1}', /__proto__/], ['{"a":', /JSON/], ['['.repeat(100_000), /nested/]])('refuses %s', (text, reason) => {
    expect(() => parseJson(Buffer.from(text))).toThrow(reason);
  });
  it('reads what only speaks of __proto__: a note that a buyer wrote keeps nothing from being read', () => {
    for (const text of ['{"note":"__proto__"}', '{"note":"__proto__: {}"}', '{"info":"{\\"__proto__\\":{\\"a\\":1}}"}', '{"note":"\\u0022__proto__\\u0022:"}', '["__proto__",1]']) expect(parseJson(Buffer.from(text))).toEqual(JSON.parse(text));
  });
  it('refuses NUL and lone surrogates by field', () => {
    expect(() => checkStorable({ a: { b: ['x\0'] } })).toThrow(/a\.b\[0\]/);
    expect(() => checkStorable(JSON.parse('{"a":"\\ud800"}'))).toThrow(/a/);
  });
});

describe('jobs and handlers', () => {
  const job = (name: string): Job<{ n: number }> => ({ name, queue: 'orders', payload: z.object({ n: z.number() }), on: undefined, identity: undefined, identityUntil: 'ended' as const, maxAttempts: 1 });
  const [a, b] = [job('spec.a'), job('spec.b')];
  class One {
    @Handles(a)
    run(_: JobRun<{ n: number }>): Promise<void> {
      return Promise.resolve();
    }
  }
  class Two extends One {
    @Handles(b)
    other(_: JobRun<{ n: number }>): Promise<void> {
      return Promise.resolve();
    }
  }

  it('refuse to start without a handler, or with two', () => {
    expect(() => bindHandlers([a, b] as never, [new One()])).toThrow(/spec\.b has no handler/);
    expect(() => bindHandlers([a] as never, [new One(), Object.create(One.prototype) as One])).toThrow(/spec\.a has two handlers/);
    expect(bindHandlers([a] as never, [new One()]).size).toBe(1);
    expect(new Two()).toBeInstanceOf(One);
  });

  it('a payload of the wrong type does not compile', () => {
    class Wrong {
      // @ts-expect-error the job's payload has n: number
      @Handles(a)
      run(_: JobRun<{ n: string }>): Promise<void> {
        return Promise.resolve();
      }
    }
    expect(new Wrong()).toBeInstanceOf(Wrong);
  });

  it('back off longer each time, up to a cap, with jitter', () => {
    expect([1, 2, 3].map((n) => backoffSeconds(n, 0))).toEqual([1, 2, 4]);
    expect(backoffSeconds(50, 0)).toBe(300);
    expect(backoffSeconds(50, 1)).toBe(150);
  });
});

describe('outbound URLs', () => {
  it.each(['http://factory.example/x', 'https://user:pw@factory.example/', 'https://127.0.0.1/x', 'https://[::1]/', 'https://2130706433/', 'https://0x7f.1/', 'ftp://x', 'nonsense', 'https://localhost/'])('%s is refused', (url) => {
    expect(() => checkOutboundUrl('webhookUrl', url, 'none')).toThrow(/webhookUrl/);
  });
  it('loopback http passes only where it is allowed', () => {
    expect(() => checkOutboundUrl('webhookUrl', 'http://127.0.0.1:1/x', 'none')).toThrow();
    expect(checkOutboundUrl('webhookUrl', 'http://127.0.0.1:1/x', 'loopback-http').port).toBe('1');
    expect(() => checkOutboundUrl('webhookUrl', 'http://factory.example/', 'loopback-http')).toThrow();
    expect(checkOutboundUrl('webhookUrl', 'https://factory.example/x', 'none').host).toBe('factory.example');
  });
});

describe('secrets', () => {
  it('open what they sealed, and nothing that was tampered with', () => {
    const secrets = new Secrets(Buffer.alloc(32, 7));
    const sealed = secrets.seal('whsec_x');
    expect(secrets.open(sealed)).toBe('whsec_x');
    const bytes = Buffer.from(sealed, 'base64url');
    bytes[20] = (bytes[20] as number) ^ 1;
    expect(() => secrets.open(bytes.toString('base64url'))).toThrow();
    expect(() => new Secrets(Buffer.alloc(32, 8)).open(sealed)).toThrow();
    expect(secrets.keyedHash('a', 'x')).not.toBe(secrets.keyedHash('b', 'x'));
  });
});

describe('what is remembered', () => {
  it('is looked up once by those who ask together, and again once it was forgotten, also while it was looked up', async () => {
    const remembered = new Remembered<number>(60_000, 10);
    let looked = 0;
    const lookUp = () => Promise.resolve(++looked);
    expect(await Promise.all([remembered.get('a', lookUp), remembered.get('a', lookUp)])).toEqual([1, 1]);
    expect(await remembered.get('a', lookUp)).toBe(1);
    remembered.forget('a');
    const stale = remembered.get('a', lookUp);
    remembered.clear();
    expect(await stale).toBe(2);
    expect(remembered.peek('a')).toBeUndefined();
    expect(await remembered.get('a', lookUp)).toBe(3);
  });

  it('forgets what was not found, what failed, and all beyond its bound', async () => {
    const remembered = new Remembered<number>(60_000, 2);
    expect(await remembered.get('a', () => Promise.resolve(undefined))).toBeUndefined();
    await expect(remembered.get('a', () => Promise.reject(new Error('away')))).rejects.toThrow('away');
    for (const key of ['a', 'b', 'c']) await remembered.get(key, () => Promise.resolve(1));
    expect([remembered.peek('a'), remembered.peek('c')]).toEqual([undefined, 1]);
  });
});
