// What a policy believes: of what still sells, what is cancelled, what comes back. `learned` believes what the service would, from what
// has happened so far; `true prior` knows how the world was made, and still none of its draws.
import { lagOf, shareBy, usableReflowBy, type Cohort, type Lag } from '../../returns/math/index.js';
import { standingAtMost, type DatedDemand, type Moments } from '../../forecast/math/index.js';
import { airOf, mayStillSell, standingPart, tells, unitsOf, unitsToCome, type StandingPart } from '../../forecast/offline.js';
import { betaBelow, type NegativeBinomial } from '../../kernel/math/index.js';
import { expectedCurve, type Curve } from '../world/curve.js';
import type { SkuPrior, WorldPrior } from '../world/prior.js';
import { DAY_MS, HOUR_MS } from './clock.js';
import type { House } from './house.js';
import type { ReturnHistory, Returns } from './return-history.js';
import type { LineUpItem } from './scene.js';
import { Shows } from './shows.js';
import { StandingSales } from './standing-sales.js';

export interface Reflow {
  readonly rate: number;
  /** Usable units by the end of the day that was asked for, cautiously. */
  readonly units: number;
}

export interface Knowledge {
  /** Learns what there is to learn at a look: whatever is asked of it then, and of which SKUs, it knows the same. */
  learn(house: House): void;
  /** Units still expected to sell within the horizon (ms from now), shows to come in it included, by when they are promised. */
  more(house: House, sku: number, items: readonly LineUpItem[], horizonMs: number): DatedDemand[];
  /** No less than `more` in any of its means and variances, for a fraction of the work: what shows still sell, and what sells outside them on any day. */
  atMost(house: House, sku: number, items: readonly LineUpItem[], horizonMs: number): { readonly shows: DatedDemand[]; readonly perDay: Moments };
  /** What of `more` is expected outside broadcasts, and by which model; undefined: nothing, or not by a model. */
  standing(house: House, sku: number, horizonMs: number): StandingPart | undefined;
  /** Share of open units (paid `ageHours` ago on average) that will be cancelled before they leave; undefined: as the service estimates it. */
  cancellation(house: House, sku: number, ageHours: number): number | undefined;
  reflow(house: House, sku: number, days: number): Reflow;
}

const HORIZON_DAYS = 45;
/** As the service's: how much the pooled rate and yield weigh beside a SKU's own. */
const POOLED_UNITS = 25;
const POOLED_CASES = 10;
/** Before anything came back: live commerce between its categories (.15 to .55), with the weight of so many units. */
const [PRIOR_RATE, PRIOR_UNITS] = [0.3, 20] as const;
/** How far plans are from what is sold (standard deviation of the logarithm) until a merchant's own shows say so. */
const PLAN_SD = 1.2;

/** Delivered units of all SKUs by age in days, each a line of its own, with those asked back: the lag is of all of them. */
const cohortsOf = (days: Returns['days'], today: number): Cohort[] =>
  Array.from(days, ([day, { sold, lags }]) => ({ age: today - day, sold, returned: Array.from(lags, ([lag, cases]) => ({ lag, units: 1, cases })) }));

/** Units of a SKU that had their time to come back: Σ sold × G(age). */
function exposureOf(history: ReturnHistory, lag: Lag, today: number): number {
  let exposure = 0;
  for (const [day, sold] of history.delivered) exposure += sold * shareBy(lag, today - day);
  return exposure;
}

function reflowOf(house: House, sku: number, days: number, rate: number, lag: Lag, shelfDays: number, usable: number, lost: number): Reflow {
  const history = house.seen.returns.skus[sku] as ReturnHistory;
  const today = Math.floor(house.now / DAY_MS);
  const announced = Array.from(history.announced.values(), ({ day, units }) => ({ age: today - day, units }));
  const delivered: { age: number; units: number }[] = [];
  for (const [day, sold] of history.delivered) {
    const units = sold - (history.gone.get(day) ?? 0);
    if (units > 0 && today - day < HORIZON_DAYS) delivered.push({ age: today - day, units });
  }
  if (days < 1 || (announced.length === 0 && delivered.length === 0)) return { rate, units: 0 };
  return { rate, units: usableReflowBy({ announced, delivered, rate, lag, shelfDays, usable, lost }, days).units };
}

/** What the service would believe, from what has happened. */
export function learned(): Knowledge {
  let learnedOn = -1;
  let lag: Lag = { share: [1] };
  let pooledRate: number = PRIOR_RATE;
  let pooledUsable = 0.5;
  const shows = new Shows();
  const standing = new StandingSales();
  const learnReturns = (house: House): void => {
    const today = Math.floor(house.now / DAY_MS);
    if (today === learnedOn) return;
    learnedOn = today;
    const cohorts = cohortsOf(house.seen.returns.days, today);
    if (cohorts.length > 0) lag = lagOf([cohorts], HORIZON_DAYS);
    const exposure = house.seen.returns.skus.reduce((s, h) => s + exposureOf(h, lag, today), 0);
    pooledRate = (house.seen.returns.skus.reduce((s, h) => s + h.back, 0) + PRIOR_RATE * PRIOR_UNITS) / (exposure + PRIOR_UNITS);
    const [usable, lost] = house.seen.returns.skus.reduce(([u, l], h) => [u + h.usable, l + h.lost], [0, 0]);
    pooledUsable = (usable + 1) / (usable + lost + 2);
  };
  /** What shows will still sell. */
  const showParts = (house: House, sku: number, items: readonly LineUpItem[], horizonMs: number): DatedDemand[] => {
    const d = house.demand[sku] as House['demand'][number];
    const name = house.scene.skus[sku]?.terms.sku ?? '';
    const { model } = shows;
    return items.flatMap((i): DatedDemand[] => {
      if (!mayStillSell(airOf(i), house.now, horizonMs)) return [];
      const deadline = Math.max(i.starts_at.getTime(), house.now) + i.promise_days * DAY_MS;
      const now = shows.of(house, i.broadcast).get(name);
      // Before a show has taught anything there is the plan alone, and plans are wishes.
      if (now?.phase === 'coming' && model.broadcasts === 0) return [{ mean: i.planned_units, variance: i.planned_units + i.planned_units ** 2 * Math.expm1(PLAN_SD ** 2), deadline }];
      if (now === undefined || !tells(model, now)) return [];
      const units = momentsOf(unitsToCome(now, unitsOf(model, d)));
      // Before a show nothing is made beyond its plan: what was learned from a few shows may be far off for a single style.
      const share = now.phase === 'coming' && i.planned_units > 0 ? Math.min(1, i.planned_units / Math.max(units.mean, 1e-9)) : 1;
      return [{ mean: units.mean * share, variance: units.variance * share * share, deadline }];
    });
  };
  const standingFor = (house: House, sku: number, horizonMs: number): StandingPart | undefined => standingPart(standing.by, standing.of(house, sku), horizonMs / DAY_MS);
  const perDayOf = (whole: Moments, horizonMs: number): Moments => ({ mean: whole.mean / (horizonMs / DAY_MS), variance: whole.variance / (horizonMs / DAY_MS) });
  return {
    learn: (house) => {
      learnReturns(house);
      shows.learn(house);
      standing.learn(house);
    },
    more: (house, sku, items, horizonMs) => {
      const part = standingFor(house, sku, horizonMs);
      return [...showParts(house, sku, items, horizonMs), ...(part === undefined ? [] : standingDays(house, perDayOf(momentsOf(part.units), horizonMs), horizonMs))];
    },
    atMost: (house, sku, items, horizonMs) => {
      const seen = standing.of(house, sku);
      return { shows: showParts(house, sku, items, horizonMs), perDay: seen === undefined || !(horizonMs > 0) ? NOTHING : perDayOf(standingAtMost(standing.by.model, seen, horizonMs / DAY_MS), horizonMs) };
    },
    standing: standingFor,
    cancellation: () => undefined,
    reflow: (house, sku, days) => {
      const history = house.seen.returns.skus[sku] as ReturnHistory;
      const today = Math.floor(house.now / DAY_MS);
      const exposure = exposureOf(history, lag, today);
      const rate = Math.min(0.95, (history.back + POOLED_UNITS * pooledRate) / (exposure + POOLED_UNITS));
      return reflowOf(house, sku, days, rate, lag, 6, history.usable + POOLED_CASES * pooledUsable, history.lost + POOLED_CASES * (1 - pooledUsable));
    },
  };
}

/** Points of the prior on ln(units) on which the posterior is summed. */
const GRID = 41;
const SPAN_SD = 4;
/** Orders come in bunches: a count says as much as this much smaller a one (the worlds' variance/mean is 1.2 to 2.7). */
const BUNCHING = 2;

/** ln(units) in standard deviations from the median, and the logarithm of the prior there. */
const DEVIATIONS = Float64Array.from({ length: GRID }, (_, i) => -SPAN_SD + (2 * SPAN_SD * i) / (GRID - 1));
const LOG_PRIOR = DEVIATIONS.map((x) => -0.5 * x * x);
const logs = new Float64Array(GRID);

/** The units at the points of a log-normal prior. */
const unitsByPrior = (medianUnits: number, lnSd: number): Float64Array => DEVIATIONS.map((x) => medianUnits * Math.exp(lnSd * x));

/** Mean and variance of what a broadcast still sells, given a prior on its units and `seen` units at share `share`. */
function remainingByPrior(grid: Float64Array, seen: number, share: number): Moments {
  let [weight, first, second] = [0, 0, 0];
  let most = -Infinity;
  for (let i = 0; i < GRID; i++) {
    const mean = Math.max(1e-9, (grid[i] as number) * share);
    const log = (LOG_PRIOR[i] as number) + ((seen === 0 ? 0 : seen * Math.log(mean)) - mean) / BUNCHING;
    most = Math.max(most, log);
    logs[i] = log;
  }
  for (let i = 0; i < GRID; i++) {
    const units = grid[i] as number;
    const w = Math.exp((logs[i] as number) - most);
    weight += w;
    first += w * units;
    second += w * units * units;
  }
  const mean = first / weight;
  const left = Math.max(0, 1 - share);
  return { mean: mean * left, variance: Math.max(0, second / weight - mean * mean) * left * left + mean * left * BUNCHING };
}

const momentsOf = (d: NegativeBinomial): Moments => {
  const mean = (d.shape * (1 - d.probability)) / d.probability;
  return { mean, variance: mean / d.probability };
};

export const NOTHING: Moments = { mean: 0, variance: 0 };

/** What sells outside broadcasts, day by day: a promise for each. */
export function standingDays(house: House, perDay: Moments, horizonMs: number, fading: (day: number) => number = () => 1): DatedDemand[] {
  return Array.from({ length: Math.ceil(horizonMs / DAY_MS) }, (_, day) => {
    const part = Math.min(1, horizonMs / DAY_MS - day) * fading(day);
    return { mean: perDay.mean * part, variance: perDay.variance * part, deadline: house.now + (day + house.scene.assumptions.shipWithinDays) * DAY_MS };
  });
}

/** What is known of a line-up item before its show. */
interface Expected {
  readonly curve: Curve;
  readonly units: Float64Array;
  /** What it sells in all. */
  readonly before: Moments;
}

/** Knows the world's parameters. */
export function truePrior(prior: WorldPrior): Knowledge {
  const items = new Map(prior.items.map((i) => [`${i.broadcast}\0${i.sku}`, i]));
  const skus = new Map(prior.skus.map((s) => [s.sku, s]));
  /** By line-up item. */
  const expected = new Map<LineUpItem, Expected>();
  const expectedOf = (item: LineUpItem): Expected | undefined => {
    let known = expected.get(item);
    const own = known === undefined ? items.get(`${item.broadcast}\0${item.sku}`) : undefined;
    if (own === undefined) return known;
    const units = unitsByPrior(own.medianUnits, own.lnSd);
    known = { curve: expectedCurve({ startsAt: item.starts_at.getTime(), endsAt: item.ends_at.getTime(), slotAt: own.slotAt, pitchMs: own.pitchMs, jump: own.jump, peak: own.peak }), units, before: remainingByPrior(units, 0, 0) };
    expected.set(item, known);
    return known;
  };
  const { cancelled: c, windowDays, lateShare } = prior.parameters;
  // Requests by whole days after delivery: Beta(1.2, 1.8) over the window, the late ones evenly over two more (world.ts).
  const inWindow = (x: number): number => (x >= 1 ? 1 : betaBelow(x, 1.2, 1.8));
  const lag: Lag = { share: Array.from({ length: HORIZON_DAYS + 1 }, (_, d) => (1 - lateShare) * inWindow((d + 1) / windowDays) + lateShare * Math.min(1, Math.max(0, (d + 1 - windowDays) / (2 * windowDays)))) };
  const showParts = (house: House, sku: number, lineUp: readonly LineUpItem[], horizonMs: number): DatedDemand[] => {
    const parts: DatedDemand[] = [];
    for (const item of lineUp) {
      if (item.starts_at.getTime() > house.now + horizonMs) continue;
      const known = expectedOf(item);
      if (known === undefined) continue;
      const share = known.curve.by(house.now);
      const d = house.demand[sku] as House['demand'][number];
      const seen = (house.seen.arrivals[sku]?.get(item.broadcast)?.length ?? 0) * (d.lines === 0 ? 1 : Math.min(3, d.lineUnits / d.lines));
      const left = share === 0 && seen === 0 ? known.before : remainingByPrior(known.units, seen, share);
      const within = Math.min(1, Math.max(0, (known.curve.by(house.now + horizonMs) - share) / Math.max(1e-9, 1 - share)));
      parts.push({ mean: left.mean * within, variance: left.variance * within * within, deadline: Math.max(item.starts_at.getTime(), house.now) + item.promise_days * DAY_MS });
    }
    return parts;
  };
  const halfLife = prior.standingHalfLifeDays;
  const perDayOf = (house: House, sku: number): Moments => {
    const own = skus.get(house.scene.skus[sku]?.terms.sku ?? '') as SkuPrior;
    const perDay = own.standingPerDay * Math.pow(0.5, Math.max(0, (house.now - own.since) / DAY_MS) / halfLife);
    return house.now >= own.since ? { mean: perDay, variance: perDay * BUNCHING } : NOTHING;
  };
  return {
    learn: () => undefined,
    more: (house, sku, lineUp, horizonMs) => [...showParts(house, sku, lineUp, horizonMs), ...standingDays(house, perDayOf(house, sku), horizonMs, (day) => Math.pow(0.5, day / halfLife))],
    atMost: (house, sku, lineUp, horizonMs) => ({ shows: showParts(house, sku, lineUp, horizonMs), perDay: perDayOf(house, sku) }),
    standing: () => undefined,
    cancellation: (house, sku, ageHours) => {
      const p = skus.get(house.scene.skus[sku]?.terms.sku ?? '')?.cancelled ?? 0;
      const left = p * (c.fastShare * Math.exp((-ageHours * 60) / c.fastMinutes) + (1 - c.fastShare) * Math.exp(-ageHours / c.slowHours));
      return left / (1 - p + left);
    },
    reflow: (house, sku, days) => {
      const own = skus.get(house.scene.skus[sku]?.terms.sku ?? '') as SkuPrior;
      return reflowOf(house, sku, days, Math.min(0.95, own.returned), lag, Math.ceil((4 * DAY_MS + 24 * HOUR_MS) / DAY_MS), 400 * own.usable, 400 * (1 - own.usable));
    },
  };
}
