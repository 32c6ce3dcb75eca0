// What a line-up item will sell in its broadcast before anybody has ordered it there: a negative-binomial regression of distinct
// orders on plan, price, the SKU's own earlier broadcasts, its sales outside and its time on air, with shrunken effects of anchor and
// category. A published prior stands alone where there is no history and gives way to it by ridge (a normal prior per coefficient).
import { fitCounts, predicted, type CountModel, type CountRow, type NormalPrior } from './regression.js';
import type { Pitch } from './nowcast-profile.js';

/** What is known of a line-up item before its broadcast. */
export interface ItemFacts {
  readonly sku: string;
  readonly anchor: string;
  /** '' where it is not known. */
  readonly category: string;
  /** Ascending; empty where no slot is known. */
  readonly pitches: readonly Pitch[];
  /** Minor units; 0 where it is not known. */
  readonly price: number;
  /** 0 where nothing was planned. */
  readonly plannedUnits: number;
  /** Orders a day outside broadcasts, lately. */
  readonly outsidePerDay: number;
}

/** What a SKU sold in its earlier broadcasts against what was expected of it there: how many they were, and Σ ln(ratio). */
export interface OwnRecord {
  readonly broadcasts: number;
  readonly logRatio: number;
}

/** The level of a merchant's line-ups: what was learned, or what is published. */
export interface TotalPrior {
  readonly coefficients: CountModel;
  /** ln of the factor of an anchor, and of a category; those that are not named have none. */
  readonly anchors: Readonly<Record<string, number>>;
  readonly categories: Readonly<Record<string, number>>;
  /** By SKU; those that were never shown have none. */
  readonly own: Readonly<Record<string, OwnRecord>>;
  /** Of the merchant's items, minor units; 0: not known. */
  readonly usualPrice: number;
}

const clamped = (x: number, least: number, most: number): number => Math.min(most, Math.max(least, x));
/** Plans are wishes: one of a billion says no more than one of twenty thousand. */
const MOST_PLANNED = 20_000;
/** Expected minutes at the lull's rate (see Curve) of a five-minute pitch in a broadcast of some hours. */
const USUAL_MASS = 300;

export const NO_RECORD: OwnRecord = { broadcasts: 0, logRatio: 0 };

export function totalFeatures(f: ItemFacts, own: OwnRecord, mass: number, usualPrice: number): { readonly x: readonly number[]; readonly z: readonly number[] } {
  const known = own.broadcasts / (own.broadcasts + 1);
  const planned = f.plannedUnits > 0 ? Math.log(clamped(f.plannedUnits, 1, MOST_PLANNED) / 100) : 0;
  const price = f.price > 0 && usualPrice > 0 ? clamped(Math.log(f.price / usualPrice), -3, 3) : 0;
  return {
    x: [
      1, planned, f.plannedUnits > 0 ? 0 : 1, price, own.broadcasts === 0 ? 0 : (known * own.logRatio) / own.broadcasts, known, Math.log1p(clamped(f.outsidePerDay, 0, 1e6)),
      clamped(Math.log(Math.max(1e-9, mass) / USUAL_MASS), -4, 4),
    ],
    z: [1, known],
  };
}

/**
 * Published prior, set by hand: 40 orders where 100 units are planned, growing by the power 0.8 of the plan, 20 without a plan; most
 * of what its earlier broadcasts say; and as spread as SKUs of one anchor are (log sd 1.5 to 1.7, so a dispersion of about 1.5).
 */
export const TOTAL_PRIOR: { readonly mean: NormalPrior; readonly dispersion: NormalPrior } = {
  mean: { mean: [Math.log(40), 0.8, -0.7, -0.1, 0.7, 0, 0.1, 0.3], precision: [0.25, 11, 4, 11, 11, 4, 25, 11] },
  dispersion: { mean: [0.4, -0.3], precision: [1, 4] },
};

export const PUBLISHED_TOTAL: TotalPrior = { coefficients: { b: TOTAL_PRIOR.mean.mean, c: TOTAL_PRIOR.dispersion.mean }, anchors: {}, categories: {}, own: {}, usualPrice: 0 };

// By own property: an anchor may be called `constructor`.
const named = <T>(values: Readonly<Record<string, T>>, key: string, none: T): T => (Object.hasOwn(values, key) ? (values[key] as T) : none);
const effectsOf = (p: Pick<TotalPrior, 'anchors' | 'categories'>, f: ItemFacts): number => named(p.anchors, f.anchor, 0) + named(p.categories, f.category, 0);

/** Mean and dispersion of an item's orders in its whole broadcast, tail included; finite. @param mass expected in units of its level */
export const totalOf = (p: TotalPrior, f: ItemFacts, mass: number): { readonly mean: number; readonly dispersion: number } =>
  predicted(p.coefficients, { offset: effectsOf(p, f), ...totalFeatures(f, named(p.own, f.sku, NO_RECORD), mass, p.usualPrice) });

/** An item whose broadcast is over: its orders, and the share of what was expected of it that lies before the end of what is known. */
export interface Outcome {
  readonly facts: ItemFacts;
  /** Which broadcast: the luck of one is shared by all its items. */
  readonly broadcast: number;
  readonly mass: number;
  readonly orders: number;
  readonly share: number;
}

/** Broadcasts of no effect that an anchor's or a category's own broadcasts are weighed against, and how far broadcasts differ by luck (relative variance). */
const EFFECT_WEIGHT = 2;
const LUCK = 0.6;
/** One item says at most so many times what was expected: a single hit makes no anchor. */
const MOST_RATIO = 10;

function learnedEffects(outcomes: readonly Outcome[], expected: readonly { readonly mean: number; readonly dispersion: number }[], keyOf: (f: ItemFacts) => string): Record<string, number> {
  const sums = new Map<string, Map<number, { ratio: number; weight: number }>>();
  outcomes.forEach((o, i) => {
    const key = keyOf(o.facts);
    if (key === '') return;
    const { mean, dispersion } = expected[i] as { mean: number; dispersion: number };
    const weight = 1 / (dispersion + 1 / Math.max(1e-6, mean * o.share));
    const broadcasts = sums.get(key) ?? new Map<number, { ratio: number; weight: number }>();
    const sum = broadcasts.get(o.broadcast) ?? { ratio: 0, weight: 0 };
    sums.set(key, broadcasts.set(o.broadcast, { ratio: sum.ratio + weight * Math.min(MOST_RATIO, o.orders / Math.max(1e-6, mean * o.share)), weight: sum.weight + weight }));
  });
  return Object.fromEntries(Array.from(sums, ([key, broadcasts]) => {
    let [ratio, weight] = [EFFECT_WEIGHT / LUCK, EFFECT_WEIGHT / LUCK];
    for (const b of broadcasts.values()) {
      const w = 1 / (LUCK + 1 / b.weight);
      ratio += w * Math.min(MOST_RATIO, b.ratio / b.weight);
      weight += w;
    }
    return [key, Math.log(ratio / weight)];
  }));
}

/** The level of a merchant's finished line-ups; the published one where there are none. Deterministic. @param own what each SKU had on record before each broadcast */
export function learnTotal(outcomes: readonly Outcome[], usualPrice: number, own: readonly Readonly<Record<string, OwnRecord>>[] = []): TotalPrior {
  if (outcomes.length === 0) return { ...PUBLISHED_TOTAL, usualPrice };
  const fitted = (effects: Pick<TotalPrior, 'anchors' | 'categories'>, start?: CountModel): CountModel => fitCounts(outcomes.map((o): CountRow => ({
    y: o.orders, offset: Math.log(Math.max(1e-6, o.share)) + effectsOf(effects, o.facts), ...totalFeatures(o.facts, named(own[o.broadcast] ?? {}, o.facts.sku, NO_RECORD), o.mass, usualPrice),
  })), TOTAL_PRIOR.mean, TOTAL_PRIOR.dispersion, start);
  const expectedBy = (p: TotalPrior): { readonly mean: number; readonly dispersion: number }[] => outcomes.map((o) => totalOf({ ...p, own: own[o.broadcast] ?? {} }, o.facts, o.mass));
  const first: TotalPrior = { coefficients: fitted({ anchors: {}, categories: {} }), anchors: {}, categories: {}, own: {}, usualPrice };
  const anchors = learnedEffects(outcomes, expectedBy(first), (f) => f.anchor);
  const categories = learnedEffects(outcomes, expectedBy({ ...first, anchors }), (f) => f.category);
  return { ...first, coefficients: fitted({ anchors, categories }, first.coefficients), anchors, categories };
}
