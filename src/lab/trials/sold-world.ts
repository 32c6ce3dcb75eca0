// A merchant whose returns are known to the end: lines of several sizes, rates that differ by key and drift with the season, lines
// that come back whole and lines whose units come back each for itself.
import { randomFrom, type Random } from '../../kernel/math/index.js';

const DAY_MS = 86_400_000;

/** What the rate does over the year, on the scale of log odds. */
export type Season = 'none' | 'walk' | 'step';

export interface MerchantTerms {
  readonly keys: number;
  readonly days: number;
  /** Mean rates of the categories; keys differ around them as Beta with this strength. */
  readonly means: readonly number[];
  readonly strength: number;
  readonly season: Season;
  /** Mean lines of a key and day. */
  readonly pace: number;
  /** Units of the largest purchase; 3 or fewer: there are no bulk purchases. */
  readonly bulk: number;
}

export interface SoldLine {
  readonly key: string;
  readonly units: number;
  /** ms since the start; the clock begins at delivery. */
  readonly start: number;
  /** Chance of each unit to come back. */
  readonly chance: number;
  /** What came back of it, to the end of time, earliest first. */
  readonly returns: readonly { readonly at: number; readonly units: number }[];
}

const normal = (random: Random): number => Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());

/** Gamma variate of shape ≥ 1/3 (Marsaglia and Tsang 2000; below 1 by a power of a uniform). */
function gamma(random: Random, shape: number): number {
  if (shape < 1) return gamma(random, shape + 1) * (1 - random.next()) ** (1 / shape);
  const d = shape - 1 / 3;
  for (;;) {
    const x = normal(random);
    const v = (1 + x / Math.sqrt(9 * d)) ** 3;
    if (v > 0 && Math.log(1 - random.next()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v;
  }
}

function count(random: Random, mean: number): number {
  let [n, left] = [0, random.exponential(1)];
  for (; left < mean; n++) left += random.exponential(1);
  return n;
}

/** Units of a line: most are one, a few are bulk purchases (log-uniform). */
function lineSize(random: Random, bulk: number): number {
  const u = random.next();
  const size = u < 0.78 ? 1 : u < 0.92 ? 2 : u < 0.97 ? 3 : u < 0.995 ? 4 + random.below(8) : Math.floor(12 * (Math.max(bulk, 12) / 12) ** random.next());
  return Math.min(bulk, size);
}

/** Days from delivery to the request: within a window of a week, and one in eight up to a month after. */
const lagDays = (random: Random): number => (random.next() < 0.875 ? 7 * Math.sqrt(random.next()) : 7 + (random.exponential(12) % 30));

/** Share of the lines that come back whole or not at all. */
const WHOLE = 0.7;

/** Shifts of the log odds by fortnight. */
function seasonOf(random: Random, season: Season, fortnights: number): number[] {
  let at = 0;
  return Array.from({ length: fortnights }, (_, i) => {
    if (season === 'walk') at += 0.15 * normal(random);
    if (season === 'step' && i === Math.floor(fortnights / 2)) at = 0.6;
    return at;
  });
}

export function soldLines(seed: number, terms: MerchantTerms): SoldLine[] {
  const random = randomFrom(seed).split('returns');
  const season = seasonOf(random.split('season'), terms.season, Math.ceil(terms.days / 14));
  const lines: SoldLine[] = [];
  for (let k = 0; k < terms.keys; k++) {
    const of = random.split(`key ${k}`);
    const mean = terms.means[k % terms.means.length] as number;
    const [a, b] = [gamma(of, mean * terms.strength), gamma(of, (1 - mean) * terms.strength)];
    const rate = Math.min(0.999, Math.max(1e-6, a / (a + b)));
    const pace = terms.pace * Math.exp(normal(of) - 0.5);
    for (let day = 0; day < terms.days; day++) {
      const odds = (rate / (1 - rate)) * Math.exp(season[Math.floor(day / 14)] as number);
      const chance = odds / (1 + odds);
      for (let n = count(of, pace); n > 0; n--) {
        const units = lineSize(of, terms.bulk);
        const start = Math.floor((day + of.next()) * DAY_MS);
        const when = (): number => start + Math.floor(lagDays(of) * DAY_MS);
        const returns: { at: number; units: number }[] = [];
        if (of.next() < WHOLE) {
          if (of.next() < chance) returns.push({ at: when(), units });
        } else {
          for (let i = 0; i < units; i++) if (of.next() < chance) returns.push({ at: when(), units: 1 });
        }
        lines.push({ key: `k${k}`, units, start, chance, returns: returns.sort((x, y) => x.at - y.at) });
      }
    }
  }
  return lines;
}
