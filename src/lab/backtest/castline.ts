// Castline's own policy, by the very rules of the service (need.rules.ts, quantity.ts): what is sold for certain is made while the show
// runs; what is recommended beyond it is made when the show is over and each morning; what is no longer needed is taken back.
import { choose, decide, type Decided } from '../../forecast/offline.js';
import { DAY_MS, HOUR_MS } from './clock.js';
import type { House } from './house.js';
import type { Knowledge } from './knowledge.js';
import { coveredOf, inputOf, mustMake, type Covered } from './look.js';
import { mayPay } from './may-pay.js';
import type { Policy } from './policies.js';
import type { LineUpItem } from './scene.js';

/** Local hour (UTC) at which each day's need is looked at. */
const MORNING_HOUR = 1;

export interface Decision {
  readonly at: number;
  readonly group: string;
  /** What the house was told to make or to give back, by SKU. */
  readonly made: ReadonlyMap<string, number>;
  readonly takenBack: number;
  readonly members: readonly Decided[];
}

export interface CastlineOptions {
  /** Make only what is sold already: never more than the committed need. */
  readonly committedOnly: boolean;
  readonly hear?: (decision: Decision) => void;
}

const itemsBySku = (house: House): Map<number, LineUpItem[]> => {
  const index = new Map(house.scene.skus.map((s, i) => [s.terms.sku, i]));
  const items = new Map<number, LineUpItem[]>();
  for (const item of house.scene.items) {
    const sku = index.get(item.sku);
    if (sku !== undefined) items.set(sku, [...(items.get(sku) ?? []), item]);
  }
  return items;
};

export interface CastlinePolicy extends Policy {
  /** Looks at every group as on a morning, whatever the hour. */
  decideAll(house: House): void;
}

export function castlinePolicy(knowledge: Knowledge, options: CastlineOptions = { committedOnly: false }): CastlinePolicy {
  let items: Map<number, LineUpItem[]> | undefined;
  /** Groups to look at, by when they may be next: a quarter of an hour after the last time. */
  let morning = -Infinity;
  let upcoming: LineUpItem[] = [];
  /** When shows run, and what groups are in them: between them nothing is looked at but in the morning. */
  let shows: { readonly from: number; readonly to: number; readonly groups: Set<string> }[] = [];
  const pending = new Set<string>();
  const groupBySku = new Map<number, string>();
  return {
    sells: true,
    looks: true,
    decideAll: (house) => {
      items ??= itemsBySku(house);
      for (const group of house.groups.values()) decideGroupOf(house, group, items, knowledge, !options.committedOnly, options.hear);
    },
    decide: (house) => {
      items ??= itemsBySku(house);
      if (groupBySku.size === 0) {
        for (const [key, group] of house.groups) for (const sku of group) groupBySku.set(sku, key);
        upcoming = [...house.scene.items].sort((a, b) => a.ends_at.getTime() - b.ends_at.getTime());
        shows = showsOf(items, groupBySku);
      }
      for (const sku of house.seen.touched) pending.add(groupBySku.get(sku) as string);
      house.seen.touched.clear();
      const over = new Set<string>();
      while (upcoming[0] !== undefined && upcoming[0].ends_at.getTime() <= house.now) over.add((upcoming.shift() as LineUpItem).broadcast);
      const isMorning = Math.floor(house.now / HOUR_MS) % 24 === MORNING_HOUR && house.now - morning >= 20 * HOUR_MS;
      if (isMorning) {
        morning = house.now;
        // Shows within the lead time are looked at although nothing happened yet.
        for (const [sku, list] of items) {
          const lead = (house.scene.skus[sku]?.terms.lead_time_days ?? 0) * DAY_MS;
          if (list.some((i) => i.starts_at.getTime() > house.now && i.starts_at.getTime() <= house.now + lead)) pending.add(groupBySku.get(sku) as string);
        }
      }
      if (pending.size === 0) return;
      const running = shows.filter((s) => s.from <= house.now && house.now < s.to);
      if (!isMorning && over.size === 0 && running.length === 0) return;
      const isOnAir = (key: string): boolean => running.some((s) => s.groups.has(key));
      for (const key of isMorning || over.size > 0 ? pending : [...pending].filter(isOnAir)) {
        const group = house.groups.get(key) ?? [];
        const whole = isMorning || group.some((sku) => items?.get(sku)?.some((i) => over.has(i.broadcast)) === true);
        if (!whole && !isOnAir(key)) continue;
        // While the show runs only what is sold for certain is ordered: nothing to decide where that cannot reach the least order.
        if (!whole && !mayReachLeast(house, group)) continue;
        pending.delete(key);
        decideGroupOf(house, group, items, knowledge, whole && !options.committedOnly, options.hear);
      }
    },
  };
}

function showsOf(items: ReadonlyMap<number, readonly LineUpItem[]>, groupBySku: ReadonlyMap<number, string>): { from: number; to: number; groups: Set<string> }[] {
  const shows = new Map<string, { from: number; to: number; groups: Set<string> }>();
  for (const [sku, own] of items) {
    for (const { starts_at, ends_at } of own) {
      const [from, to] = [starts_at.getTime(), ends_at.getTime()];
      const show = shows.get(`${from} ${to}`) ?? { from, to, groups: new Set() };
      show.groups.add(groupBySku.get(sku) as string);
      shows.set(`${from} ${to}`, show);
    }
  }
  return [...shows.values()];
}

function mayReachLeast(house: House, group: readonly number[]): boolean {
  const most = group.reduce((s, sku) => s + Math.max(0, (house.demand[sku]?.open ?? 0) - house.stock(sku) - house.supply(sku).reduce((sum, b) => sum + b.quantity, 0)), 0);
  return most >= (house.scene.skus[group[0] as number]?.terms.moq ?? 1);
}

/** Whether what must be made is as much as the least order of any of its SKUs: less is never made while the show runs. */
const reachesLeast = (covered: readonly Covered[]): boolean => covered.reduce((s, c) => s + Math.max(0, mustMake(c)), 0) >= Math.min(...covered.map((c) => c.base.terms.moq));

function decideGroupOf(house: House, group: readonly number[], items: ReadonlyMap<number, readonly LineUpItem[]>, knowledge: Knowledge, whole: boolean, hear: CastlineOptions['hear']): void {
  const first = house.scene.skus[group[0] as number];
  if (first?.terms.supplier == null) return;
  knowledge.learn(house);
  if (whole && hear === undefined && !mayPay(house, group, items, knowledge)) return;
  const covered = group.map((sku) => coveredOf(house, sku, items.get(sku) ?? [], knowledge, whole));
  if (!whole && !reachesLeast(covered)) return;
  const inputs = covered.map((c) => inputOf(house, c, items.get(c.sku) ?? [], knowledge, hear !== undefined));
  // Words are for whoever listens.
  const decided = hear === undefined ? undefined : decide(inputs);
  const members = decided ?? choose(inputs);
  const made = new Map(group.map((sku, i) => [sku, whole ? (members[i]?.recommended ?? 0) : (members[i]?.firm ?? 0)]));
  const total = [...made.values()].reduce((s, q) => s + q, 0);
  if (total > 0) {
    house.place(new Map([...made].filter(([, q]) => q > 0)));
    hear?.({ at: house.now, group: first.group, made: named(house, made), takenBack: 0, members: decided ?? [] });
    return;
  }
  if (!whole) return;
  const surplus = new Map(group.map((sku, i) => [sku, members[i]?.surplus ?? 0]));
  const units = [...surplus.values()].reduce((s, q) => s + q, 0);
  const takenBack = units >= Math.max(first.terms.lot_multiple, 1) ? house.takeBack(group, surplus) : 0;
  hear?.({ at: house.now, group: first.group, made: new Map(), takenBack, members: decided ?? [] });
}

const named = (house: House, made: ReadonlyMap<number, number>): Map<string, number> => new Map([...made].filter(([, q]) => q > 0).map(([sku, q]) => [house.scene.skus[sku]?.terms.sku ?? '', q]));
