// Returns: what was still to come beside what came, and how often the truth was inside the intervals; on merchants whose truth is
// known, with and without a season that drifts, and on a real year where it is at hand.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { RETURN_COLUMNS } from '../../returns/offline.js';
import { CohortSums, ratesByKey, type Cohort, type ReturnRate } from '../../returns/math/index.js';
import { readInput, readOrders, type Reading } from '../inputs.js';
import type { Finding, Trial } from './finding.js';
import { soldLines, type MerchantTerms, type Season, type SoldLine } from './sold-world.js';

const DAY_MS = 86_400_000;
const SEED = 20_261_122;
const LEVEL = 0.9;
const HORIZON = 60;
const WORLDS = 3;
const AS_OF_DAYS = [75, 130, 190];
/** Asked of the intervals of keys, and of what is still to come in all. */
const [LEAST, MOST] = [0.88, 0.94];
const TOTAL_ERROR = 0.25;

const MERCHANT: Omit<MerchantTerms, 'season'> = { keys: 240, days: 200, means: [0.15, 0.3, 0.55], strength: 15, pace: 0.35, bulk: 60 };

/** A year's lines, with what came of them in the end; `chance` where it is known. */
type KnownLine = Omit<SoldLine, 'chance'> & { readonly chance?: number };

interface Outcome {
  readonly rate: ReturnRate;
  /** What will have come back, and the rate that is true, where it is known. */
  readonly final: number;
  readonly truth: number | undefined;
}

interface Look {
  readonly all: ReturnRate;
  readonly final: number;
  readonly keys: readonly Outcome[];
}

/** What the service's functions say at a moment, beside what was to come. */
function lookAt(lines: readonly KnownLine[], asOf: number, horizon: number): Look {
  const sums = new CohortSums(asOf, horizon);
  const ends = new Map<string, { final: number; chances: number; sold: number }>();
  for (const line of lines) {
    if (line.start >= asOf) continue;
    sums.add(line.key, { sold: line.units, start: line.start, returns: line.returns });
    const end = ends.get(line.key) ?? { final: 0, chances: 0, sold: 0 };
    let left = line.units;
    for (const r of line.returns) if (r.at - line.start <= horizon * DAY_MS) left -= Math.min(left, r.units);
    end.final += line.units - left;
    end.chances += line.units * (line.chance ?? NaN);
    end.sold += line.units;
    ends.set(line.key, end);
  }
  const cohorts = sums.byKey();
  const together: Cohort[] = [...cohorts.values()].flat().sort((a, b) => a.age - b.age);
  const of = ratesByKey(cohorts, horizon, LEVEL);
  return {
    all: ratesByKey(new Map([['', together]]), horizon, LEVEL)(''), final: Array.from(ends.values(), (e) => e.final).reduce((s, n) => s + n, 0),
    keys: Array.from(ends, ([key, e]) => ({ rate: of(key), final: e.final, truth: Number.isNaN(e.chances) ? undefined : e.chances / e.sold })),
  };
}

const share = (list: readonly Outcome[], holds: (o: Outcome) => boolean): number => list.filter(holds).length / list.length;
const predicted = (o: Outcome): boolean => o.rate.finalReturns.lower <= o.final && o.final <= o.rate.finalReturns.upper;
const covered = (o: Outcome): boolean => o.truth !== undefined && o.rate.lower <= o.truth && o.truth <= o.rate.upper;
const rmse = (list: readonly Outcome[], of: (o: Outcome) => number): number => Math.sqrt(list.reduce((s, o) => s + (of(o) - (o.truth ?? o.final / o.rate.sold)) ** 2, 0) / list.length);
const isInside = (look: Look): boolean => look.all.finalReturns.lower <= look.final && look.final <= look.all.finalReturns.upper;
const errorOf = (look: Look): number => (look.all.finalReturns.mean - look.all.returned) / Math.max(1, look.final - look.all.returned) - 1;
const percent = (x: number): string => `${x >= 0 ? '+' : '−'}${Math.abs(100 * x).toFixed(0)} %`;
const within = (x: number): boolean => x >= LEAST && x <= MOST;

/** Of many looks: how far the total was off in the middle, and how often it was within a quarter and inside its interval. */
function totals(looks: readonly Look[]): { readonly reached: string; readonly met: boolean } {
  const errors = looks.map((l) => Math.abs(errorOf(l))).sort((a, b) => a - b);
  const [near, inside] = [errors.filter((e) => e <= TOTAL_ERROR).length, looks.filter(isInside).length];
  return { reached: `${near} of ${looks.length} within 25 %, ${inside} inside; median error ${(100 * (errors[errors.length >> 1] as number)).toFixed(0)} %`, met: near === looks.length && inside >= LEAST * looks.length };
}

const NAMES: Readonly<Record<Season, string>> = { none: 'no season', walk: 'odds that drift by 15 % (sd) a fortnight', step: 'odds that rise by 82 % at once' };

function simulated(report: (line: string) => void): Finding[] {
  const findings: Finding[] = [];
  const everyone: Outcome[] = [];
  for (const season of ['none', 'walk', 'step'] as const) {
    const looks: Look[] = [];
    for (let world = 0; world < WORLDS; world++) {
      const lines = soldLines(SEED + world, { ...MERCHANT, season });
      for (const day of AS_OF_DAYS) looks.push(lookAt(lines, day * DAY_MS, HORIZON));
    }
    report(`returns: ${looks.length} looks at simulated merchants with ${NAMES[season]}`);
    const keys = looks.flatMap((l) => l.keys);
    everyone.push(...keys);
    const on = `${WORLDS} simulated merchants × ${AS_OF_DAYS.length} dates, ${NAMES[season]}, seed ${SEED}`;
    findings.push({ area: 'returns', figure: `true rate of a key inside its 90 % interval; ${on}`, asked: '.88 to .94', reached: `${share(keys, covered).toFixed(3)} of ${keys.length}`, met: within(share(keys, covered)) });
    findings.push({ area: 'returns', figure: `final returns of a key inside their 90 % interval; ${on}`, asked: '.88 to .94', reached: share(keys, predicted).toFixed(3), met: within(share(keys, predicted)) });
    findings.push({ area: 'returns', figure: `all that is still to come; ${on}`, asked: 'within 25 %, inside the interval', ...totals(looks) });
  }
  const both = share(everyone, covered);
  findings.unshift({ area: 'returns', figure: `true rate of a key inside its 90 % interval, all simulated merchants and dates, seed ${SEED}`, asked: '.88 to .94', reached: `${both.toFixed(3)} of ${everyone.length}`, met: within(both), gate: true });
  return findings;
}

const [ORDERS, RETURNS] = ['uci-year1-orders.csv.gz', 'uci-year1-returns.csv.gz'] as const;

/** Lines of the real year: net of what was cancelled within a day; the clock starts at the sale, for want of a delivery. */
async function realLines(data: string, reading: Reading): Promise<KnownLine[]> {
  const lines = new Map<string, { key: string; paid: number; cancelled: number; start: number; returns: { at: number; units: number }[] }>();
  await readOrders(join(data, ORDERS), reading, (e) => {
    const id = `${e.orderId}\0${e.lineId}`;
    let line = lines.get(id);
    if (line === undefined) lines.set(id, (line = { key: e.sku, paid: 0, cancelled: 0, start: e.occurredAt, returns: [] }));
    if (e.type === 'paid') {
      line.paid += e.quantity;
      line.start = Math.min(line.start, e.occurredAt);
    } else if (e.type === 'cancelled') line.cancelled += e.quantity;
  });
  const at = (name: string): number => Object.keys(RETURN_COLUMNS).indexOf(name);
  const [order, line, when, quantity] = [at('order_id'), at('line_id'), at('occurred_at'), at('quantity')];
  await readInput(join(data, RETURNS), RETURN_COLUMNS, reading, (values) => {
    lines.get(`${String(values[order])}\0${String(values[line])}`)?.returns.push({ at: Number(values[when]), units: Number(values[quantity]) });
    return undefined;
  });
  return Array.from(lines.values(), (l) => ({ key: l.key, units: Math.max(0, l.paid - l.cancelled), start: l.start, returns: l.returns.sort((a, b) => a.at - b.at) }));
}

/** The dates named in the documents, and the firsts and fifteenths between, so that nothing hangs on four days. */
const NAMED = ['2010-04-01', '2010-06-01', '2010-08-01', '2010-10-01'];
const BETWEEN = ['2010-03-01', '2010-03-15', '2010-04-15', '2010-05-01', '2010-05-15', '2010-06-15', '2010-07-01', '2010-07-15', '2010-08-15', '2010-09-01', '2010-09-15'];

async function real(data: string, report: (line: string) => void): Promise<Finding[]> {
  const lines = await realLines(data, { report, onError: 'stop' });
  const findings: Finding[] = [];
  const looks = new Map<string, Look>();
  for (const date of [...NAMED, ...BETWEEN].sort()) {
    looks.set(date, lookAt(lines, Date.parse(date), HORIZON));
    report(`returns: ${date} looked at`);
  }
  for (const date of NAMED) {
    const look = looks.get(date) as Look;
    const { mean, lower, upper } = look.all.finalReturns;
    const [came, back] = [look.final, look.all.returned];
    findings.push({
      area: 'returns', figure: `still to come on the real year at ${date}, ${HORIZON} days`, asked: 'within 25 %, inside the 90 % interval',
      reached: `${came - back} units, predicted ${(mean - back).toFixed(0)} (${percent(errorOf(look))}), interval ${lower - back} to ${upper - back}: ${isInside(look) ? 'inside' : 'outside'}`, met: Math.abs(errorOf(look)) <= TOTAL_ERROR && isInside(look),
    });
    const keys = look.keys.filter((o) => o.rate.sold >= 20);
    const nothing = share(keys, (o) => o.final === o.rate.returned);
    findings.push({
      area: 'returns', figure: `final returns per SKU with 20 or more sold inside 90 % on the real year at ${date}`, asked: '.88 to .94',
      reached: `${share(keys, predicted).toFixed(3)} of ${keys.length} (nothing more came of ${nothing.toFixed(3)}, so no interval that begins at what is back holds less)`, met: within(share(keys, predicted)),
    });
    const [own, ended, flat, naive] = [(o: Outcome) => o.rate.rate, (o: Outcome) => o.rate.finalReturns.mean / o.rate.sold, () => look.all.rate, (o: Outcome) => o.rate.naive].map((of) => rmse(keys, of)) as [number, number, number, number];
    findings.push({
      area: 'returns', figure: `error (RMSE) of a SKU's final share returned on the real year at ${date}`, asked: 'below a flat rate',
      reached: `rate ${own.toFixed(4)}, predicted final share ${ended.toFixed(4)}; flat ${flat.toFixed(4)}, naive ${naive.toFixed(4)}`, met: own < flat && ended < flat,
    });
  }
  findings.push({ area: 'returns', figure: `still to come on the real year, ${looks.size} dates from March to October, three of them between a sale of 75,000 units and its return`, asked: '', reached: totals([...looks.values()]).reached });
  return findings;
}

export const returnsTrial: Trial = async (data, report) => {
  const findings = simulated(report);
  if (data === undefined || ![ORDERS, RETURNS].every((file) => existsSync(join(data, file)))) {
    report(`returns: the real year is skipped: ${data === undefined ? 'no folder was given' : `${ORDERS} and ${RETURNS} are not in ${data}`}`);
    return findings;
  }
  return [...findings, ...(await real(data, report))];
};
