// Stock that several shops sell, told to their platforms. Platforms sell and decrement before we hear of it, so they are told changes,
// each with an id that counts once however often it is sent, and now and then their own number is read.
import { Inject, Injectable } from '@nestjs/common';
import { AccessService, type Principal } from '../access/index.js';
import { existingSkus } from '../catalogue/index.js';
import { levelsOf, reservedUnpaid } from '../inventory/index.js';
import { Database, DomainError, Handles, invalid, Jobs, log, newId, notFound, Repeated, type JobRun, type Tx } from '../kernel/index.js';
import { allClocks, demandOf, soldLately, unpaidUnits, type SkuDemand } from '../orders/index.js';
import { pushStock } from './connections.jobs.js';
import { ConnectionsService, type Connected } from './connections.service.js';
import { offersOf } from './math/index.js';
import { PlatformRefused } from './platforms/platform-http.js';
import type { PlatformStock } from './platforms/platform.js';
import * as store from './shared-stock.repository.js';

const TICK_MS = 1_000;
/** All that one look decides: cut between two sharers of a SKU the one would be taken for alone. */
const MOST_OFFERS = 100_000;
const RUN_MS = 30_000;
const READ_AGAIN_SECONDS = 120;
const PER_RUN = 50;
/** The faster of the rates over these spans is taken for the rate: a minute is steady, ten seconds see a pitch begin. */
const RATE_SECONDS = [10, 60] as const;
/** Chance, per shop and look, that the others sell more than the buffer before a push arrives. */
export const RISK = 0.01;
const READ_SECONDS = 600;

export interface NewOffer {
  readonly sku: string;
  readonly code: string;
  readonly item: string | null;
  readonly buffer: number | null;
  readonly hearSeconds: number;
  readonly pushSeconds: number;
}

/** Units that the platform took for sold: created or paid, less what was cancelled. */
const soldOf = (d: SkuDemand | undefined): number => (d === undefined ? 0 : d.ordered - d.cancelled);

@Injectable()
export class SharedStock {
  private readonly ticks: Repeated;

  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(Jobs) private readonly jobs: Jobs,
    @Inject(ConnectionsService) private readonly connections: ConnectionsService,
    @Inject(AccessService) private readonly access: AccessService,
  ) {
    this.ticks = new Repeated('the tick of shared stock', TICK_MS, () => this.database.transaction((tx) => this.tick(tx)));
  }

  start(): void {
    this.ticks.start();
  }

  async stop(): Promise<void> {
    await this.ticks.stop();
  }

  /** Decides what shops show now; every process may, and a change that another has decided meanwhile is not decided again. */
  async tick(tx: Tx): Promise<void> {
    const offers = await store.allOffers(tx, MOST_OFFERS);
    if (offers.length > 0) await this.decide(tx, offers);
    const shops = new Set([...(await store.shopsWithPushes(tx)), ...(offers.length === 0 ? [] : await store.shopsToRead(tx, READ_SECONDS))].map((s) => s.shop));
    if (shops.size > 0) await this.jobs.enqueue(tx, pushStock, [...shops].map((shop) => ({ shop })));
  }

  private async decide(tx: Tx, offers: readonly store.OfferRow[]): Promise<void> {
    const skus = [...new Set(offers.map((o) => o.sku))];
    const shops = [...new Set(offers.map((o) => o.shop))];
    const live = new Set((await allClocks(tx)).filter((c) => c.clock === 'live').map((c) => c.id));
    const levels = await levelsOf(tx, 'live', skus);
    const twice = await reservedUnpaid(tx, 'live', skus);
    const demand = (await demandOf(tx, skus)).filter((d) => live.has(d.shop));
    const rates = await Promise.all(RATE_SECONDS.map(async (seconds) => new Map((await soldLately(tx, shops, skus, seconds)).map((r) => [`${r.shop}\0${r.sku}`, r.units / seconds]))));
    for (const sku of skus) {
      const own = offers.filter((o) => o.sku === sku);
      const sums = demand.filter((d) => d.sku === sku);
      const place = levels.filter((l) => l.sku === sku);
      const onHand = place.reduce((s, l) => s + l.on_hand, 0);
      const reserved = place.reduce((s, l) => s + l.reserved, 0);
      const open = sums.reduce((s, d) => s + d.open_units, 0);
      // What is reserved for an unpaid order is among the reserved already.
      const unpaid = Math.max(0, sums.reduce((s, d) => s + unpaidUnits(d), 0) - (twice.get(sku) ?? 0));
      // Stock may settle a moment after an order: what is open is promised, whether it is reserved yet or not.
      const free = onHand - Math.max(reserved, open) - unpaid;
      const sharers = own.map((o) => ({
        shop: o.shop, shown: shownOf(o, sums), perSecond: Math.max(...rates.map((r) => r.get(`${o.shop}\0${sku}`) ?? 0)), hearSeconds: o.hear_seconds, pushSeconds: o.push_seconds, buffer: o.buffer,
      }));
      // Until a cut has arrived the platform shows what it showed before.
      const decided = offersOf(free, sharers.map((s, i) => ({ ...s, shown: s.shown + Math.max(0, -(own[i]?.waiting ?? 0)) })), RISK);
      for (const [i, offer] of decided.entries()) {
        const o = own[i];
        const change = offer.units - (sharers[i]?.shown ?? 0);
        if (o === undefined) continue;
        if (o.waiting !== null || o.quiet || !o.active || change === 0) {
          if (o.units !== offer.units || o.held_back !== offer.buffer) await store.noteWanted(tx, { shop: o.shop, sku, units: offer.units, heldBack: offer.buffer });
        } else await store.openPush(tx, { id: newId('psh'), shop: o.shop, sku, change, pushed: o.pushed, units: offer.units, heldBack: offer.buffer });
      }
    }
  }

  @Handles(pushStock)
  async onPush(run: JobRun<{ shop: string }>): Promise<void> {
    const connected = await this.connections.find(run.payload.shop);
    if (connected === undefined || connected.paused) return;
    try {
      const stock = await this.stockOf(connected);
      const ends = Date.now() + RUN_MS;
      for (const push of await this.database.transaction((tx) => store.duePushes(tx, connected.shop, PER_RUN))) if (Date.now() > ends || !(await this.tell(stock, push))) return;
      await this.readBack(stock, connected.shop);
    } catch (error) {
      if (!(error instanceof PlatformRefused)) throw error;
      if (error.unauthorised) await this.connections.accessRefused(connected);
      log.warn('the stock of a shop could not be told', { shop: connected.shop, reason: error.message });
    }
  }

  /** One change; false where the platform wants to be left alone for now. */
  private async tell(stock: PlatformStock, push: store.PushRow): Promise<boolean> {
    try {
      await stock.push({ id: push.id, code: push.code, item: push.item, change: push.change });
      await this.database.transaction((tx) => store.endPush(tx, push.id));
      return true;
    } catch (error) {
      if (!(error instanceof PlatformRefused)) throw error;
      const fault = error.message.slice(0, 300);
      if (error.unauthorised) throw error;
      if (error.retry) await this.database.transaction((tx) => store.postponePush(tx, push.id, Math.max(error.retryAfterSeconds ?? 0, Math.min(300, 2 ** Math.min(push.attempts, 8))), fault));
      else await this.database.transaction((tx) => store.refusePush(tx, push, fault));
      return !error.retry;
    }
  }

  /** The platform's own number: what differs from ours twice in a row is believed, for a sale may be on its way to us. */
  private async readBack(stock: PlatformStock, shop: string): Promise<void> {
    const offers = await this.database.transaction((tx) => store.unread(tx, shop, READ_SECONDS, PER_RUN));
    if (offers.length === 0) return;
    let shown: ReadonlyMap<string, number>;
    try {
      shown = await stock.read(offers.map((o) => ({ code: o.code, item: o.item })));
    } catch (error) {
      const wait = error instanceof PlatformRefused ? Math.max(error.retryAfterSeconds ?? 0, READ_AGAIN_SECONDS) : READ_AGAIN_SECONDS;
      await this.database.transaction((tx) => store.postponeReading(tx, shop, offers.map((o) => o.sku), wait));
      throw error;
    }
    await this.database.transaction(async (tx) => {
      await store.postponeReading(tx, shop, offers.filter((o) => !shown.has(o.code)).map((o) => o.sku), READ_AGAIN_SECONDS);
      const demand = await demandOf(tx, offers.map((o) => o.sku));
      for (const o of offers) {
        const units = shown.get(o.code);
        if (units !== undefined) await store.noteDrift(tx, shop, o.sku, units - shownOf(o, demand.filter((d) => d.sku === o.sku)));
      }
    });
  }

  private async stockOf(connected: Connected): Promise<PlatformStock> {
    const { stock } = await this.connections.api(connected);
    if (stock === undefined) throw new PlatformRefused(`${connected.platform.title} takes no increments with an id of their own`, false);
    return stock;
  }

  /** Which SKUs a shop's platform is told; begins with what the platform shows now. */
  async put(actor: Principal, shop: string, items: readonly NewOffer[]): Promise<void> {
    const connected = await this.connections.find(shop);
    if (connected === undefined) throw notFound(`the connection of ${shop}`);
    if (new Set(items.map((i) => i.sku)).size < items.length) throw invalid('items', 'name one SKU twice');
    if (new Set(items.map((i) => i.code)).size < items.length) throw invalid('items', 'name one code twice');
    let shown: ReadonlyMap<string, number>;
    try {
      shown = items.length === 0 ? new Map() : await (await this.stockOf(connected)).read(items.map((i) => ({ code: i.code, item: i.item })));
    } catch (error) {
      if (error instanceof PlatformRefused) throw new DomainError(409, 'platform-refused', `the platform's own numbers cannot be read: ${error.message}`);
      throw error;
    }
    const stranger = items.find((i) => !shown.has(i.code));
    if (stranger !== undefined) throw invalid('items', `the platform does not know the code ${stranger.code}`);
    await this.database.transaction(async (tx) => {
      const known = await existingSkus(tx, items.map((i) => i.sku));
      const nobody = items.find((i) => !known.has(i.sku));
      if (nobody !== undefined) throw invalid('items', `the SKU ${nobody.sku} does not exist`);
      if ((await allClocks(tx)).some((c) => c.id === shop && c.clock === 'replay')) throw invalid('shop', 'is a replay shop: its orders are no live stock');
      const demand = await demandOf(tx, items.map((i) => i.sku));
      await store.endPushesOfOtherCodes(tx, shop, items);
      await store.removeOffers(tx, shop, items.map((i) => i.sku));
      for (const i of items) {
        const sold = soldOf(demand.find((d) => d.sku === i.sku && d.shop === shop));
        await store.saveOffer(tx, { shop, sku: i.sku, code: i.code, item: i.item, buffer: i.buffer, hear_seconds: i.hearSeconds, push_seconds: i.pushSeconds, pushed: shown.get(i.code) ?? 0, sold_before: sold });
      }
      await this.access.audit(tx, actor, 'stock-offers.changed', shop, undefined, { items: items.length });
    });
  }
}

/** What a platform shows, as far as we know: pushed less what was heard sold since. */
export const shownOf = (o: Pick<store.OfferRow, 'shop' | 'pushed' | 'sold_before'>, demand: readonly SkuDemand[]): number => o.pushed - (soldOf(demand.find((d) => d.shop === o.shop)) - o.sold_before);
