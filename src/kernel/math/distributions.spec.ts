import fc from 'fast-check';
import {
  betaBelow, betaBinomialBelow, betaBinomialMasses, betaBinomialQuantile, betaQuantile, binomialBelow, binomialMass, binomialQuantile, digamma, gammaBelow, gammaQuantile, incompleteGamma, logGamma, negativeBinomialBelow, negativeBinomialQuantiles,
  normalBelow, normalDensity, normalLoss, poissonBelow, poissonMass, poissonQuantile, smallestCount, standardNormalQuantile,
} from './index.js';

/** Relative agreement: absolute tolerances say nothing in a tail. */
const agrees = (actual: number, expected: number, error: number): void => {
  expect(Math.abs(actual - expected)).toBeLessThanOrEqual(error * Math.abs(expected));
};
const SEED = { seed: 20261122, numRuns: 300 };
const level = fc.double({ min: 1e-9, max: 1 - 1e-9, noNaN: true });
const shape = fc.double({ min: 0.01, max: 5_000, noNaN: true });

// Expected values are SciPy 1.17.1's, to all its digits.
describe('distribution functions agree with SciPy', () => {
  it.each([
    [0.01, 1e-5, 0.8963367982671969, 0.10366320173280281], [0.5, 0.3, 0.5614219739190003, 0.4385780260809997], [2, 1, 0.2642411176571153, 0.7357588823428847], [11, 25, 0.9994135383702469, 0.0005864616297530789],
    [1000, 950, 0.055054686230738045, 0.9449453137692619], [1e5, 100600, 0.9709298550737443, 0.02907014492625566], [1e6, 998000, 0.022696114006736795, 0.9773038859932632], [0.5, 200, 1, 5.507248237212379e-89],
    [30, 3, 4.277047721426935e-20, 1], [1e8, 1.0001e8, 0.8413447464717987, 0.15865525352820123],
  ])('gamma(%s) at %s, both tails', (a, x, lower, upper) => {
    agrees(incompleteGamma(a, x).lower, lower, 1e-10);
    agrees(incompleteGamma(a, x).upper, upper, 1e-10);
    agrees(gammaBelow(x / 7, a, 7), lower, 1e-10);
  });

  it.each([
    [0.5, 0.5, 0.3, 0.36901011956554536, 0.6309898804344546], [4, 26, 0.05, 0.05475342115138207, 0.9452465788486178], [1, 97, 0.01, 0.6227633530764956, 0.3772366469235045], [0.01, 3, 1e-4, 0.9257347693924857, 0.07426523060751437],
    [2000, 30000, 0.06, 0.031139346063085802, 0.9688606539369142], [1e6, 1e6, 0.5005, 0.9213504224190758, 0.07864957758092468], [0.001, 0.001, 0.9, 0.5010966945741681, 0.49890330542583206],
    [50, 2, 0.999, 0.9987659096068829, 0.0012340903931170846], [1e8, 1e8, 0.49999, 0.3886487055190716, 0.6113512944804722], [5, 80, 0.3, 0.9999999928686898, 7.131310217922588e-9],
  ])('beta(%s, %s) at %s, both tails', (a, b, x, lower, upper) => {
    agrees(betaBelow(x, a, b), lower, 1e-9);
    agrees(betaBelow(1 - x, b, a), upper, 1e-9);
  });

  it('logarithm of the gamma function and its derivative', () => {
    for (const [x, value] of [[1e-5, 11.512919692895826], [0.5, 0.5723649429247001], [3.7, 1.428072326665388], [150.5, 602.5139548705853], [1e8, 1742068066.1038349]] as const) agrees(logGamma(x), value, 1e-13);
    for (const [x, value] of [[0.01, -100.56088545786868], [0.5, -1.9635100260214235], [1, -0.5772156649015329], [50, 3.901989673427892]] as const) agrees(digamma(x), value, 1e-13);
  });

  it('normal, its quantile and its loss', () => {
    for (const [z, p] of [[-37, 5.7255712225239266e-300], [-10, 7.61985302416047e-24], [-1.96, 0.024997895148220435], [-0.1, 0.460172162722971], [0, 0.5], [0.5, 0.6914624612740131], [3, 0.9986501019683699]] as const) agrees(normalBelow(z), p, 1e-11);
    for (const [p, z] of [[1e-20, -9.262340089798409], [0.001, -3.090232306167813], [0.3, -0.5244005127080409], [0.8, 0.8416212335729143], [0.975, 1.959963984540054]] as const) agrees(standardNormalQuantile(p), z, 1e-12);
    agrees(standardNormalQuantile(1e-300), -37.0470962993612, 1e-8);
    expect(standardNormalQuantile(0.5)).toBeCloseTo(0, 15);
    agrees(normalLoss(0), normalDensity(0), 1e-15);
    expect([normalLoss(40), normalLoss(Infinity), normalLoss(-Infinity)]).toEqual([0, 0, Infinity]);
  });

  it('gamma and beta quantiles, far tails included', () => {
    for (const [a, p, x] of [[0.01, 0.1, 5.660738147062073e-101], [0.5, 0.975, 2.511943093657444], [11, 0.05, 6.169007289395322], [11, 0.999999, 34.427884340321256], [1e5, 0.3, 99833.92863928512]] as const) agrees(gammaQuantile(p, a, 1), x, 1e-10);
    for (const [a, b, p, x] of [[0.5, 0.5, 0.025, 0.001541333133436012], [4, 26, 0.95, 0.24613904495608416], [0.01, 3, 0.3, 1.1571293730900587e-53], [2000, 30000, 0.999, 0.06675935158436316]] as const) agrees(betaQuantile(p, a, b), x, 1e-9);
  });

  it('Poisson, binomial, beta-binomial and negative binomial', () => {
    for (const [k, m, mass, below] of [[0, 4.5, 0.011108996538242306, 0.011108996538242308], [4, 4.5, 0.18980762054012446, 0.5321035763747151], [200, 100, 4.716970602793046e-19, 1], [1e6, 1000500, 0.0003520799618796076, 0.3088016041901223]] as const) {
      agrees(poissonMass(k, m), mass, 1e-9);
      agrees(poissonBelow(k + 0.5, m), below, 1e-10);
    }
    for (const [k, n, p, mass, below] of [[5, 80, 0.025, 0.03515450386548763, 0.9847853787085802], [0, 10, 0.5, 0.0009765625, 0.0009765625], [300, 1e6, 0.0003, 0.023030000907874115, 0.5153487574356754], [499000, 1e6, 0.5, 0.00010798197801891438, 0.0228041499326948]] as const) {
      agrees(binomialMass(k, n, p), mass, 1e-9);
      agrees(binomialBelow(k + 0.5, n, p), below, 1e-9);
    }
    for (const [k, n, a, b, below] of [[3, 100, 2, 50, 0.5501097346068233], [0, 500, 0.5, 20, 0.19494121373819048], [700, 1000, 70, 30, 0.4925001480991476], [50, 100000, 10, 9990, 0.04305204492054617]] as const) agrees(betaBinomialBelow(k, n, a, b), below, 1e-7);
    for (const [shapeOf, probability, k, below] of [[11, 0.6875, 5, 0.6180188477190398], [0.3, 0.01, 40, 0.7799802248589965], [1000, 0.001, 998000, 0.4915864250150592]] as const) agrees(negativeBinomialBelow({ shape: shapeOf, probability }, k), below, 1e-9);
    expect([poissonQuantile(0.6571, 4.5), poissonQuantile(0.001, 1e6), poissonQuantile(0.5, 0.1), poissonQuantile(0.999, 100)]).toEqual([5, 996_911, 0, 132]);
    expect([binomialQuantile(0.025, 200, 0.05), binomialQuantile(0.999, 200, 0.05), binomialQuantile(0.5, 1, 0.5), binomialQuantile(0.9, 100_000, 0.3)]).toEqual([4, 21, 0, 30_186]);
    expect([betaBinomialQuantile(0.9, 100, 2, 50), betaBinomialQuantile(0.05, 1000, 70, 30)]).toEqual([8, 619]);
  });
});

// As SciPy's nbinom.ppf, in all the ways in which quantiles are found: by summing, by searching, by expansion.
describe('negative binomial quantiles', () => {
  const LEVELS = [0.001, 0.05, 0.5, 0.9, 0.95, 0.999];

  it.each([
    [0.03, 5000, [0, 0, 0, 2909, 19356, 386383]],
    [0.1, 1e6, [0, 0, 5934, 2661546, 5804351, 33636772]],
    [0.3, 201, [0, 0, 49, 593, 920, 3097]],
    [0.5, 300000, [0, 1179, 136481, 811663, 1152438, 3248272]],
    [1, 250, [0, 12, 173, 576, 750, 1730]],
    [1, 250000, [250, 12823, 173287, 575647, 748934, 1726942]],
    [2.5, 10000, [419, 2290, 8703, 18474, 22143, 41034]],
    [30, 199000, [105258, 143236, 196793, 246754, 262293, 330374]],
    [30, 201000, [106316, 144675, 198771, 249234, 264929, 333694]],
    [500, 100000, [86715, 92741, 99933, 105787, 107487, 114428]],
    [20000, 300000, [293274, 296405, 299995, 302811, 303612, 306815]],
    [500000, 300000, [297862, 298861, 300000, 300888, 301140, 302144]],
    [2e6, 1e6, [996218, 997986, 1000000, 1001570, 1002015, 1003788]],
    [0.5, 1e7, [15, 39321, 4549364, 27055435, 38414589, 108275664]],
    [1000, 1e8, [90512032, 94855959, 99966668, 104073451, 105257738, 110057860]],
  ])('of shape %s and mean %s are SciPy’s to the unit', (shapeOf, mean, expected) => {
    expect(negativeBinomialQuantiles({ shape: shapeOf, probability: shapeOf / (shapeOf + mean) }, LEVELS)).toEqual(expected);
  });

  it('beyond a thousand million units are those of the gamma distribution, and with a shape without end those of a Poisson', () => {
    for (const [shapeOf, mean] of [[0.5, 1e12], [40, 1e11]] as const) {
      negativeBinomialQuantiles({ shape: shapeOf, probability: shapeOf / (shapeOf + mean) }, LEVELS).forEach((q, i) => agrees(q, gammaQuantile(LEVELS[i] as number, shapeOf, shapeOf / mean), 1e-5));
    }
    expect(negativeBinomialQuantiles({ shape: 1e15, probability: 1e15 / (1e15 + 5000) }, LEVELS)).toEqual(LEVELS.map((p) => poissonQuantile(p, 5000)));
  });

  it('are the smallest counts that reach their level, however large the mean (seed 20261122)', () => {
    const spread = fc.double({ min: -2, max: 4, noNaN: true });
    fc.assert(fc.property(spread, fc.double({ min: 2, max: 7, noNaN: true }), fc.array(fc.double({ min: 1e-6, max: 1 - 1e-6, noNaN: true }), { minLength: 1, maxLength: 5 }), (logShape, logMean, some) => {
      const [shapeOf, mean] = [10 ** logShape, 10 ** logMean];
      const d = { shape: shapeOf, probability: shapeOf / (shapeOf + mean) };
      const levels = [...some].sort((a, b) => a - b);
      negativeBinomialQuantiles(d, levels).forEach((q, i) => {
        expect(negativeBinomialBelow(d, q)).toBeGreaterThanOrEqual((levels[i] as number) - 1e-9);
        if (q > 0) expect(negativeBinomialBelow(d, q - 1)).toBeLessThan((levels[i] as number) + 1e-9);
      });
    }), SEED);
  });

  it('cost no more for a large mean than for a small one: seven of mean 50 million within 20 ms', () => {
    const began = process.hrtime.bigint();
    for (let i = 0; i < 10; i++) negativeBinomialQuantiles({ shape: 3 + i, probability: 1e-7 }, LEVELS);
    expect(Number(process.hrtime.bigint() - began) / 1e7).toBeLessThan(20);
  });
});

describe('laws of the distributions (seed 20261122)', () => {
  it('quantiles undo distribution functions and never cross', () => {
    fc.assert(fc.property(level, level, shape, shape, (p, q, a, b) => {
      const [low, high] = [Math.min(p, q), Math.max(p, q)];
      expect(gammaQuantile(low, a, b)).toBeLessThanOrEqual(gammaQuantile(high, a, b));
      expect(betaQuantile(low, a, b)).toBeLessThanOrEqual(betaQuantile(high, a, b));
      expect(standardNormalQuantile(low)).toBeLessThanOrEqual(standardNormalQuantile(high));
      // Below 1e-300 a quantile cannot be stated; crowded against 1 it cannot be told from 1.
      if (gammaQuantile(p, a, 1) > 1e-290) expect(gammaBelow(gammaQuantile(p, a, b), a, b)).toBeCloseTo(p, 9);
      if (betaQuantile(p, a, b) < 1 - 1e-6 && betaQuantile(p, a, b) > 1e-290) expect(betaBelow(betaQuantile(p, a, b), a, b)).toBeCloseTo(p, 6);
      expect(normalBelow(standardNormalQuantile(p))).toBeCloseTo(p, 11);
    }), SEED);
  });

  it('distribution functions ascend from 0 to 1, and both tails make 1', () => {
    fc.assert(fc.property(fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true }), shape, shape, (x, y, a, b) => {
      const [low, high] = [Math.min(x, y), Math.max(x, y)];
      expect(betaBelow(low, a, b)).toBeLessThanOrEqual(betaBelow(high, a, b) + 1e-11);
      expect(gammaBelow(low * a, a, b)).toBeLessThanOrEqual(gammaBelow(high * a, a, b) + 1e-11);
      if (1 - x !== 1) expect(betaBelow(x, a, b) + betaBelow(1 - x, b, a)).toBeCloseTo(1, 6);
      expect([betaBelow(0, a, b), betaBelow(1, a, b), gammaBelow(-1, a, b), gammaBelow(Infinity, a, b)]).toEqual([0, 1, 0, 1]);
    }), SEED);
  });

  it('masses sum to the distribution function, and a quantile is the smallest count that reaches its level', () => {
    fc.assert(fc.property(level, fc.integer({ min: 0, max: 300 }), fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0.1, max: 60, noNaN: true }), (p, n, chance, mean) => {
      const k = binomialQuantile(p, n, chance);
      let sum = 0;
      for (let i = 0; i <= k; i++) sum += binomialMass(i, n, chance);
      expect(sum).toBeCloseTo(binomialBelow(k, n, chance), 10);
      expect(binomialBelow(k, n, chance)).toBeGreaterThanOrEqual(p * (1 - 1e-11));
      if (k > 0) expect(binomialBelow(k - 1, n, chance)).toBeLessThan(p);
      const j = poissonQuantile(p, mean);
      let poisson = 0;
      for (let i = 0; i <= j; i++) poisson += poissonMass(i, mean);
      expect(poisson).toBeCloseTo(poissonBelow(j, mean), 10);
      expect(betaBinomialMasses(n, mean, 1 + chance).reduce((s, m) => s + m, 0)).toBeCloseTo(1, 8);
      const d = { shape: mean, probability: 0.02 + 0.98 * chance };
      const [nb] = negativeBinomialQuantiles(d, [Math.min(p, 0.999_999)]) as [number];
      expect(negativeBinomialBelow(d, nb)).toBeGreaterThanOrEqual(Math.min(p, 0.999_999) - 1e-10);
    }), SEED);
  });
});

it.each([
  ['shape', () => gammaBelow(1, 0, 1)], ['rate', () => gammaQuantile(0.5, 1, NaN)], ['level', () => gammaQuantile(1, 1, 1)], ['x must', () => gammaBelow(NaN, 1, 1)], ['x must not be negative', () => incompleteGamma(1, -1)],
  ['alpha', () => betaBelow(0.5, NaN, 1)], ['beta', () => betaQuantile(0.5, 1, Infinity)], ['level', () => betaQuantile(NaN, 1, 1)], ['x must', () => betaBelow(NaN, 1, 1)],
  ['mean', () => poissonMass(1, -1)], ['k must', () => poissonMass(1.5, 1)], ['k must', () => poissonBelow(NaN, 1)], ['level', () => poissonQuantile(0, 1)],
  ['n must', () => binomialMass(0, -1, 0.5)], ['p must', () => binomialBelow(0, 1, 1.1)], ['k must', () => binomialMass(3, 2, 0.5)], ['level', () => binomialQuantile(-1, 2, 0.5)],
  ['n must', () => betaBinomialMasses(1.5, 1, 1)], ['alpha', () => betaBinomialBelow(0, 1, 0, 1)], ['beta', () => betaBinomialQuantile(0.5, 1, 1, NaN)], ['z must', () => normalBelow(NaN)], ['level', () => standardNormalQuantile(1)],
  ['k must', () => negativeBinomialBelow({ shape: 1, probability: 0.5 }, NaN)], ['x must', () => logGamma(0)], ['x must', () => digamma(NaN)], ['never reaches', () => smallestCount(() => 0.5, 0.9)],
])('distributions name what is wrong with their input: %s (%#)', (word, work) => {
  expect(work).toThrow(RangeError);
  expect(work).toThrow(word);
});
