// Mean demand per period of slow movers, most of whose periods are empty. Every function takes the history, oldest first (whole
// or not, ≥ 0, at least one period), and smoothing constants in (0, 1], and answers the forecast of each period to come. How each
// method starts decides a good part of its accuracy, so it is stated. A history without demand is forecast as 0.
// Cost: linear in the history (iMAPA: times the number of levels). RangeError on other input.

function check(demand: readonly number[], ...alphas: readonly number[]): void {
  if (demand.length === 0) throw new RangeError('demand must hold at least one period');
  const wrong = demand.find((x) => !(x >= 0) || !Number.isFinite(x));
  if (wrong !== undefined) throw new RangeError(`demand must be finite and not negative, got ${wrong}`);
  for (const alpha of alphas) if (!(alpha > 0 && alpha <= 1)) throw new RangeError(`a smoothing constant must be in (0, 1], got ${alpha}`);
}

const smoothed = (values: readonly number[], alpha: number): number => values.slice(1).reduce((level, x) => level + alpha * (x - level), values[0] as number);

/** Simple exponential smoothing (SES), started at the first value. Agrees with R's ses(initial = "simple"). */
export function exponentialSmoothing(demand: readonly number[], alpha: number): number {
  check(demand, alpha);
  return smoothed(demand, alpha);
}

/**
 * Croston's method (1972): SES of the sizes over SES of the intervals between demands; the size starts at the first demand, the
 * interval at its position (1 = first period). Biased upwards by about α/(2 − α).
 */
export function croston(demand: readonly number[], alpha: number): number {
  check(demand, alpha);
  let last = demand.findIndex((x) => x > 0);
  if (last < 0) return 0;
  let size = demand[last] as number;
  let interval = last + 1;
  demand.forEach((x, t) => {
    if (x === 0 || t <= last) return;
    size += alpha * (x - size);
    interval += alpha * (t - last - interval);
    last = t;
  });
  return size / interval;
}

/** Syntetos-Boylan approximation (2005): Croston × (1 − α/2), which takes most of its bias away. */
export const syntetosBoylan = (demand: readonly number[], alpha: number): number => (1 - alpha / 2) * croston(demand, alpha);

/**
 * Teunter-Syntetos-Babai (TSB, 2011): smoothed chance of a demand times smoothed size; the chance moves in every period, so the
 * forecast of a dying SKU falls. The chance starts at 1/(position of the first demand) and is smoothed from the first period on;
 * the size starts at the first demand.
 */
export function teunterSyntetosBabai(demand: readonly number[], alphaSize: number, alphaChance: number): number {
  check(demand, alphaSize, alphaChance);
  const first = demand.findIndex((x) => x > 0);
  if (first < 0) return 0;
  let size = demand[first] as number;
  let chance = 1 / (first + 1);
  for (const x of demand) {
    chance += alphaChance * ((x > 0 ? 1 : 0) - chance);
    if (x > 0) size += alphaSize * (x - size);
  }
  return size * chance;
}

/** To the nearest whole number, halves to the even one, as R rounds. */
function roundHalfEven(x: number): number {
  const below = Math.floor(x);
  const rest = x - below;
  return rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below;
}

/**
 * iMAPA (Petropoulos and Kourentzes, 2015): SES on sums over blocks of 1, 2, … m periods, as per-period rates, averaged. m is the
 * mean interval between demands (halves to even), 1 where there are fewer than two; blocks end at the newest period, what does
 * not fill one at the oldest end is left out; each SES starts at its first block.
 */
export function imapa(demand: readonly number[], alpha: number): number {
  check(demand, alpha);
  const at = demand.flatMap((x, t) => (x > 0 ? [t] : []));
  const first = at[0] ?? 0;
  const levels = at.length < 2 ? 1 : Math.max(1, roundHalfEven(((at[at.length - 1] as number) - first) / (at.length - 1)));
  let sum = 0;
  for (let level = 1; level <= levels; level++) {
    const blocks = Array.from({ length: Math.floor(demand.length / level) }, (_, b, count = Math.floor(demand.length / level)) => {
      const from = demand.length - (count - b) * level;
      return demand.slice(from, from + level).reduce((s, x) => s + x, 0);
    });
    sum += smoothed(blocks, alpha) / level;
  }
  return sum / levels;
}
