// When the orders of one style in one broadcast come, by family: the same expected curve, another kind of chance around it.
import { drawGamma, drawNormal, drawPoisson, drawUniform, type Random } from '../../kernel/math/index.js';
import { curveOf, type Pitch } from './curve.js';
import { PARAMETERS as P, type Family } from './parameters.js';

const HOUR = 3_600_000;
const BIN_MS = 10_000;
/** After the end of a broadcast bins are wider: what is left of it comes slowly. */
const TAIL_BIN_MS = 600_000;
const TAIL_MS = 5 * P.tail.halfLifeHours * HOUR;

/** What the broadcast as a whole does to all its styles. */
export interface Weather {
  /** Factor on the rate, by bin of a minute since the start. */
  readonly byMinute: readonly number[];
  readonly dispersion: number;
  readonly branching: number;
  readonly coupons: readonly { readonly at: number; readonly until: number; readonly factor: number }[];
}

export function weatherOf(random: Random, startsAt: number, endsAt: number): Weather {
  const minutes = Math.ceil((endsAt - startsAt) / 60_000);
  const byMinute: number[] = [];
  // Viewers come and go: an autoregressive logarithm with a memory of some ten minutes and a standard deviation of .25, mean 1.
  for (let i = 0, x = 0.25 * drawNormal(random); i < minutes; i++, x = 0.9 * x + 0.25 * Math.sqrt(1 - 0.81) * drawNormal(random)) byMinute.push(Math.exp(x - 0.25 ** 2 / 2));
  const coupons = Array.from({ length: drawPoisson(random, (P.coupons.perHour * (endsAt - startsAt)) / HOUR) }, () => {
    const at = startsAt + random.next() * (endsAt - startsAt);
    return { at, until: at + 1000 * drawUniform(random, P.coupons.secondsLeast, P.coupons.secondsMost), factor: P.coupons.least * Math.exp(random.next() * Math.log(P.coupons.most / P.coupons.least)) };
  });
  return { byMinute, dispersion: drawUniform(random, P.dispersion.least, P.dispersion.most), branching: drawUniform(random, P.branching.least, P.branching.most), coupons };
}

/** Bins of the broadcast and its tail with the expected orders of each. */
function* binsOf(pitch: Pitch, orders: number): Generator<readonly [from: number, width: number, mean: number]> {
  const { by } = curveOf(pitch);
  let before = 0;
  const until = pitch.endsAt + TAIL_MS;
  for (let at = pitch.startsAt; at < until; ) {
    const width = at < pitch.endsAt ? Math.min(BIN_MS, pitch.endsAt - at) : TAIL_BIN_MS;
    const share = by(at + width);
    // Shares are sums of sines: rounding may take a last digit away from one.
    yield [at, width, orders * Math.max(0, share - before)];
    before = share;
    at += width;
  }
}

function spread(random: Random, count: number, from: number, width: number, times: number[]): void {
  for (let i = 0; i < count; i++) times.push(Math.floor(from + random.next() * width));
}

/** Gamma-distributed rate per bin, mean 1, such that counts have the given variance/mean. */
function doublyStochastic(random: Random, pitch: Pitch, orders: number, weather: Weather): number[] {
  const times: number[] = [];
  const excess = weather.dispersion - 1;
  for (const [from, width, mean] of binsOf(pitch, orders)) {
    const expected = mean * (weather.byMinute[Math.floor((from - pitch.startsAt) / 60_000)] ?? 1);
    if (expected > 0) spread(random, drawPoisson(random, drawGamma(random, expected / excess, excess)), from, width, times);
  }
  return times;
}

/** Hawkes process by its clusters (Hawkes and Oakes, 1974): immigrants along the curve, children exponentially later. */
function cluster(random: Random, pitch: Pitch, orders: number, weather: Weather): number[] {
  const times: number[] = [];
  for (const [from, width, mean] of binsOf(pitch, orders * (1 - weather.branching))) spread(random, drawPoisson(random, mean), from, width, times);
  for (let i = 0; i < times.length; i++) {
    const at = times[i] as number;
    // Nobody watches after the end: what comes then brings nobody along.
    if (at >= pitch.endsAt) continue;
    for (let child = drawPoisson(random, weather.branching); child > 0; child--) times.push(Math.floor(at + random.exponential(P.kernelSeconds * 1000)));
  }
  return times;
}

/** Coupons multiply the rate for a minute and take a part of the extra from the next twenty. */
function pulsed(random: Random, pitch: Pitch, orders: number, weather: Weather): number[] {
  const times: number[] = [];
  const owed = weather.coupons.map(() => 0);
  for (const [from, width, mean] of binsOf(pitch, orders)) {
    let rate = mean;
    weather.coupons.forEach((c, i) => {
      if (from >= c.at && from < c.until) {
        const extra = mean * (c.factor - 1);
        rate += extra;
        owed[i] = (owed[i] as number) + P.coupons.pulled * extra;
      } else if (from >= c.until && from < c.until + P.coupons.pullMinutes * 60_000) {
        const less = Math.min(rate * 0.8, owed[i] as number, mean);
        rate -= less;
        owed[i] = (owed[i] as number) - less;
      }
    });
    if (rate > 0) spread(random, drawPoisson(random, rate), from, width, times);
  }
  return times;
}

/**
 * Real arrivals at the speed of the curve: gaps between real orders, mean 1, walked from a random place on, are the unit-rate time of
 * the process (time rescaling: Brown, Barbieri, Ventura, Kass and Frank, 2002), so that real bunching stays.
 */
function replayed(random: Random, pitch: Pitch, orders: number, gaps: readonly number[]): number[] {
  const times: number[] = [];
  let next = random.below(gaps.length);
  const gap = (): number => gaps[next++ % gaps.length] as number;
  let passed = 0;
  for (let due = gap() * random.next(), bins = binsOf(pitch, orders), bin = bins.next(); bin.done !== true; bin = bins.next()) {
    const [from, width, mean] = bin.value;
    while (due <= passed + mean) {
      times.push(Math.floor(from + (mean === 0 ? 0 : ((due - passed) / mean) * width)));
      due += gap();
    }
    passed += mean;
  }
  return times;
}

/** Times of orders, ascending. `orders`: how many are expected; `gaps`: for re-played arrivals alone, mean 1. */
export function arrivalTimes(family: Family, random: Random, pitch: Pitch, orders: number, weather: Weather, gaps: readonly number[]): number[] {
  const times = family === 'cluster' ? cluster(random, pitch, orders, weather)
    : family === 'doubly-stochastic' ? doublyStochastic(random, pitch, orders, weather)
      : family === 'pulsed' ? pulsed(random, pitch, orders, weather) : replayed(random, pitch, orders, gaps);
  return times.sort((a, b) => a - b);
}

/** Gaps of mean 1 between ascending times, those beyond 20 times the mean cut to it: a night is no gap between two buyers. */
export function gapsOf(times: readonly number[]): number[] {
  const raw = times.slice(1).map((at, i) => at - (times[i] as number)).filter((gap) => gap >= 0);
  const mean = raw.reduce((s, g) => s + g, 0) / Math.max(1, raw.length);
  if (!(raw.length >= 100 && mean > 0)) throw new RangeError(`at least 100 gaps between orders at different times are needed, got ${raw.length}`);
  const cut = raw.map((g) => Math.min(g, 20 * mean));
  const kept = cut.reduce((s, g) => s + g, 0) / cut.length;
  return cut.map((g) => g / kept);
}
