// The nowcast's model: learned in a job of its own when a broadcast has ended, kept as a row, remembered by every process; and the
// plans of broadcasts, remembered until they change. So an assessment adds one small question per broadcast, whatever the history.
import { Inject, Injectable } from '@nestjs/common';
import { endedBroadcasts, plansOf, slotsAsShown, type RunningItem } from '../broadcasts/index.js';
import { categoriesOf } from '../catalogue/index.js';
import { Handles, Jobs, newId, type JobRun, type Tx } from '../kernel/index.js';
import { allClocks, ordersInBroadcasts, orderTimesOf, usualLine, type ShopClockRow } from '../orders/index.js';
import { learnNowcast, OrderTimes, TAIL_MS, type NowcastModel, type PastBroadcast } from './math/index.js';
import { learnFromBroadcasts } from './forecast.facts.js';
import { airOf, factsOf, nowcastsOf, plannedSlots, PUBLISHED, type ItemNowcast, type NamedModel, type PlannedBroadcast } from './nowcast.rules.js';
import * as store from './nowcast.repository.js';

type World = 'live' | 'replay';

/** Broadcasts that teach, and their resolution: half a minute is the finest a profile knows. */
const TEACHING = 40;
const RESOLUTION_SECONDS = 30;
const MODELS_KEPT = 50;
/** Learning is asked for at most so often, by the clock of the process. */
const ASK_AGAIN_MS = 60_000;
/** Orders of a broadcast that ended are waited for so long, by the shop's clock. */
const WAITED_FOR_MS = 24 * 3_600_000;
/** Plans and models that a process remembers. */
const REMEMBERED = 500;

@Injectable()
export class NowcastService {
  private readonly askedAt = new Map<World, number>();
  private readonly models = new Map<string, NamedModel>();
  private readonly plans = new Map<string, PlannedBroadcast>();

  constructor(@Inject(Jobs) private readonly jobs: Jobs) {}

  /** The model in force; the published one until a broadcast has ended. */
  async current(tx: Tx, world: World): Promise<NamedModel> {
    const latest = await store.latestModel(tx, world);
    if (latest === undefined) return PUBLISHED;
    const known = this.models.get(latest.id);
    if (known !== undefined) return known;
    const found = await store.findModel(tx, latest.id);
    const model = found === undefined ? PUBLISHED : { id: latest.id, model: found.model };
    remember(this.models, latest.id, model);
    return model;
  }

  /** The plans of the broadcasts of items; those that did not change come from memory. */
  async plansOf(tx: Tx, items: readonly Pick<RunningItem, 'broadcast' | 'version'>[]): Promise<PlannedBroadcast[]> {
    const wanted = new Map(items.map((i) => [i.broadcast, `${i.broadcast} ${i.version}`]));
    // What is answered is at hand before anything new is remembered: remembering forgets the oldest.
    const known = [...wanted.values()].flatMap((key) => this.plans.get(key) ?? []);
    const missing = [...wanted].filter(([, key]) => !this.plans.has(key)).map(([id]) => id);
    const loaded = missing.length === 0 ? [] : await this.load(tx, missing);
    for (const plan of loaded) remember(this.plans, wanted.get(plan.id) as string, plan);
    return [...known, ...loaded];
  }

  private async load(tx: Tx, ids: readonly string[]): Promise<PlannedBroadcast[]> {
    const plans = await plansOf(tx, ids);
    const categories = await categoriesOf(tx, [...new Set(plans.flatMap((p) => p.items.map((i) => i.sku)))]);
    return plans.map((p) => ({ id: p.id, anchor: p.anchor, shop: p.shop, air: airOf(p), items: p.items, ...(p.shown.length === 0 ? {} : { slots: slotsAsShown(plannedSlots(p), p.shown) }), categories: new Map(p.items.map((i) => [i.sku, categories.get(i.sku) ?? ''])) }));
  }

  /** Every SKU of the broadcasts of items, by broadcast and SKU. @param nows by shop; @param recentOf orders of the last PACE_MS of a SKU in a broadcast; null: not known */
  async ofItems(
    tx: Tx, model: NowcastModel, items: readonly Pick<RunningItem, 'broadcast' | 'version'>[], nows: ReadonlyMap<string, Date>, recentOf: (broadcast: string, sku: string) => number | null,
  ): Promise<Map<string, Map<string, ItemNowcast>>> {
    if (items.length === 0) return new Map();
    const plans = await this.plansOf(tx, items);
    const orders = new Map<string, Map<string, number>>();
    const shopOf = new Map(plans.map((p) => [p.id, p.shop]));
    for (const row of await ordersInBroadcasts(tx, plans.map((p) => p.id))) {
      // What another shop counts under the broadcast's name is not its own, here as in learning.
      if (shopOf.get(row.broadcast) !== row.shop) continue;
      const skus = orders.get(row.broadcast) ?? new Map<string, number>();
      orders.set(row.broadcast, skus.set(row.sku, (skus.get(row.sku) ?? 0) + row.orders));
    }
    return new Map(plans.flatMap((p) => {
      const now = nows.get(p.shop)?.getTime();
      return now === undefined ? [] : [[p.id, nowcastsOf(model, p, orders.get(p.id) ?? new Map<string, number>(), (sku) => recentOf(p.id, sku), now)]];
    }));
  }

  /** Asks for learning where a broadcast has ended since the model was learned; at most once a minute of wall time. */
  async remind(tx: Tx, world: World, clocks: readonly ShopClockRow[]): Promise<void> {
    const [ended] = await endedBroadcasts(tx, shopsOf(world, clocks), 1);
    if (ended === undefined) return;
    const latest = await store.latestModel(tx, world);
    if (latest !== undefined && (latest.learned_lately || latest.ended_at >= ended.ends_at)) return;
    // Where nothing could be learned yet no model says when it was tried.
    const asked = this.askedAt.get(world);
    if (asked !== undefined && performance.now() - asked < ASK_AGAIN_MS) return;
    this.askedAt.set(world, performance.now());
    await this.jobs.enqueue(tx, learnFromBroadcasts, [{ world }]);
  }

  @Handles(learnFromBroadcasts)
  async learn(run: JobRun<{ world: World }>): Promise<void> {
    const { world } = run.payload;
    await run.effect(async (tx) => {
      const shops = shopsOf(world, await allClocks(tx));
      const ended = await endedBroadcasts(tx, shops, TEACHING);
      const [latest] = ended;
      if (latest === undefined) return;
      const past = await this.past(tx, ended.map((b) => b.id), shops);
      if (past.length === 0) return;
      const line = await usualLine(tx, [...shops.keys()]);
      const model = learnNowcast(past.map((p) => p.taught), line.lines === 0 ? 0 : line.logMilli / 1000 / line.lines);
      // Orders may come after the broadcasts they belong to: one that ended lately and has none yet is waited for, and learned from
      // when they are there; one that has none a day later was never held.
      const silent = ended.some((b) => !past.some((p) => p.id === b.id) && (shops.get(b.shop)?.getTime() ?? 0) < b.ends_at.getTime() + WAITED_FOR_MS);
      const endedAt = silent ? past.reduce((last, p) => (p.taught.air.endsAt > last.getTime() ? new Date(p.taught.air.endsAt) : last), new Date(0)) : latest.ends_at;
      await store.insertModel(tx, { id: newId('nm'), world, endedAt, model });
      await store.forgetModels(tx, world, MODELS_KEPT);
    });
  }

  private async past(tx: Tx, ids: readonly string[], shops: ReadonlyMap<string, Date>): Promise<{ readonly id: string; readonly taught: PastBroadcast }[]> {
    const plans = await this.load(tx, ids);
    const sold = new Map<string, Map<string, OrderTimes>>();
    for (const row of await orderTimesOf(tx, ids, RESOLUTION_SECONDS)) {
      // A broadcast is of one shop; what another shop counts under its name is not its own.
      if (plans.find((p) => p.id === row.broadcast)?.shop !== row.shop) continue;
      sold.set(row.broadcast, (sold.get(row.broadcast) ?? new Map<string, OrderTimes>()).set(row.sku, new OrderTimes(row.at, row.orders)));
    }
    return plans.flatMap((p): { id: string; taught: PastBroadcast }[] => {
      const skus = sold.get(p.id);
      const now = shops.get(p.shop);
      // Planned but without a single order: it was perhaps never held.
      if (skus === undefined || now === undefined) return [];
      const items = factsOf(p, skus.keys()).map((facts) => ({ facts, sold: skus.get(facts.sku) ?? new OrderTimes([]) }));
      return [{ id: p.id, taught: { air: p.air, knownUntil: Math.min(now.getTime(), p.air.endsAt + TAIL_MS), items } }];
    });
  }
}

const shopsOf = (world: World, clocks: readonly ShopClockRow[]): Map<string, Date> => new Map(clocks.flatMap((c) => (c.clock === world && c.now !== null ? [[c.id, c.now] as const] : [])));

function remember<V>(memory: Map<string, V>, key: string, value: V): void {
  // The oldest goes first: maps keep the order of insertion.
  if (memory.size >= REMEMBERED) memory.delete(memory.keys().next().value as string);
  memory.set(key, value);
}
