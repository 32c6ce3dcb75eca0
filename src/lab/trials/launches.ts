// Forecasts of launches and of standing sales, and of slow movers, beside what others would have said of the same.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { exponentialSmoothing, forecastSlowMovers, regressSlowMovers, SLOW_MOVER_OPTIONS, type CountModel } from '../../forecast/math/index.js';
import { negativeBinomialMean } from '../../kernel/math/index.js';
import { readOrders } from '../inputs.js';
import { DAY_MS, EARLY_MS, firstFrom, forecastAt, forecastLaunches, launchesOf, netUnits, SalesLog, type Launch, type SaleLine } from '../math/index.js';
import type { Finding, Trial } from './finding.js';
import { ASKED, coverageOf, gapClosed, pinballOf, type Scored } from './launch-score.js';
import { fitReference, priorRule, ratioRule, referenceRule, type Rule } from './reference-regression.js';
import { secondYears } from './second-year.js';
import { simulatedLaunches } from './simulated-launches.js';

type Skus = ReadonlyMap<string, readonly SaleLine[]>;

const [SPAN_MS, HORIZON_MS] = [7 * DAY_MS, 55 * DAY_MS];
/** With fewer complete launches the reference has too little to go by, and none is judged. */
const LEAST_KNOWN = 50;
const SEED = 20261122;
const SIMULATED = 700;
/** So much better than the reference the forecasts are asked to be. */
const ASKED_RATIO = 0.95;
const ASKED_COVERAGE = [0.77, 0.83] as const;
const ASKED_GAP = 0.05;
/** Of simulated launches many sell a few units: as both ends of an interval of whole numbers count as inside, even the true law covers more than 80 %. */
const ASKED_OF_SIMULATED = [0.77, 0.87] as const;

const NAMES = ['castline', 'reference', 'ratio', 'prior'] as const;
type Name = (typeof NAMES)[number];
type Board = Record<Name, Scored[]>;
const emptyBoard = (): Board => ({ castline: [], reference: [], ratio: [], prior: [] });

const within = (x: number, [low, high]: readonly [number, number]): boolean => low <= x && x <= high;
const inWords = (board: Board): string => `pinball ${pinballOf(board.castline).toFixed(1)} (reference ${pinballOf(board.reference).toFixed(1)}, early × ratio ${pinballOf(board.ratio).toFixed(1)}, prior only ${pinballOf(board.prior).toFixed(1)}), ` +
  `coverage of 80 % ${coverageOf(board.castline).toFixed(3)} (reference ${coverageOf(board.reference).toFixed(3)})`;

/** Every rule's quantiles for the judged launches; `learned` answers what the rules know at a launch's as-of moment. */
function board(skus: Skus, start: number, end: number, judged: readonly Launch[], learned: (l: Launch) => readonly Rule[]): Board {
  const ours = new Map(forecastLaunches(skus, start, end, SPAN_MS, HORIZON_MS, ASKED).map((f) => [f.sku, f.quantiles]));
  const scores = emptyBoard();
  for (const launch of judged) {
    const [reference, ratio, prior] = learned(launch) as [Rule, Rule, Rule];
    const add = (name: Name, quantiles: readonly number[]): void => { scores[name].push({ outcome: launch.outcome, quantiles }); };
    add('castline', ours.get(launch.sku) as number[]);
    add('reference', reference(launch));
    add('ratio', ratio(launch));
    add('prior', prior(launch));
  }
  return scores;
}

/** Rules that learn anew on each day from the launches complete by then, as `castline forecast` does. */
function online(launches: readonly Launch[]): (l: Launch) => readonly Rule[] {
  let [day, model, rules]: [number, CountModel | undefined, readonly Rule[]] = [-Infinity, undefined, []];
  return ({ asOf }) => {
    const today = Math.floor(asOf / DAY_MS) * DAY_MS;
    if (today !== day) {
      const known = launches.filter((l) => l.completeAt <= today);
      model = fitReference(known, model);
      [day, rules] = [today, [referenceRule(model), ratioRule(known), priorRule(known)]];
    }
    return rules;
  };
}

function simulated(report: (line: string) => void): Finding {
  const { skus, start, end } = simulatedLaunches(SEED, SIMULATED);
  const launches = launchesOf(skus, start, end, SPAN_MS, HORIZON_MS).filter((l) => !l.early && l.completeAt <= end);
  const rules = online(launches);
  const judged = launches.filter((l) => launches.filter((k) => k.completeAt <= l.asOf - DAY_MS).length >= LEAST_KNOWN);
  const scores = board(skus, start, end, judged, rules);
  report(`launches: ${judged.length} simulated launches forecast`);
  const coverage = coverageOf(scores.castline);
  return {
    area: 'launches', figure: `${judged.length} launches of a simulated catalogue with a season (seed ${SEED}): 55 days a week after the first sale`, asked: `coverage of 80 % in ${ASKED_OF_SIMULATED.join(' to ')}`,
    reached: inWords(scores), met: within(coverage, ASKED_OF_SIMULATED),
  };
}

function launchFindings(skus: Skus, start: number, end: number, report: (line: string) => void): Finding[] {
  const all = launchesOf(skus, start, end, SPAN_MS, HORIZON_MS);
  const launches = all.filter((l) => !l.early && l.completeAt <= end + DAY_MS);
  const judged = launches.filter((l) => launches.filter((k) => k.completeAt <= Math.floor(l.asOf / DAY_MS) * DAY_MS).length >= LEAST_KNOWN);
  const year = board(skus, start, end, judged, online(launches));
  report(`launches: ${judged.length} launches of the year forecast`);
  const monthOf = (l: Launch): string => new Date(l.asOf - SPAN_MS).toISOString().slice(0, 7);
  const months = [...new Set(judged.map(monthOf))].map((month) => {
    const of = (name: Name): Scored[] => year[name].filter((_, i) => monthOf(judged[i] as Launch) === month);
    return `${month} (${of('castline').length}) ${pinballOf(of('castline')).toFixed(1)}/${pinballOf(of('reference')).toFixed(1)}/${coverageOf(of('castline')).toFixed(2)}`;
  });
  const ratio = pinballOf(year.castline) / pinballOf(year.reference);
  const coverage = coverageOf(year.castline);
  const [gap, gapOfReference] = [gapClosed(year.castline, year.prior), gapClosed(year.reference, year.prior)];

  const established = new Set([...skus].filter(([, lines]) => (lines[0] as SaleLine).at < start + EARLY_MS).map(([sku]) => sku));
  const later = emptyBoard();
  for (const world of secondYears(skus, launches.map((l) => l.sku), established, SEED)) {
    const end2 = Math.max(...Array.from(world.skus.values(), (lines) => (lines.at(-1) as SaleLine).at));
    const two = launchesOf(world.skus, start, end2, SPAN_MS, HORIZON_MS);
    const known = two.filter((l) => world.first.has(l.sku));
    const rules = [referenceRule(fitReference(known)), ratioRule(known), priorRule(known)];
    const scores = board(world.skus, start, end2, two.filter((l) => world.second.has(l.sku)), () => rules);
    for (const name of NAMES) later[name].push(...scores[name]);
    report('launches: a second year forecast');
  }
  const laterRatio = pinballOf(later.castline) / pinballOf(later.reference);
  const laterGaps = [gapClosed(later.castline, later.prior), gapClosed(later.reference, later.prior)] as const;
  return [
    { area: 'launches', gate: true, figure: `${judged.length} launches of a real year with ${LEAST_KNOWN} complete ones before them, each method learning on each day from what is complete: pinball against the reference regression`, asked: `ratio ≤ ${ASKED_RATIO}`, reached: `${ratio.toFixed(3)}: ${inWords(year)}`, met: ratio <= ASKED_RATIO },
    { area: 'launches', figure: 'the same: coverage of 80 %', asked: ASKED_COVERAGE.join(' to '), reached: coverage.toFixed(3), met: within(coverage, ASKED_COVERAGE) },
    { area: 'launches', figure: 'the same: share of the profit gap closed', asked: `≥ the reference's + ${ASKED_GAP}`, reached: `${gap.toFixed(3)} (reference ${gapOfReference.toFixed(3)})`, met: gap >= gapOfReference + ASKED_GAP },
    { area: 'launches', figure: 'the same by month of the first sale (launches): pinball of castline/of the reference/coverage', asked: '', reached: months.join('; ') },
    {
      area: 'launches', figure: `${later.castline.length} launches of a second year made of the first, halves learned from and judged both ways (seed ${SEED}; its season repeats exactly); the reference fitted once on the first year's`, asked: `ratio ≤ ${ASKED_RATIO}, gap ≥ the reference's + ${ASKED_GAP}`,
      reached: `ratio ${laterRatio.toFixed(3)}, gap ${laterGaps[0].toFixed(3)} (reference ${laterGaps[1].toFixed(3)}): ${inWords(later)}`, met: laterRatio <= ASKED_RATIO && laterGaps[0] >= laterGaps[1] + ASKED_GAP,
    },
  ];
}

const DATES = ['2010-03-01', '2010-04-15', '2010-06-01', '2010-07-15', '2010-09-01', '2010-10-05'].map((date) => Date.parse(`${date}T00:00:00Z`));
/** No more lines than this in 28 days: a slow mover. */
const SLOW_LINES = 2;

/** All SKUs at several dates, each from what had happened by then. */
function standingFinding(skus: Skus, start: number, horizonDays: number, report: (line: string) => void): Finding {
  const [all, slow]: [Scored[], Scored[]] = [[], []];
  const byDate: string[] = [];
  for (const date of DATES) {
    const known = new Map([...skus].map(([sku, lines]) => [sku, lines.slice(0, firstFrom(lines, date))] as const).filter(([, lines]) => lines.length > 0));
    const scored = forecastAt(known, start, date, horizonDays * DAY_MS, ASKED).map(({ sku, quantiles }) => {
      const lines = skus.get(sku) as readonly SaleLine[];
      const score = { outcome: netUnits(lines, date, date + horizonDays * DAY_MS, Infinity), quantiles };
      if (firstFrom(lines, date) - firstFrom(lines, date - 28 * DAY_MS) <= SLOW_LINES) slow.push(score);
      return score;
    });
    all.push(...scored);
    byDate.push(`${new Date(date).toISOString().slice(0, 10)} ${pinballOf(scored).toFixed(2)}/${coverageOf(scored).toFixed(3)}`);
  }
  report(`launches: standing sales of ${horizonDays} days forecast at ${DATES.length} dates`);
  return {
    area: 'standing', figure: `${all.length} forecasts of all SKUs at ${DATES.length} dates, ${horizonDays} days: pinball (of those with at most ${SLOW_LINES} lines in 28 days), coverage of 80 %; by date`, asked: '',
    reached: `${pinballOf(all).toFixed(2)} (${slow.length} slow: ${pinballOf(slow).toFixed(2)}), ${coverageOf(all).toFixed(3)}; ${byDate.join('; ')}`,
  };
}

function carpartsFinding(file: string): Finding {
  const series = gunzipSync(readFileSync(file)).toString().trim().split(/\r?\n/).slice(1)
    .map((line) => line.split(',').slice(1).map((cell) => (/^\d/.test(cell) ? Number(cell) : NaN))).filter((y) => y.every(Number.isFinite));
  const methods = { regression: regressSlowMovers, 'gamma-Poisson': (h: number[][]) => forecastSlowMovers(h, SLOW_MOVER_OPTIONS) };
  const errors = { regression: [] as number[], 'gamma-Poisson': [] as number[], SES: [] as number[] };
  for (let month = 45; month < 51; month++) {
    const known = series.map((y) => y.slice(0, month));
    for (const name of ['regression', 'gamma-Poisson'] as const) methods[name](known).forEach((d, i) => errors[name].push((series[i]?.[month] as number) - negativeBinomialMean(d)));
    known.forEach((y, i) => errors.SES.push((series[i]?.[month] as number) - exponentialSmoothing(y, 0.1)));
  }
  const rmse = (e: readonly number[]): number => Math.sqrt(e.reduce((s, x) => s + x * x, 0) / e.length);
  const bias = (e: readonly number[]): number => e.reduce((s, x) => s + x, 0) / e.length;
  const [root, me] = [rmse(errors.regression), bias(errors.regression)];
  return {
    area: 'standing', figure: `${series.length} spare parts, months 46 to 51 one step ahead (carparts): RMSE and mean error of the regression over all of them`, asked: 'RMSE ≤ 1.03, |ME| ≤ .03',
    reached: (Object.keys(errors) as (keyof typeof errors)[]).map((name) => `${name} ${rmse(errors[name]).toFixed(4)}, ${bias(errors[name]).toFixed(3)}`).join('; '), met: root <= 1.03 && Math.abs(me) <= 0.03,
  };
}

export const launchesTrial: Trial = async (data, report) => {
  const drawn = simulated(report);
  if (data === undefined) {
    report('skipped: launches of a real year and spare parts (no folder of the provided data)');
    return [{ ...drawn, gate: true }];
  }
  const log = new SalesLog();
  let [start, end] = [Infinity, -Infinity];
  await readOrders(join(data, 'uci-year1-orders.csv.gz'), { report: () => undefined, onError: 'stop' }, (event) => {
    start = Math.min(start, event.occurredAt);
    end = Math.max(end, event.occurredAt);
    log.add(event);
  });
  const skus = log.bySku();
  return [
    ...launchFindings(skus, start, end, report), drawn, standingFinding(skus, start, 55, report), standingFinding(skus, start, 14, report), carpartsFinding(join(data, 'carparts_2674x51_monthly.csv.gz')),
  ];
};
