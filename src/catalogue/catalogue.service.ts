import { Inject, Injectable } from '@nestjs/common';
import { AccessService, type Principal } from '../access/index.js';
import {
  checkOutboundUrl, checkVersion, CONFIGURATION, Database, DomainError, invalid, isCurrency, Jobs, notFound, randomSecret, reject, Remembered, Secrets, type Configuration,
  type IntakeAnswer, type LinedRow, type Tx,
} from '../kernel/index.js';
import type { Shop, ShopClock, Standing, Supplier } from './catalogue.entity.js';
import { skusAdded, termsChanged } from './catalogue.facts.js';
import { catalogueValues } from './catalogue.file.js';
import * as store from './catalogue.repository.js';

export interface ShopTerms {
  readonly platform: string;
  readonly timeZone: string;
  readonly currency: string;
  readonly clock?: ShopClock | undefined;
  readonly sendSignals?: boolean | undefined;
}

export interface SupplierChange {
  readonly name?: string | undefined;
  readonly timeZone?: string | undefined;
  readonly webhookUrl?: string | null | undefined;
  readonly standing?: Standing | undefined;
}

/** The suppliers that a file has named for each SKU so far, in its order: it is taken in in parts. */
export type NamedSuppliers = Map<string, string[]>;

/** SKUs that one fact names; a supplier may make any number. */
const SKUS_PER_FACT = 2_000;

const newSecret = (): string => `whsec_${Buffer.from(randomSecret(32), 'base64url').toString('base64')}`;
const DAY_MS = 86_400_000;

@Injectable()
export class CatalogueService {
  /** Shops whose clock and currency cannot change any more; only found ones are remembered. */
  private readonly knownShops = new Remembered<Shop>(5_000, 10_000);

  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(Secrets) private readonly secrets: Secrets,
    @Inject(Jobs) private readonly jobs: Jobs,
    @Inject(AccessService) private readonly access: AccessService,
    @Inject(CONFIGURATION) private readonly configuration: Configuration,
  ) {}

  /** Whether a shop was seen a moment ago; false says nothing. */
  knows(shop: string): boolean {
    return this.knownShops.peek(shop) !== undefined;
  }

  async shop(id: string, within?: Tx): Promise<Shop> {
    const known = this.knownShops.peek(id);
    if (known !== undefined) return known;
    // Within a transaction it may have been created in that very one, and is not remembered before it commits.
    const shop = await (within === undefined ? this.knownShops.get(id, () => this.database.transaction((tx) => store.findShop(tx, id)).then((found) => found ?? undefined)) : store.findShop(within, id));
    if (shop === null || shop === undefined) throw notFound(`the shop ${id}`);
    return shop;
  }

  /** Creates the shop, or edits it; its clock is set for good when it is created. */
  async putShop(tx: Tx, actor: Principal, id: string, terms: ShopTerms, expected: number | undefined): Promise<{ shop: Shop; created: boolean }> {
    if (!isCurrency(terms.currency)) throw invalid('currency', 'must be an ISO 4217 code such as CNY');
    const before = await store.findShop(tx, id);
    const clock = terms.clock ?? before?.clock ?? 'live';
    const values = { id, platform: terms.platform, timeZone: terms.timeZone, currency: terms.currency, sendSignals: terms.sendSignals ?? before?.sendSignals ?? clock === 'live' };
    if (before === null) {
      if (expected !== undefined) throw new DomainError(412, 'precondition-failed', 'the shop does not exist yet; send no If-Match to create it');
      if ((await store.insertShop(tx, { ...values, clock })) === 0) throw new DomainError(409, 'exists', 'the shop was created at the same moment; read it again');
    } else {
      checkVersion(expected, before.version);
      if (clock !== before.clock) throw invalid('clock', `is set for good when a shop is created (this one is ${before.clock})`);
      if ((await store.updateShop(tx, values, before.version)) === 0) throw new DomainError(412, 'precondition-failed', 'it was changed meanwhile; read it again');
    }
    this.knownShops.forget(id);
    const shop = await store.findShop(tx, id);
    if (shop === null) throw notFound(`the shop ${id}`);
    await this.access.audit(tx, actor, before === null ? 'shop.created' : 'shop.changed', id, before ?? undefined, values);
    return { shop, created: before === null };
  }

  /** For files that name shops nobody has created yet. */
  async ensureShop(tx: Tx, actor: Principal, id: string, currency: string): Promise<void> {
    if ((await store.insertShop(tx, { id, platform: 'other', timeZone: 'UTC', currency, clock: 'live', sendSignals: true })) === 1) {
      await this.access.audit(tx, actor, 'shop.created', id, undefined, { platform: 'other', by: 'file' });
    }
  }

  async createSupplier(tx: Tx, actor: Principal, id: string, values: { name?: string | undefined; timeZone: string; webhookUrl?: string | undefined }): Promise<{ supplier: Supplier; secret: string | undefined }> {
    const url = values.webhookUrl === undefined ? undefined : checkOutboundUrl('webhookUrl', values.webhookUrl, this.configuration.outboundAllow).toString();
    const secret = url === undefined ? undefined : newSecret();
    const inserted = await store.insertSupplier(tx, { id, name: values.name ?? id, timeZone: values.timeZone, webhookUrl: url ?? null, webhookSecret: secret === undefined ? null : this.secrets.seal(secret) });
    if (inserted === 0) throw new DomainError(409, 'exists', `the supplier ${id} exists already`);
    await this.access.audit(tx, actor, 'supplier.created', id, undefined, { name: values.name ?? id, timeZone: values.timeZone, webhookUrl: url ?? null });
    return { supplier: await this.supplier(tx, id), secret };
  }

  async supplier(tx: Tx, id: string): Promise<Supplier> {
    const supplier = await store.findSupplier(tx, id);
    if (supplier === null) throw notFound(`the supplier ${id}`);
    return supplier;
  }

  async changeSupplier(tx: Tx, actor: Principal, id: string, change: SupplierChange, expected: number | undefined): Promise<{ supplier: Supplier; secret: string | undefined }> {
    const before = await this.supplier(tx, id);
    checkVersion(expected, before.version);
    const after = Object.assign(Object.create(null) as Supplier, before);
    if (change.name !== undefined) after.name = change.name;
    if (change.timeZone !== undefined) after.timeZone = change.timeZone;
    if (change.standing !== undefined) after.standing = change.standing;
    let secret: string | undefined;
    if (change.webhookUrl !== undefined) {
      after.webhookUrl = change.webhookUrl === null ? null : checkOutboundUrl('webhookUrl', change.webhookUrl, this.configuration.outboundAllow).toString();
      after.webhookDisabledAt = null;
      if (after.webhookUrl !== null && after.webhookSecret === null) {
        secret = newSecret();
        after.webhookSecret = this.secrets.seal(secret);
      }
    }
    if ((await store.updateSupplier(tx, after)) === 0) throw new DomainError(412, 'precondition-failed', 'it was changed meanwhile; read it again');
    // Who makes a SKU is its first supplier that may get signals.
    if ((before.standing === 'prevent') !== (after.standing === 'prevent')) await this.announceTerms(tx, await store.skusSourcedFrom(tx, id));
    await this.access.audit(tx, actor, 'supplier.changed', id, publicPart(before), publicPart(after));
    return { supplier: await this.supplier(tx, id), secret };
  }

  /** A new secret; the one before stays valid for a day, so that the factory can change over without losing a signal. */
  async rotateSecret(tx: Tx, actor: Principal, id: string): Promise<string> {
    const before = await this.supplier(tx, id);
    const secret = newSecret();
    await store.updateSupplier(tx, Object.assign(before, { webhookSecretPrevious: before.webhookSecret, webhookSecret: this.secrets.seal(secret), webhookSecretRotatedAt: new Date() }));
    await this.access.audit(tx, actor, 'supplier.secret-rotated', id, undefined, undefined);
    return secret;
  }

  /** Where and with which secrets (newest first) a supplier's signals are delivered; undefined where it has no endpoint. */
  async endpointOf(tx: Tx, id: string, now: Date): Promise<{ url: string; secrets: string[] } | undefined> {
    const supplier = await store.findSupplier(tx, id);
    if (supplier?.webhookUrl == null || supplier.webhookSecret === null || supplier.webhookDisabledAt !== null) return undefined;
    const previous = supplier.webhookSecretPrevious !== null && supplier.webhookSecretRotatedAt !== null && now.getTime() - supplier.webhookSecretRotatedAt.getTime() < DAY_MS ? [supplier.webhookSecretPrevious] : [];
    return { url: supplier.webhookUrl, secrets: [supplier.webhookSecret, ...previous].map((sealed) => this.secrets.open(sealed)) };
  }

  disableEndpoint = (tx: Tx, id: string): Promise<number> => store.disableWebhook(tx, id);

  private async announceTerms(tx: Tx, skus: readonly string[]): Promise<void> {
    for (let i = 0; i < skus.length; i += SKUS_PER_FACT) await this.jobs.announce(tx, termsChanged, { skus: skus.slice(i, i + SKUS_PER_FACT) });
  }

  /**
   * Applies rows of a catalogue file; suppliers nobody knows are created where `create` allows it. Of the suppliers that a file names
   * for a SKU the first becomes its first, and those that it does not name come after them.
   */
  async importRows(tx: Tx, actor: Principal, rows: readonly LinedRow[], answer: IntakeAnswer, create: boolean, named: NamedSuppliers = new Map()): Promise<Map<string, number>> {
    const known = await store.existingSuppliers(tx, [...new Set(rows.map((r) => String(r.row['supplier'])))]);
    const fresh = [...new Set(rows.map((r) => String(r.row['supplier'])))].filter((id) => !known.has(id));
    if (create && fresh.length > 0) {
      await store.insertSuppliers(tx, fresh);
      await this.access.audit(tx, actor, 'supplier.created', fresh.join(','), undefined, { by: 'file' });
    }
    const values = new Map<string, store.CatalogueValues>();
    const stock = new Map<string, number>();
    for (const { line, row } of rows) {
      if (!create && !known.has(String(row['supplier']))) {
        reject(answer, { line, code: 'unknown-supplier', detail: `supplier: ${String(row['supplier'])} does not exist` });
        continue;
      }
      answer.accepted++;
      const value = catalogueValues(row);
      const suppliers = named.get(value.sku) ?? [];
      if (!suppliers.includes(value.supplier)) named.set(value.sku, [...suppliers, value.supplier]);
      const key = `${value.sku}\0${value.supplier}`;
      // What is the SKU's own is taken from its last row, so that one stands last.
      values.delete(key);
      values.set(key, value);
      stock.set(String(row['sku']), Number(row['initial_stock']));
    }
    const { added, changed } = await store.upsertCatalogue(tx, [...values.values()]);
    const ranked = await store.rankSuppliers(tx, [...stock.keys()].flatMap((sku) => (named.get(sku) ?? []).map((supplier, i) => ({ sku, supplier, rank: i + 1 }))));
    if (added.length > 0) await this.jobs.announce(tx, skusAdded, { skus: added });
    const isNew = new Set(added);
    await this.announceTerms(tx, [...new Set([...changed, ...ranked.filter((sku) => !isNew.has(sku))])].sort());
    return stock;
  }
}

const publicPart = (s: Supplier): object => ({ name: s.name, timeZone: s.timeZone, webhookUrl: s.webhookUrl, standing: s.standing });
