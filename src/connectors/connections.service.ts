// Shops that are connected to their platform: who may speak for them, with which secrets, and how they are.
import { Inject, Injectable } from '@nestjs/common';
import { AccessService, type Principal } from '../access/index.js';
import { CatalogueService } from '../catalogue/index.js';
import { CONFIGURATION, checkOutboundUrl, checkVersion, Database, DomainError, invalid, log, notFound, Remembered, Secrets, type Configuration, type Tx } from '../kernel/index.js';
import * as store from './connections.repository.js';
import { MissingCredential, overNetwork, PlatformHttp, PlatformRefused, type Transport } from './platforms/platform-http.js';
import type { ConnectedShop, Credentials, Field, Platform, PlatformApi } from './platforms/platform.js';
import { PLATFORMS } from './platforms/registry.js';

/** A secret that was changed is accepted for this long: a platform repeats what it signed with it for up to a day, and people are slow. */
export const PREVIOUS_SECRET_DAYS = 7;
/** The first pull of a new connection goes back so far. */
const FIRST_PULL_HOURS = 24;
/** Tokens that end within this time are renewed before they are used. */
const RENEW_MS = 10 * 60_000;

export interface Connected extends ConnectedShop {
  readonly platform: Platform;
  readonly previous: Credentials | undefined;
  readonly paused: boolean;
  readonly deauthorised: boolean;
}

/** The credentials for calls are not there: webhooks alone. */
export class NoApi extends PlatformRefused {
  constructor(platform: Platform, missing: string | undefined) {
    super(missing === undefined ? `${platform.title} cannot be asked for orders` : `the credential ${missing} is missing: ${platform.title} cannot be asked for orders without it`, false);
  }
}

@Injectable()
export class ConnectionsService {
  private readonly remembered = new Remembered<Connected>(2_000, 10_000);
  private readonly clients = new Map<string, PlatformHttp>();
  /** For tests: how a platform is reached. */
  transport: Transport;

  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(Secrets) private readonly secrets: Secrets,
    @Inject(AccessService) private readonly access: AccessService,
    @Inject(CatalogueService) private readonly catalogue: CatalogueService,
    @Inject(CONFIGURATION) private readonly configuration: Configuration,
  ) {
    this.transport = overNetwork(configuration.outboundAllow);
  }

  /** The connection of a shop, looked up once in two seconds. */
  find(shop: string): Promise<Connected | undefined> {
    return this.remembered.get(shop, () => this.database.transaction((tx) => this.read(tx, shop)));
  }

  private async read(tx: Tx, id: string): Promise<Connected | undefined> {
    const row = await store.findConnection(tx, id);
    const platform = row === undefined ? undefined : PLATFORMS.get(row.platform);
    if (row === undefined || platform === undefined) return undefined;
    const shop = await this.catalogue.shop(id, tx);
    const credentials = this.open(row.credentials);
    const signing = platform.webhooks?.secret;
    const fresh = row.secret_changed_at !== null && Date.now() - row.secret_changed_at.getTime() < PREVIOUS_SECRET_DAYS * 86_400_000;
    return {
      shop: id, platform, credentials, settings: row.settings, timeZone: shop.timeZone, currency: shop.currency, paused: row.paused_at !== null, deauthorised: row.deauthorised_at !== null,
      previous: row.previous_secret !== null && signing !== undefined && fresh ? { ...credentials, [signing]: this.secrets.open(row.previous_secret) } : undefined,
    };
  }

  private open = (sealed: string): Credentials => JSON.parse(this.secrets.open(sealed)) as Credentials;

  /** Connects a shop, or changes the connection; answers secrets that were made, which are shown once. */
  async put(tx: Tx, actor: Principal, shop: string, given: { platform: string; credentials: Credentials; settings: Credentials }, expected: number | undefined): Promise<{ created: boolean; made: Credentials; version: number }> {
    await this.catalogue.shop(shop, tx);
    const platform = PLATFORMS.get(given.platform);
    if (platform === undefined) throw invalid('platform', `must be one of ${[...PLATFORMS.keys()].join(', ')}`);
    const before = await store.lockConnection(tx, shop);
    if (before !== undefined && before.platform !== platform.name) throw new DomainError(409, 'other-platform', `platform: the shop is connected to ${before.platform}; disconnect it first`);
    const known = before === undefined ? {} : this.open(before.credentials);
    const made: Record<string, string> = {};
    const credentials = completed('credentials', platform.credentials, { ...known, ...given.credentials }, made);
    const settings = completed('settings', platform.settings, { ...before?.settings, ...given.settings }, made);
    if (settings['apiBase'] !== undefined) checkOutboundUrl('settings.apiBase', settings['apiBase'], this.configuration.outboundAllow);
    const signing = platform.webhooks?.secret ?? '';
    const changed = before !== undefined && known[signing] !== undefined && known[signing] !== credentials[signing];
    if (before === undefined) {
      if (expected !== undefined) throw new DomainError(412, 'precondition-failed', 'the shop is not connected yet; send no If-Match');
      if ((await store.insertConnection(tx, { shop, platform: platform.name, credentials: this.secrets.seal(JSON.stringify(credentials)), settings })) === 0) throw new DomainError(409, 'exists', 'it was connected at the same moment; read it again');
    } else {
      checkVersion(expected, before.version);
      await store.updateConnection(tx, {
        shop, credentials: this.secrets.seal(JSON.stringify(credentials)), settings,
        previous_secret: changed ? this.secrets.seal(known[signing] as string) : before.previous_secret, secret_changed_at: changed ? new Date() : before.secret_changed_at,
      }, before.version);
    }
    const api = this.apiOf({ shop, credentials, settings, timeZone: 'UTC', currency: 'USD' }, platform);
    await store.keepFeeds(tx, shop, api instanceof PlatformRefused ? [] : api.feeds, new Date(Date.now() - FIRST_PULL_HOURS * 3_600_000));
    await this.access.audit(tx, actor, before === undefined ? 'connection.created' : 'connection.changed', shop, before === undefined ? undefined : { settings: before.settings, credentials: Object.keys(known) }, {
      platform: platform.name, settings, credentials: Object.keys(credentials), secretChanged: changed,
    });
    this.forget(shop);
    return { created: before === undefined, made, version: (before?.version ?? 0) + 1 };
  }

  /** Makes a new signing secret where the platform lets us make it; the one before is accepted for a while. */
  async rotate(tx: Tx, actor: Principal, shop: string): Promise<Credentials> {
    const row = await store.lockConnection(tx, shop);
    const platform = PLATFORMS.get(row?.platform ?? '');
    if (row === undefined || platform === undefined) throw notFound(`the connection of ${shop}`);
    const field = platform.credentials.find((f) => f.name === platform.webhooks?.secret);
    if (field?.generate === undefined) throw new DomainError(409, 'made-by-platform', `${platform.title} makes its own secrets: change it there, then send the new one as credentials.${field?.name ?? ''}`);
    const { made } = await this.put(tx, actor, shop, { platform: platform.name, credentials: { [field.name]: field.generate() }, settings: {} }, undefined);
    return { ...made, [field.name]: this.open((await store.findConnection(tx, shop))?.credentials ?? '')[field.name] as string };
  }

  async pause(tx: Tx, actor: Principal, shop: string, paused: boolean): Promise<void> {
    if ((await store.setPaused(tx, shop, paused)) === 0) throw notFound(`the connection of ${shop}`);
    await this.access.audit(tx, actor, paused ? 'connection.paused' : 'connection.resumed', shop, undefined, undefined);
    this.forget(shop);
  }

  async disconnect(tx: Tx, actor: Principal, shop: string): Promise<void> {
    if ((await store.deleteConnection(tx, shop)) === 0) throw notFound(`the connection of ${shop}`);
    await this.access.audit(tx, actor, 'connection.deleted', shop, undefined, undefined);
    this.forget(shop);
  }

  /** One cheap call with the stored credentials; its outcome is kept. */
  async test(shop: string): Promise<{ ok: boolean; account: string | null; fault: string | null }> {
    const connected = await this.database.transaction((tx) => this.read(tx, shop));
    if (connected === undefined) throw notFound(`the connection of ${shop}`);
    let account: string | null = null;
    let fault: string | null = null;
    try {
      account = await (await this.api(connected)).test();
    } catch (error) {
      if (!(error instanceof PlatformRefused)) throw error;
      fault = error.message.slice(0, 300);
    }
    await this.database.transaction((tx) => store.saveTest(tx, shop, account, fault));
    this.forget(shop);
    return { ok: fault === null, account, fault };
  }

  /** The platform no longer takes these credentials. Where another process renewed them meanwhile that says nothing of the new ones. */
  async accessRefused(used: Connected): Promise<void> {
    await this.database.transaction(async (tx) => {
      const row = await store.lockConnection(tx, used.shop);
      if (row !== undefined && JSON.stringify(this.open(row.credentials)) === JSON.stringify(used.credentials)) await store.setDeauthorised(tx, used.shop);
    });
    this.forget(used.shop);
  }

  forget(shop: string): void {
    this.remembered.forget(shop);
    this.clients.delete(shop);
  }

  private apiOf(shop: ConnectedShop, platform: Platform): PlatformApi | PlatformRefused {
    if (platform.api === null) return new NoApi(platform, undefined);
    try {
      return platform.api(shop, this.httpOf(shop.shop, () => 1_000));
    } catch (error) {
      if (error instanceof MissingCredential) return new NoApi(platform, error.credential);
      throw error;
    }
  }

  private httpOf(shop: string, perSecond: () => number): PlatformHttp {
    return new PlatformHttp((asked) => this.transport(asked), perSecond);
  }

  /** The platform's API with credentials that are still good; throws PlatformRefused where there are none. */
  async api(connected: Connected): Promise<PlatformApi> {
    const { platform, shop } = connected;
    if (platform.api === null) throw new NoApi(platform, undefined);
    let own: ConnectedShop = connected;
    const ends = Number(connected.credentials['accessTokenEndsAt'] ?? Number.NaN);
    if (platform.refresh !== undefined && Number.isFinite(ends) && ends - Date.now() < RENEW_MS) own = { ...connected, credentials: await this.renew(connected) };
    const built = { api: undefined as PlatformApi | undefined };
    let http = this.clients.get(shop);
    if (http === undefined) {
      http = this.httpOf(shop, () => built.api?.perSecond ?? 1);
      this.clients.set(shop, http);
    }
    try {
      built.api = platform.api(own, http);
      return built.api;
    } catch (error) {
      if (error instanceof MissingCredential) throw new NoApi(platform, error.credential);
      throw error;
    }
  }

  /** One process renews, the others wait for its row and find the new tokens: a refresh token may be good for one use. */
  private async renew(connected: Connected): Promise<Credentials> {
    const { platform, shop } = connected;
    return this.database.transaction(async (tx) => {
      const row = await store.lockConnection(tx, shop);
      if (row === undefined) throw new PlatformRefused('the shop is no longer connected', false);
      const now = this.open(row.credentials);
      if (Number(now['accessTokenEndsAt']) - Date.now() >= RENEW_MS) return now;
      const renewed = { ...now, ...(await platform.refresh?.({ ...connected, credentials: now }, this.httpOf(shop, () => 1))) };
      await store.saveTokens(tx, shop, this.secrets.seal(JSON.stringify(renewed)));
      log.info('access of a shop was renewed', { shop, platform: platform.name });
      this.remembered.forget(shop);
      return renewed;
    });
  }
}

function completed(where: string, fields: readonly Field[], given: Readonly<Record<string, string>>, made: Record<string, string>): Credentials {
  const stranger = Object.keys(given).find((name) => !fields.some((f) => f.name === name));
  if (stranger !== undefined) throw invalid(`${where}.${stranger}`, `is not one of ${fields.map((f) => f.name).join(', ') || '(none)'}`);
  const complete: Record<string, string> = {};
  for (const field of fields) {
    const value = given[field.name];
    if (value === undefined || value === '') {
      if (field.generate !== undefined) made[field.name] = complete[field.name] = field.generate();
      else if (field.required) throw invalid(`${where}.${field.name}`, `is missing: ${field.about}`);
      continue;
    }
    const fault = field.fault?.(value);
    if (fault !== undefined) throw invalid(`${where}.${field.name}`, fault);
    complete[field.name] = value;
  }
  return complete;
}
