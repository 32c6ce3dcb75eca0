import { randomFrom, type Random } from '../../kernel/math/index.js';
import { COMPONENTS, EmptyBins, JUMPS, mixtureOf, ratiosOf, type Excess } from './likelihood.js';

/** Probabilities of a negative binomial count, by its recurrence: Γ(x + r)/(Γ(r) x!) (1 − p)^r p^x. */
function probabilities(r: number, p: number, most: number): number[] {
  const list = [(1 - p) ** r];
  for (let x = 1; x <= most; x++) list.push((((list[x - 1] as number) * (x - 1 + r)) / x) * p);
  return list;
}

/** As bins know it: mean, and variance/mean − 1. */
const counts = (mean: number, excess: number, most: number): number[] => probabilities(mean / excess, excess / (1 + excess), most);

function ratios(excess: Excess, orders: number, mean: number): number[] {
  const list = new Float64Array(COMPONENTS);
  ratiosOf(list, mixtureOf(excess), orders, mean);
  return [...list];
}

const same = (excess: number): Excess => ({ most: excess, plain: excess });

describe('the likelihood ratio of a bin', () => {
  it('is that of two negative binomials: larger groups keep r, more groups keep p', () => {
    const [mean, excess] = [0.4, 0.7];
    const r = mean / excess;
    const p = excess / (1 + excess);
    const before = probabilities(r, p, 12);
    for (const [i, jump] of JUMPS.entries()) {
      const larger = probabilities(r, (jump * mean) / (jump * mean + r), 12);
      const more = probabilities(jump * r, p, 12);
      for (let x = 1; x <= 12; x++) {
        const found = ratios(same(excess), x, mean);
        expect(found[i] as number).toBeCloseTo((larger[x] as number) / (before[x] as number), 6);
        expect((found[JUMPS.length + i] as number) / ((more[x] as number) / (before[x] as number))).toBeCloseTo(1, 9);
      }
    }
  });

  it('is that of two Poisson counts where nothing is over-dispersed: j^x e^(−(j − 1) μ)', () => {
    const found = ratios(same(1e-7), 3, 0.2);
    for (const [i, jump] of JUMPS.entries()) for (const at of [i, JUMPS.length + i]) expect((found[at] as number) / (jump ** 3 * Math.exp(-(jump - 1) * 0.2))).toBeCloseTo(1, 4);
  });

  it.each([[0.05, 0.3], [0.4, 0.7], [2, 1.7]])('has mean 1 under the null, and less where the rate is lower: mean %s, variance/mean − 1 of %s', (mean, excess) => {
    const mixture = mixtureOf(same(excess));
    const meanUnder = (truth: number): number[] =>
      counts(truth, excess, 3000).reduce((sums, probability, x) => {
        const list = x === 0 ? mixture.perMean.map((loss) => Math.exp(loss * mean)) : ratios(same(excess), x, mean);
        return sums.map((s, i) => s + (probability === 0 ? 0 : probability * (list[i] as number)));
      }, new Array<number>(COMPONENTS).fill(0));
    for (const value of meanUnder(mean)) expect(value).toBeCloseTo(1, 6);
    for (const value of meanUnder(0.7 * mean)) expect(value).toBeLessThan(1);
  });

  it('grows with the count, and stays finite for one that no shop ever sees', () => {
    for (const excess of [same(0.03), same(1), { most: 6, plain: 2 }]) {
      let before = ratios(excess, 1, 0.3);
      for (let x = 2; x < 60; x++) {
        const now = ratios(excess, x, 0.3);
        expect(now.every((ratio, i) => ratio >= (before[i] as number))).toBe(true);
        before = now;
      }
      expect(ratios(excess, 30_000, 0.3).every(Number.isFinite)).toBe(true);
    }
  });

  it('says little of a bin with many orders where tails are heavy, if groups are what became more', () => {
    const most = (excess: number): number => Math.max(...ratios(same(excess), 8, 0.2).slice(JUMPS.length));
    expect(most(6)).toBeLessThan(10);
    expect(most(0.03)).toBeGreaterThan(1e4);
  });
});

describe('empty bins', () => {
  it.each([['a usual rate', 0.02], ['hardly any rate, where the closed form has its limit', 1e-12]])('pass at once as they pass one by one: %s', (_, mean) => {
    const mixture = mixtureOf(same(0.5));
    const once = new Array<number>(COMPONENTS).fill(3);
    const each = [...once];
    new EmptyBins().pass(once, mixture, mean, 90);
    const bins = new EmptyBins();
    for (let i = 0; i < 90; i++) bins.pass(each, mixture, mean, 1);
    for (let i = 0; i < COMPONENTS; i++) expect((once[i] as number) / (each[i] as number)).toBeCloseTo(1, 6);
    if (mean < 1e-9) expect(once[0]).toBeCloseTo(93, 6);
  });
});

describe('the mixture under the null', () => {
  const [BINS, THRESHOLD, RUNS] = [300, 3_000, 3_000];

  function drawn(random: Random, cumulated: readonly number[]): number {
    const u = random.next();
    let x = 0;
    while (x < cumulated.length && u > (cumulated[x] as number)) x++;
    return x;
  }

  /** Runs in which the mean Shiryaev-Roberts value reaches the threshold; and that value at the end, less the bins, over the runs that are cut at the threshold. */
  function simulated(seed: number, mean: number, truth: number, excess: Excess): { readonly crossed: number; readonly drift: number; readonly error: number } {
    const random = randomFrom(seed);
    let sum = 0;
    const cumulated = counts(mean, truth, 200).map((p) => (sum += p));
    const mixture = mixtureOf(excess);
    const empty = new EmptyBins();
    const factors = new Float64Array(COMPONENTS);
    let crossed = 0;
    const ends: number[] = [];
    for (let run = 0; run < RUNS; run++) {
      const sr = new Array<number>(COMPONENTS).fill(0);
      let [bins, level] = [0, 0];
      while (bins < BINS && level < THRESHOLD) {
        bins++;
        const orders = drawn(random, cumulated);
        if (orders === 0) empty.pass(sr, mixture, mean, 1);
        else {
          ratiosOf(factors, mixture, orders, mean);
          for (let i = 0; i < COMPONENTS; i++) sr[i] = ((sr[i] as number) + 1) * (factors[i] as number);
        }
        level = sr.reduce((s, v) => s + v, 0) / COMPONENTS;
      }
      if (level >= THRESHOLD) crossed++;
      // Optional stopping: the value less the bins has mean 0 at most wherever a run ends; what it overshoots by is cut, which lowers it.
      ends.push(Math.min(level, 3 * THRESHOLD) - bins);
    }
    const drift = ends.reduce((s, v) => s + v, 0) / RUNS;
    return { crossed, drift, error: Math.sqrt(ends.reduce((s, v) => s + (v - drift) ** 2, 0) / RUNS / RUNS) };
  }

  it.each([[0.1, 0.05], [0.1, 0.7], [0.3, 1.7]])('is a supermartingale less the bins: mean %s, variance/mean − 1 of %s, 3,000 runs of 300 bins (seed 6): at most a tenth reach ten times the bins, and the mean does not rise', (mean, excess) => {
    const { crossed, drift, error } = simulated(6, mean, excess, same(excess));
    const most = (RUNS * BINS) / THRESHOLD;
    expect(crossed).toBeLessThanOrEqual(most + 3 * Math.sqrt(most));
    expect(drift).toBeLessThanOrEqual(3 * error);
  });

  it('is none where the dispersion is believed to be far too small: the same runs reach the threshold too often', () => {
    const { crossed } = simulated(6, 0.3, 1.7, same(0.05));
    expect(crossed).toBeGreaterThan((2 * RUNS * BINS) / THRESHOLD);
  });
});
