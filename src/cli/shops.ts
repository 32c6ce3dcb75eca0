// Connections of shops from the command line, over the service's HTTP API. Secrets come from files or standard input, never from
// arguments: those are seen by everyone on the machine and stay in the shell's history.
import { existsSync, readFileSync } from 'node:fs';
import { DomainError } from '../kernel/offline.js';

export interface Target {
  readonly to: string;
  readonly key: string;
  readonly json?: boolean;
}

interface Health {
  readonly shop: string;
  readonly platform: string;
  readonly status: string;
  readonly lastEventAt: string | null;
  readonly lagSeconds: number;
  readonly waiting: number;
  readonly quarantined: number;
  readonly unmappedCodes: number;
  readonly lastFault: string | null;
  readonly webhookUrl: string | null;
  readonly made?: Readonly<Record<string, string>>;
}

async function call(target: Target, method: string, path: string, body?: unknown): Promise<unknown> {
  let response: Response;
  try {
    response = await fetch(new URL(path, target.to), { method, headers: { authorization: `Bearer ${target.key}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) }, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  } catch (error) {
    throw new Error(`no answer from ${target.to}: ${((error as Error).cause as Error | undefined)?.message ?? (error as Error).message}`, { cause: error });
  }
  const text = await response.text();
  const parsed: unknown = text === '' ? undefined : JSON.parse(text);
  if (response.ok) return parsed;
  const problem = parsed as { code?: string; detail?: string } | undefined;
  const detail = problem?.detail ?? `the service answered ${response.status}`;
  // What was asked for was wrong: exit 2. Anything else: it was asked well, and the answer is no.
  if (response.status === 400 || response.status === 422) throw new DomainError(response.status, problem?.code ?? 'refused', detail);
  throw new Error(detail);
}

/** `name=value` pairs; a value of `@file` is the content of the file, `-` is standard input. */
export function pairsOf(list: readonly string[], secret: boolean): Record<string, string> {
  return Object.fromEntries(list.map((pair) => {
    const at = pair.indexOf('=');
    if (at < 1) throw new DomainError(422, 'invalid', `${pair}: must be name=value`);
    const [name, value] = [pair.slice(0, at), pair.slice(at + 1)];
    if (value === '-') return [name, readFileSync(0, 'utf8').trim()];
    if (value.startsWith('@')) {
      const file = value.slice(1);
      if (!existsSync(file)) throw new DomainError(422, 'no-file', `${file}: no such file`);
      return [name, readFileSync(file, 'utf8').trim()];
    }
    if (secret) throw new DomainError(422, 'invalid', `${name}: give @file or - (standard input), not the secret itself: arguments are seen by everyone on the machine`);
    return [name, value];
  }));
}

const shown = (c: Health): string =>
  [c.shop, c.platform, c.status, `last event ${c.lastEventAt ?? 'never'}`, `lag ${c.lagSeconds} s`, `${c.waiting} waiting`, `${c.quarantined} in quarantine`, `${c.unmappedCodes} unmapped codes`, ...(c.lastFault === null ? [] : [`last fault: ${c.lastFault}`])].join('  ');

const print = (target: Target, value: unknown, text: string): void => void process.stdout.write(target.json === true ? `${JSON.stringify(value)}\n` : `${text}\n`);

export async function listShops(target: Target): Promise<void> {
  const items: Health[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const page = (await call(target, 'GET', `/v1/connections?limit=500${cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`}`)) as { items: Health[]; nextCursor: string | null };
    items.push(...page.items);
    cursor = page.nextCursor;
  }
  print(target, items, items.length === 0 ? 'no shop is connected yet: castline shops connect SHOP --platform NAME' : items.map(shown).join('\n'));
}

export async function listPlatforms(target: Target): Promise<void> {
  const { items } = (await call(target, 'GET', '/v1/platforms')) as { items: { name: string; title: string; credentials: { name: string; required: boolean; made: boolean; about: string }[]; settings: { name: string; required: boolean; about: string }[] }[] };
  const field = (f: { name: string; required: boolean; about: string; made?: boolean }): string => `    ${f.name}${f.required ? ' (required)' : f.made === true ? ' (made where none is given)' : ''}: ${f.about}`;
  print(target, items, items.map((p) => [`${p.name}  ${p.title}`, ...(p.credentials.length > 0 ? ['  credentials', ...p.credentials.map(field)] : []), ...(p.settings.length > 0 ? ['  settings', ...p.settings.map(field)] : [])].join('\n')).join('\n\n'));
}

export async function connectShop(shop: string, options: Target & { platform: string; credential: readonly string[]; setting: readonly string[]; timeZone?: string; currency?: string }): Promise<void> {
  if (options.timeZone !== undefined || options.currency !== undefined) {
    if (options.timeZone === undefined || options.currency === undefined) throw new DomainError(422, 'invalid', 'a new shop needs both --time-zone and --currency');
    await call(options, 'PUT', `/v1/shops/${encodeURIComponent(shop)}`, { platform: options.platform, timeZone: options.timeZone, currency: options.currency });
  }
  const body = { platform: options.platform, credentials: pairsOf(options.credential, true), settings: pairsOf(options.setting, false) };
  const c = (await call(options, 'PUT', `/v1/shops/${encodeURIComponent(shop)}/connection`, body)) as Health;
  print(options, c, [`${c.shop} is connected to ${c.platform}`, ...(c.webhookUrl === null ? [] : [`register this address there: ${c.webhookUrl}`]), ...Object.entries(c.made ?? {}).map(([name, value]) => `${name} (shown once): ${value}`)].join('\n'));
}

export async function testShop(shop: string, target: Target): Promise<void> {
  const t = (await call(target, 'POST', `/v1/shops/${encodeURIComponent(shop)}/connection/test`)) as { ok: boolean; account: string | null; fault: string | null };
  print(target, t, t.ok ? `${shop} answers: ${t.account ?? ''}` : `${shop} does not answer: ${t.fault ?? ''}`);
  if (!t.ok) process.exitCode = 1;
}

export async function changeShop(shop: string, what: 'pause' | 'resume' | 'pull', target: Target & { since?: string }): Promise<void> {
  const answer = await call(target, 'POST', `/v1/shops/${encodeURIComponent(shop)}/connection/${what}`, what === 'pull' ? (target.since === undefined ? {} : { since: target.since }) : undefined);
  print(target, answer, { pause: `${shop} is paused: webhooks are taken in, nothing is asked`, resume: `${shop} goes on`, pull: `${shop} is pulled now` }[what]);
}

export async function disconnectShop(shop: string, target: Target): Promise<void> {
  await call(target, 'DELETE', `/v1/shops/${encodeURIComponent(shop)}/connection`);
  print(target, { shop, disconnected: true }, `${shop} is disconnected; its orders stay`);
}
