// How good forecasts of launches are: pinball, coverage, and what acting on them earns.

/** Levels at which forecasts are judged, ascending, and the critical fractile of 3 earned per unit sold and .7 lost per unit left. */
export const SCORED = [0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95] as const;
const [SOLD, LEFT] = [3, 0.7];
export const FRACTILE = 0.811;
/** What to ask forecasts for: the scored levels and the fractile. */
export const ASKED = [...SCORED, FRACTILE].sort((a, b) => a - b);

export interface Scored {
  readonly outcome: number;
  /** At the levels of ASKED. */
  readonly quantiles: readonly number[];
}

const at = (quantiles: readonly number[], level: number): number => quantiles[ASKED.indexOf(level)] as number;
const mean = <T>(list: readonly T[], pick: (x: T) => number): number => list.reduce((s, x) => s + pick(x), 0) / list.length;

/** Mean pinball loss over the scored levels, in units. */
export const pinballOf = (scored: readonly Scored[]): number =>
  mean(scored, ({ outcome, quantiles }) => mean(SCORED, (level) => Math.max(level * (outcome - at(quantiles, level)), (level - 1) * (outcome - at(quantiles, level)))));

/** Share of outcomes within the 80 % interval, ends included. */
export const coverageOf = (scored: readonly Scored[]): number => mean(scored, ({ outcome, quantiles }) => (at(quantiles, 0.1) <= outcome && outcome <= at(quantiles, 0.9) ? 1 : 0));

/** What ordering the critical fractile of each earns. */
const profitOf = (scored: readonly Scored[]): number => mean(scored, ({ outcome, quantiles }) => {
  const made = at(quantiles, FRACTILE);
  return SOLD * Math.min(made, outcome) - LEFT * Math.max(0, made - outcome);
});

/** Share of the gap between knowing nothing of the launch (`prior`, of the same launches) and knowing its outcome. */
export function gapClosed(scored: readonly Scored[], prior: readonly Scored[]): number {
  const [nothing, all] = [profitOf(prior), mean(scored, (s) => SOLD * s.outcome)];
  return (profitOf(scored) - nothing) / (all - nothing);
}

/** Quantiles (ASKED) of a sample, between its values by linear interpolation. */
export function sampleQuantiles(values: readonly number[]): number[] {
  const sorted = [...values].sort((a, b) => a - b);
  return ASKED.map((level) => {
    const x = (sorted.length - 1) * level;
    const [low, high] = [sorted[Math.floor(x)] as number, sorted[Math.ceil(x)] as number];
    return low + (x - Math.floor(x)) * (high - low);
  });
}
