// The status page in a real browser against a real service: log-in, figures, languages, roles, and no finding of axe.
import { AxeBuilder } from '@axe-core/playwright';
import { existsSync, rmSync } from 'node:fs';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import type { Service } from '../../src/app.js';
import { readConfiguration } from '../../src/kernel/index.js';
import { newFolder } from '../factories/folders.js';

const CHROMIUM = '/usr/bin/chromium';
const ADMIN_KEY = 'k'.repeat(40);
const PASSWORD = 'a long enough password';

if (!existsSync(CHROMIUM)) console.warn(`the status page is not tested: there is no ${CHROMIUM} here`);
const maybe = existsSync(CHROMIUM) ? describe : describe.skip;

const signal = (status: string, reply: object | null): object => ({
  id: 'sig_1', version: 2, kind: 'increase', commitment: 'firm', status, supplier: 'factory-1', productionOrder: 'po_1', respondBy: '2026-11-22T12:00:00.000Z', validUntil: '2026-11-22T12:00:00.000Z',
  lines: [
    { lineId: 'l1', style: 'K12', colour: 'black', sku: 'K12-S', size: 'S', quantity: 90, quantityBefore: 60, later: { p50: 10, p90: 20 }, due: '2026-11-29', dueBefore: '2026-11-28', unitPrice: 5160, currency: 'CNY' },
    { lineId: 'l2', style: 'K12', colour: 'black', sku: 'K12-M', size: 'M', quantity: 40, quantityBefore: 30, later: { p50: 0, p90: 0 }, due: '2026-11-29', dueBefore: '2026-11-29', unitPrice: 5160, currency: 'CNY' },
  ],
  liability: { fabric: 'merchant', cut: 'merchant', finished: 'merchant' }, evidence: { gross: 100, paid: 95, cancelled: 5, open: 90, assessment: 'as_1', reason: 'need changed' },
  replyUrl: '', createdAt: '2026-11-22T04:00:00.000Z', delivery: { state: 'delivered', attempts: 3, lastStatus: 204, nextAt: null }, reply,
});
const HOSTILE = '<img src=x onerror="document.title=1">';

maybe('the status page', () => {
  let dataDirectory: string;
  let service: Service | undefined;
  let browser: Browser | undefined;
  let context: BrowserContext;
  let page: Page;
  let faults: string[];

  const api = async (method: string, path: string, body: unknown): Promise<void> => {
    const response = await fetch(new URL(path, service?.url), {
      method, headers: { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json' }, body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  };

  const visit = async (): Promise<void> => {
    expect((await page.goto(service?.url ?? ''))?.status()).toBe(200);
    await page.getByRole('heading', { name: 'Log in' }).waitFor();
  };
  const logIn = async (name: string, password: string): Promise<void> => {
    await page.getByLabel('Name').fill(name);
    await page.getByLabel('Password').fill(password);
    await page.getByRole('button', { name: 'Log in' }).click();
  };
  const findings = async (): Promise<string[]> =>
    (await new AxeBuilder({ page }).analyze()).violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(' ')).join(', ')}`);

  beforeAll(async () => {
    // @fastify/static requires this ES module; Node ≥ 20.19 can do that, Jest on Node 20 only where it was imported before.
    const contentDisposition: unknown = await import('content-disposition');
    import.meta.jest.mock('content-disposition', () => contentDisposition);
    const { startService } = await import('../../src/app.js');
    dataDirectory = newFolder('page');
    service = await startService({ ...readConfiguration({}), dataDirectory, port: 0, bootstrapKey: ADMIN_KEY, logLevel: 'error' });
    await api('POST', '/v1/suppliers', { id: 'factory-1', name: 'Factory one', timeZone: 'Asia/Shanghai' });
    await api('POST', '/v1/users', { name: 'olga', role: 'operator', password: PASSWORD });
    await api('POST', '/v1/users', { name: 'feng', role: 'factory', supplier: 'factory-1', password: PASSWORD });
    await api('POST', '/v1/users', { name: 'fina', role: 'finance', password: PASSWORD });
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
  }, 120_000);

  afterAll(async () => {
    await browser?.close();
    await service?.stop();
    rmSync(dataDirectory, { recursive: true, force: true });
  }, 60_000);

  beforeEach(async () => {
    context = await (browser as Browser).newContext({ locale: 'en-GB', viewport: { width: 1280, height: 800 } });
    page = await context.newPage();
    faults = [];
    page.on('pageerror', (error) => faults.push(error.message));
    // What the page asks to find out whether somebody is logged in is answered with 401, which a browser reports.
    page.on('console', (message) => {
      if (message.type() === 'error' && !message.location().url.endsWith('/v1/session')) faults.push(message.text());
    });
    await visit();
  });

  afterEach(async () => {
    await context.close();
    expect(faults).toEqual([]);
  });

  it('refuses a wrong password with the reason, and shows nothing else', async () => {
    await logIn('olga', 'a wrong password');
    await page.getByRole('alert').filter({ hasText: 'the name or the password is wrong' }).waitFor();
    expect(await page.locator('#desk').isVisible()).toBe(false);
    expect(await findings()).toEqual([]);
  });

  it('shows an operator the figures, in two languages, until the log-out', async () => {
    expect(await findings()).toEqual([]);
    await logIn('olga', PASSWORD);
    await page.getByText('Open spikes').waitFor();
    expect(await page.locator('#figures dd').allTextContents()).toEqual(['0', '0', '0', '0', '0', '0', '0']);
    await page.getByText('No spike was found yet.').waitFor();
    await page.getByText('No signal was sent yet.').waitFor();
    await page.getByText('No production order yet.').waitFor();
    await page.getByText('No order came in the last hour.').waitFor();
    await page.getByText('No shop is connected yet.').waitFor();
    expect(await page.locator('#dead-section').isVisible()).toBe(false);
    expect(await findings()).toEqual([]);

    await page.getByRole('button', { name: '中文' }).click();
    await page.getByText('进行中的起量').waitFor();
    expect(await page.locator('html').getAttribute('lang')).toBe('zh-CN');
    expect(await page.title()).toBe('Castline 运行状态');
    expect(await page.getByText('Open spikes').count()).toBe(0);
    expect(await findings()).toEqual([]);

    await page.reload();
    await page.getByText('进行中的起量').waitFor();
    await page.getByRole('button', { name: '退出登录' }).click();
    await page.getByRole('heading', { name: '登录' }).waitFor();
    expect(await page.locator('#figures dd').count()).toBe(0);
    expect(await findings()).toEqual([]);
    await page.reload();
    await page.getByRole('heading', { name: '登录' }).waitFor();
  });

  it('connects a shop, shows its address and made secret once, and pauses it', async () => {
    await api('PUT', '/v1/shops/connected-shop', { platform: 'shopify', timeZone: 'Asia/Shanghai', currency: 'USD' });
    await logIn('olga', PASSWORD);
    await page.getByRole('button', { name: 'Connect a shop' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Platform').selectOption('shopify');
    await dialog.getByRole('button', { name: 'Connect' }).click();
    expect(await dialog.getByLabel('webhookSecret').evaluate((input) => (input as unknown as { validity: { valueMissing: boolean } }).validity.valueMissing)).toBe(true);
    expect(await findings()).toEqual([]);
    await dialog.getByLabel('Platform').selectOption('generic');
    await dialog.getByRole('button', { name: 'Connect' }).click();
    await dialog.getByText('/webhooks/generic/connected-shop').waitFor();
    const secret = await dialog.getByText(/^whsec_/).textContent();
    expect(await findings()).toEqual([]);
    await dialog.getByRole('button', { name: 'Close' }).click();
    // What is stored need not be given again: an empty field keeps it.
    await page.getByRole('button', { name: 'Connect a shop' }).click();
    await dialog.getByLabel('Shop').selectOption('connected-shop');
    expect(await dialog.getByLabel('Platform').inputValue()).toBe('generic');
    await dialog.getByLabel('Platform').selectOption('shopify');
    expect(await dialog.getByLabel('webhookSecret').evaluate((input) => (input as unknown as { required: boolean }).required)).toBe(false);
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    const row = page.getByRole('row').filter({ hasText: 'connected-shop' });
    await row.getByText('connected', { exact: true }).waitFor();
    expect(await page.locator('#shops').innerText()).not.toContain(secret ?? 'whsec');
    await row.getByRole('button', { name: 'Pause: connected-shop' }).click();
    await row.getByText('paused', { exact: true }).waitFor();
    await row.getByRole('button', { name: 'Resume: connected-shop' }).click();
    await row.getByText('connected', { exact: true }).waitFor();
    await row.getByRole('button', { name: 'Test: connected-shop' }).click();
    await page.getByText('connected-shop does not answer: Standard Webhooks cannot be asked for orders').waitFor();
    expect(await findings()).toEqual([]);
    await page.getByRole('button', { name: '中文' }).click();
    await row.getByText('已连接', { exact: true }).waitFor();
    expect(await findings()).toEqual([]);
  });

  it('tells an operator by itself what happens', async () => {
    await logIn('olga', PASSWORD);
    await page.locator('#connection.live').waitFor();
    const event = (id: string, shop: string): object => ({
      event_id: id, occurred_at: new Date().toISOString(), shop, order_id: id, line_id: '1', sku: 'NOBODY-KNOWS', quantity: 1, type: 'created', unit_price: 1_000, currency: 'CNY',
    });
    await api('PUT', '/v1/shops/page-shop', { platform: 'tiktok', timeZone: 'Asia/Shanghai', currency: 'CNY' });
    await api('POST', '/v1/order-events', event('page-1', 'page-shop'));
    // No fact tells of a quarantined event; the page looks by itself every quarter of a minute.
    await page.getByRole('heading', { name: 'Quarantined order events' }).waitFor({ timeout: 20_000 });
    await page.getByRole('rowheader', { name: 'page-1' }).waitFor();
    await page.getByRole('button', { name: 'Try all again' }).click();
    await page.getByText('0 events were taken in; 1 stay quarantined.').waitFor();
  });

  it('shows a factory its signals and orders, and none of the operator\'s figures', async () => {
    await logIn('feng', PASSWORD);
    await page.getByRole('heading', { name: 'Signals for factory-1' }).waitFor();
    await page.getByRole('heading', { name: 'Production orders of factory-1' }).waitFor();
    await page.getByText('No signal was sent yet.').waitFor();
    for (const id of ['#figures', '#busiest-title', '#spikes-title', '#dead-title', '#quarantine-title']) expect(await page.locator(id).isVisible()).toBe(false);
    expect(await findings()).toEqual([]);
    await page.getByRole('button', { name: '中文' }).click();
    await page.getByRole('heading', { name: '发给 factory-1 的生产信号' }).waitFor();
    expect(await findings()).toEqual([]);
  });

  /** Answers the lists as if there were this one signal, and keeps what is sent to change it. */
  const withSignal = async (only: object, answer: { status: number; body: object }): Promise<{ headers: Record<string, string>; body: unknown }[]> => {
    const sent: { headers: Record<string, string>; body: unknown }[] = [];
    await page.route('**/v1/signals?*', (route) => route.fulfill({ json: { items: [only], nextCursor: null } }));
    await page.route('**/v1/signals/sig_1/*', (route) => {
      sent.push({ headers: route.request().headers(), body: route.request().postDataJSON() });
      return route.fulfill({ status: answer.status, json: answer.body });
    });
    return sent;
  };

  it('shows a counter line by line as text, and sends the decision with its version', async () => {
    const sent = await withSignal(
      signal('countered', { version: 2, verdict: 'counter', note: HOSTILE, lines: [{ lineId: 'l1', verdict: 'counter', splits: [{ quantity: 50, date: '2026-11-29' }, { quantity: 40, date: '2026-12-03' }] }] }),
      { status: 200, body: {} },
    );
    await logIn('olga', PASSWORD);
    const row = page.getByRole('row', { name: 'factory-1' });
    await row.waitFor();
    const text = (await row.innerText()).replaceAll('\u00a0', ' ');
    for (const part of ['60 → ', '90', 'due 28 Nov', '29 Nov', '3 attempts', 'K12-S: 50 by 29 Nov + 40 by 3 Dec', 'K12-M: rejects (not named in the answer)', HOSTILE]) expect(text).toContain(part);
    expect(await page.title()).toBe('Castline status');
    await row.getByRole('button', { name: 'Accept' }).click();
    expect(await findings()).toEqual([]);
    await page.getByRole('dialog').getByRole('button', { name: 'Accept' }).click();
    await page.getByText('The counter was accepted.').waitFor();
    expect(sent.map((s) => s.body)).toEqual([{ version: 2, verdict: 'accept' }]);
    expect(sent[0]?.headers['x-csrf-token']).toMatch(/.{20,}/);
  });

  it('sends what a factory counters, and says why where that was refused', async () => {
    const sent = await withSignal(signal('sent', null), { status: 409, body: { status: 409, code: 'stale-version', detail: 'the current version is 3; this answer was to version 2' } });
    await logIn('feng', PASSWORD);
    await page.getByRole('button', { name: 'Counter: increase' }).click();
    const first = page.getByRole('group', { name: 'K12-S', exact: true });
    await first.getByRole('button', { name: 'Add a date' }).click();
    await first.getByLabel('Units').first().fill('50');
    await first.getByLabel('Units').last().fill('40');
    await first.getByLabel('By').last().fill('2026-12-03');
    await page.getByRole('group', { name: 'K12-M', exact: true }).getByLabel('Answer').selectOption('reject');
    await page.getByLabel('Note').fill('dye lot');
    expect(await findings()).toEqual([]);
    await page.getByRole('button', { name: 'Send the counter' }).click();
    await page.getByRole('alert').filter({ hasText: 'the current version is 3' }).waitFor();
    expect(sent.map((s) => s.body)).toEqual([
      {
        version: 2, verdict: 'counter', note: 'dye lot',
        lines: [{ lineId: 'l1', verdict: 'counter', splits: [{ quantity: 50, date: '2026-11-29' }, { quantity: 40, date: '2026-12-03' }] }, { lineId: 'l2', verdict: 'reject' }],
      },
    ]);
    faults = faults.filter((fault) => !fault.includes('409'));
  });

  it('orders what a heads-up announced, saying before what it puts at risk, in both languages', async () => {
    const headsUp = { ...signal('sent', null), commitment: 'forecast' };
    const line = (lineId: string, sku: string, quantityBefore: number, quantity: number): object => ({
      lineId, sku, quantityBefore, quantity, due: '2026-11-29', committedNeed: 10, later: { p50: 10, p90: 20 }, unitCost: 5_160, salvage: 1_000, currency: 'CNY', beyond: 20, atRisk: 83_200, assessment: 'as_1',
    });
    const sent = await withSignal(headsUp, { status: 200, body: {} });
    await page.route('**/v1/signals/sig_1/commitment', (route) => route.fulfill({ json: {
      signal: 'sig_1', version: 2, supplier: 'factory-1', kind: 'increase', moq: 0, lotMultiple: 10, lines: [line('l1', 'K12-S', 60, 90), line('l2', 'K12-M', 30, 40)], atRisk: [{ currency: 'CNY', amount: 83_200 }],
    } }));
    await logIn('olga', PASSWORD);
    const row = page.getByRole('row', { name: 'factory-1' });
    await row.getByRole('button', { name: 'Order' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('40 units in all. At most CN¥832.00 is lost if nothing more sells.').waitFor();
    await dialog.getByRole('group', { name: 'K12-S' }).getByLabel('Units to order').fill('20');
    await dialog.getByText('30 units in all. At most CN¥416.00 is lost if nothing more sells.').waitFor();
    expect((await dialog.innerText()).replaceAll('\u00a0', ' ')).toContain('10, 20');
    expect(await findings()).toEqual([]);
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    await page.getByRole('button', { name: '中文' }).click();
    await row.getByRole('button', { name: '下单' }).click();
    await dialog.getByText('共 40 件。若不再售出，最多损失 ¥832.00。').waitFor();
    expect(await findings()).toEqual([]);
    await dialog.getByRole('group', { name: 'K12-M' }).getByLabel('下单件数').fill('0');
    if (process.env['SHOT'] !== undefined) await page.screenshot({ path: process.env['SHOT'] });
    await dialog.getByRole('button', { name: '确认下单' }).click();
    await page.getByText('订单已发给工厂。').waitFor();
    expect(sent.map((s) => s.body)).toEqual([{ version: 2, verdict: 'commit', lines: [{ lineId: 'l1', quantity: 90 }, { lineId: 'l2', quantity: 30 }] }]);
  });

  it('tells other roles what they can do by API', async () => {
    await logIn('fina', PASSWORD);
    await page.getByText('For now finance works by API').waitFor();
    expect(await page.locator('#desk').isVisible()).toBe(false);
    expect(await findings()).toEqual([]);
  });

  it('comes back to the log-in form where the session has ended', async () => {
    await logIn('olga', PASSWORD);
    await page.getByText('Open spikes').waitFor();
    await context.clearCookies();
    const [refused] = await Promise.all([page.waitForResponse((r) => r.status() === 401), page.getByLabel('Status').selectOption('sent')]);
    expect(refused.url()).toContain('/v1/signals');
    await page.getByText('Your session has ended. Log in again.').waitFor();
    expect(await page.locator('#desk').isVisible()).toBe(false);
    faults = faults.filter((fault) => !fault.includes('401'));
  });

  it('fits a screen of 360 pixels', async () => {
    await page.setViewportSize({ width: 360, height: 740 });
    await logIn('olga', PASSWORD);
    await page.getByText('No signal was sent yet.').waitFor();
    // In the browser, where the compiler of the tests knows no document.
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360);
    expect(await findings()).toEqual([]);
  });
});
