import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, renameSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { ADMIN_KEY, closeServer, running, until, type Running } from '../factories/database.js';
import { newFolder } from '../factories/folders.js';
import { CATALOGUE_HEAD, iso, ndjson, orderEvent, skuRow } from '../factories/merchant.js';

let r: Running;
const drop = newFolder('drop');
const put = (kind: string, name: string, content: string | Buffer): void => {
  writeFileSync(join(drop, `.${name}`), content);
  renameSync(join(drop, `.${name}`), join(drop, kind, name));
};
const ended = (where: 'done' | 'failed', name: string) => readdirSync(join(drop, where)).find((f) => f.endsWith(`${name}.report.json`));
const report = (where: 'done' | 'failed', name: string) => JSON.parse(readFileSync(join(drop, where, ended(where, name) ?? ''), 'utf8'));
const orders = async (): Promise<number> => Number((await r.sql.query('select count(*) from order_events')).rows[0].count);

beforeAll(async () => {
  // A claim of a process that died two minutes ago.
  mkdirSync(join(drop, '.taking', 'orders-0'), { recursive: true });
  writeFileSync(join(drop, '.taking', 'orders-0', 'left-behind.ndjson'), ndjson([orderEvent({ event_id: 'left', order_id: 'left' })]));
  utimesSync(join(drop, '.taking', 'orders-0'), new Date(Date.now() - 120_000), new Date(Date.now() - 120_000));
  r = await running({ DROP_DIR: drop });
});
afterAll(async () => {
  await r.close();
  await closeServer();
});

describe('the drop folder', () => {
  it('takes the catalogue before the orders that name it, compressed or not, and writes a report of each', async () => {
    put('orders', 'a.ndjson.gz', gzipSync(ndjson([orderEvent({ occurred_at: iso(0) }), orderEvent({ occurred_at: iso(1) })])));
    put('catalogue', 'c.csv', [CATALOGUE_HEAD, skuRow('K1-S'), ''].join('\n'));
    await until('both are taken', () => Promise.resolve(ended('done', 'a.ndjson.gz') !== undefined), 30);
    expect(report('done', 'c.csv')).toMatchObject({ kind: 'catalogue', accepted: 1 });
    expect(report('done', 'a.ndjson.gz')).toMatchObject({ kind: 'orders', accepted: 2, quarantined: 0, rejectedCount: 0 });
  });
  it('takes what a process that died had claimed', async () => {
    await until('it is taken', () => Promise.resolve(ended('done', 'left-behind.ndjson') !== undefined));
    expect((await r.sql.query(`select count(*)::int as n from order_events where order_id = 'left'`)).rows[0].n).toBe(1);
    // The report is there before the folder of the claim goes.
    await until('nothing is claimed', () => Promise.resolve(readdirSync(join(drop, '.taking')).length === 0));
  });
  it('gives a claimed file back beside a newer one of the same name, never over it', async () => {
    mkdirSync(join(drop, '.taking', 'orders-1'), { recursive: true });
    writeFileSync(join(drop, '.taking', 'orders-1', 'same.ndjson'), ndjson([orderEvent({ event_id: 'same-1', order_id: 'same-1' })]));
    put('orders', 'same.ndjson', ndjson([orderEvent({ event_id: 'same-2', order_id: 'same-2' })]));
    utimesSync(join(drop, '.taking', 'orders-1'), new Date(Date.now() - 120_000), new Date(Date.now() - 120_000));
    await until('both are taken', async () => (await r.sql.query(`select 1 from order_events where order_id like 'same-%'`)).rowCount === 2);
  });
  it('applies nothing of a file with a bad line, and names the line', async () => {
    const before = await orders();
    put('orders', 'bad.ndjson', ndjson([orderEvent(), orderEvent({ quantity: -3 })]));
    put('orders', 'what.txt', 'hello');
    await until('they are refused', () => Promise.resolve(ended('failed', 'what.txt') !== undefined));
    expect(report('failed', 'bad.ndjson')).toMatchObject({ code: 'import-rejected', rejected: [{ line: 2, detail: expect.stringContaining('quantity') }] });
    expect(report('failed', 'what.txt')).toMatchObject({ code: 'unknown-format' });
    expect(await orders()).toBe(before);
  });
  it('leaves a file alone while it is being written', async () => {
    writeFileSync(join(drop, 'orders', 'slow.ndjson.part'), ndjson([orderEvent({ event_id: 's' })]));
    writeFileSync(join(drop, 'orders', 'growing.ndjson'), ndjson([orderEvent({ event_id: 'g' })]));
    const until_ = Date.now() + 5_000;
    while (Date.now() < until_) {
      utimesSync(join(drop, 'orders', 'growing.ndjson'), new Date(), new Date());
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    expect(readdirSync(join(drop, 'orders')).sort()).toEqual(['growing.ndjson', 'slow.ndjson.part']);
    await until('it is taken once it is whole', () => Promise.resolve(ended('done', 'growing.ndjson') !== undefined));
  });
});

describe('castline shops', () => {
  const castline = (...args: string[]): Promise<{ code: number; out: string; err: string }> => new Promise((resolve) => {
    const child = execFile('node', [join(import.meta.dirname, '..', '..', 'bin', 'castline.js'), 'shops', ...args, '--to', r.url, '--key', ADMIN_KEY], (error, out, err) => resolve({ code: error === null ? 0 : Number(error.code), out, err }));
    child.stdin?.end('shpss_from_stdin\n');
  });
  it('connects a shop with a secret from standard input, lists, tests, pauses and disconnects it', async () => {
    expect(await castline('list')).toMatchObject({ code: 0, out: expect.stringContaining('no shop is connected yet') });
    expect((await castline('platforms')).out).toContain('webhookSecret (required)');
    const made = await castline('connect', 'my-shop', '--platform', 'shopify', '--credential', 'webhookSecret=-', '--time-zone', 'Asia/Shanghai', '--currency', 'CNY');
    expect(made).toMatchObject({ code: 0, out: expect.stringContaining(`register this address there: ${r.url}/webhooks/shopify/my-shop`) });
    expect((await castline('list', '--json')).out).toContain('"shop":"my-shop"');
    expect(await castline('test', 'my-shop')).toMatchObject({ code: 1, out: expect.stringContaining('accessToken is missing') });
    expect((await castline('pause', 'my-shop')).out).toContain('is paused');
    expect((await castline('list')).out).toMatch(/my-shop {2}shopify {2}paused/);
    expect((await castline('disconnect', 'my-shop')).code).toBe(0);
  });
  it('refuses secrets as arguments, and what the service refuses, with words and the right exit code', async () => {
    expect(await castline('connect', 'my-shop', '--platform', 'shopify', '--credential', 'webhookSecret=abc')).toMatchObject({ code: 2, err: expect.stringContaining('arguments are seen') });
    expect(await castline('connect', 'my-shop', '--platform', 'nobody')).toMatchObject({ code: 2, err: expect.stringContaining('platform: must be one of') });
    expect(await castline('pause', 'my-shop')).toMatchObject({ code: 1, err: expect.stringContaining('does not exist') });
  });
});
