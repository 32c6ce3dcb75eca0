// What a merchant's own shows teach whoever plays a back-test as the service would, and what is told of each show by that.
import { learnNowcast, OrderTimes, PACE_MS, PUBLISHED_NOWCAST, TAIL_MS, type ItemFacts, type NowcastModel, type PastBroadcast } from '../../forecast/math/index.js';
import { airOf, factsOf, nowcasterOf, type ItemNowcast, type Nowcaster, type PlannedBroadcast } from '../../forecast/offline.js';
import type { House } from './house.js';

/** Broadcasts with their whole line-ups. */
function plannedOf(house: House): Map<string, PlannedBroadcast> {
  const categories = new Map(house.scene.skus.map((k) => [k.terms.sku, k.terms.category]));
  const shows = new Map<string, PlannedBroadcast & { items: { sku: string; slotAt: number; price: number; plannedUnits: number }[] }>();
  for (const i of house.scene.items) {
    let show = shows.get(i.broadcast);
    if (show === undefined) shows.set(i.broadcast, (show = { id: i.broadcast, anchor: i.anchor, shop: i.shop, air: airOf(i), items: [], categories }));
    show.items.push({ sku: i.sku, slotAt: i.slot_at.getTime(), price: i.price, plannedUnits: i.planned_units });
  }
  return shows;
}

const recent = (times: readonly number[] | undefined, from: number): number => {
  let n = 0;
  for (let i = (times?.length ?? 0) - 1; i >= 0 && ((times as number[])[i] as number) > from; i--) n++;
  return n;
};

export class Shows {
  model: NowcastModel = PUBLISHED_NOWCAST;
  private planned: Map<string, PlannedBroadcast> | undefined;
  private readonly facts = new Map<PlannedBroadcast, readonly ItemFacts[]>();
  private taught = 0;
  /** By broadcast, under the model in force. */
  private nowcasters = new Map<string, Nowcaster>();
  /** By broadcast, at one moment. */
  private nowcasts = new Map<string, Map<string, ItemNowcast>>();
  private nowcastAt = -Infinity;

  /** The nowcast is learned anew when a quarter more shows are over than the last time. */
  learn(house: House): void {
    this.planned ??= plannedOf(house);
    const over = [...this.planned.values()].filter((b) => b.air.endsAt <= house.now);
    if (over.length === 0 || over.length < 1.25 * this.taught) return;
    this.taught = over.length;
    const [lines, logMilli] = house.demand.reduce(([n, log], d) => [n + d.lines, log + d.lineLogMilli], [0, 0]);
    this.model = learnNowcast(over.map((b): PastBroadcast => ({
      air: b.air, knownUntil: Math.min(house.now, b.air.endsAt + TAIL_MS),
      items: this.factsOf(b).map((facts) => ({ facts, sold: new OrderTimes(timesOf(house, facts.sku, b.id)) })),
    })), lines === 0 ? 0 : logMilli / 1000 / lines);
    this.nowcasters = new Map();
    this.nowcastAt = -Infinity;
  }

  /** What is told of a show now, by SKU. */
  of(house: House, broadcast: string): Map<string, ItemNowcast> {
    if (this.nowcastAt !== house.now) this.nowcasts = new Map();
    this.nowcastAt = house.now;
    let all = this.nowcasts.get(broadcast);
    if (all === undefined) {
      const { items } = this.planned?.get(broadcast) as PlannedBroadcast;
      const orders = new Map(items.map((i) => [i.sku, timesOf(house, i.sku, broadcast).length]));
      all = this.nowcasterOf(broadcast)(orders, (sku) => recent(timesOf(house, sku, broadcast), house.now - PACE_MS), house.now);
      this.nowcasts.set(broadcast, all);
    }
    return all;
  }

  private factsOf(b: PlannedBroadcast): readonly ItemFacts[] {
    const facts = this.facts.get(b) ?? factsOf(b, []);
    this.facts.set(b, facts);
    return facts;
  }

  private nowcasterOf(broadcast: string): Nowcaster {
    let nowcaster = this.nowcasters.get(broadcast);
    if (nowcaster === undefined) this.nowcasters.set(broadcast, (nowcaster = nowcasterOf(this.model, this.planned?.get(broadcast) as PlannedBroadcast, [])));
    return nowcaster;
  }
}

/** When a SKU was sold in a broadcast. */
const timesOf = (house: House, sku: string, broadcast: string): readonly number[] => house.seen.arrivals[house.index.get(sku) as number]?.get(broadcast) ?? [];
