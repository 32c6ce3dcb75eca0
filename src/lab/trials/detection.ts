// The trial of spike detection: false alarms where nothing happens, delay where something does, beside a CUSUM that knows the jump.
// Everything runs through the function that the service runs.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  advanceStream, BIN_MS, DEFAULT_SPIKE_OPTIONS, EVEN, Evidence, openStream, outsideOf, poissonCusum, type Bin, type StreamState,
} from '../../forecast/math/index.js';
import { poissonBelow, randomFrom, type Random } from '../../kernel/math/index.js';
import { detect } from '../detect.js';
import type { Finding, Trial } from './finding.js';
import { always, DAY, HOUR, MINUTE, openTwelveHours, simulatedBins, swinging, type Traffic } from './simulated-streams.js';
import { weekFindings } from './weekly-shape.js';

const SEED = 2026;
const BASES = [0.1, 0.5, 2] as const;
const NO_LATE = { orders: 0, withdrawn: 0 };
const ALLOWED = DEFAULT_SPIKE_OPTIONS.falseAlarmsPer1000SkuHours;

/** Streams on which nothing happens that is worth an alarm. */
interface Quiet {
  readonly name: string;
  readonly days: number;
  readonly streams: number;
  readonly dispersions: readonly number[];
  readonly share: (random: Random) => (at: number) => number;
  /** Peak as a multiple of the base. */
  readonly peak?: number;
  /** When the level changes for good (ms): from its first alarm until the baseline has learned it, alarms are due. */
  readonly changed?: number;
  readonly broadcasts?: boolean;
}

const THREE_DAYS = 3 * DAY;
export const QUIET: readonly Quiet[] = [
  { name: 'steady', days: 10, streams: 60, dispersions: [1, 1.7, 2.7], share: () => always },
  { name: 'swinging tenfold between night and day', days: 10, streams: 60, dispersions: [1, 1.7, 2.7], share: (random) => swinging(DAY * random.next()) },
  { name: 'open twelve hours, nothing at night', days: 10, streams: 60, dispersions: [1, 1.7, 2.7], share: (random) => openTwelveHours(DAY * random.next()) },
  { name: 'base learned on 25 % less traffic than comes from the fourth day on', days: 5, streams: 60, dispersions: [1, 1.7, 2.7], peak: 1.25, share: () => (at) => (at < THREE_DAYS ? 0.8 : 1) },
  { name: 'the first day of a SKU', days: 1, streams: 300, dispersions: [1, 1.7, 2.7], share: (random) => swinging(DAY * random.next()) },
  { name: 'three times the level for good from the fourth day on, alarms of the six hours from its first not counted', days: 8, streams: 30, dispersions: [1, 1.7, 2.7], peak: 3, changed: THREE_DAYS, share: () => (at) => (at < THREE_DAYS ? 1 / 3 : 1) },
  { name: 'a broadcast of three hours every evening at the rate outside', days: 10, streams: 60, dispersions: [1, 1.7, 2.7], broadcasts: true, share: (random) => swinging(DAY * random.next()) },
];

/** Six hours, and the window by which an episode's end is known. */
const LEARNED_AFTER = 6.5 * HOUR;

function alarmsOf(bins: readonly Bin[], days: number, quiet: Quiet): number {
  if (quiet.broadcasts !== true) {
    const { alarms } = advanceStream(openStream(bins[0]?.bin ?? 0, { kind: 'standing' }), bins, days * DAY, NO_LATE);
    const changed = quiet.changed ?? Infinity;
    const since = alarms.find((a) => a.bin >= changed)?.bin ?? Infinity;
    return alarms.filter((a) => a.bin < changed || a.bin > since + LEARNED_AFTER).length;
  }
  const onAir = (at: number): boolean => at % DAY >= 18 * HOUR && at % DAY < 21 * HOUR;
  let standing: StreamState = openStream(bins[0]?.bin ?? 0, { kind: 'standing' });
  let alarms = 0;
  for (let day = 0; day < days; day++) {
    const today = bins.filter((b) => b.bin >= day * DAY && b.bin < (day + 1) * DAY);
    const starts = day * DAY + 18 * HOUR;
    const before = advanceStream(standing, today.filter((b) => b.bin < starts), starts, NO_LATE);
    const evening = today.filter((b) => onAir(b.bin));
    const [first] = evening;
    // The first broadcast of a SKU comes after a day: before it there is nothing to start from but the published prior.
    if (first !== undefined && day > 0) {
      const outside = outsideOf(before.state.baseline, first.bin, EVEN);
      alarms += advanceStream(openStream(first.bin, { kind: 'broadcast', outside }), evening, starts + 3 * HOUR, NO_LATE).alarms.length;
    }
    const after = advanceStream(before.state, today.filter((b) => b.bin >= starts && !onAir(b.bin)), (day + 1) * DAY, NO_LATE);
    alarms += before.alarms.length + after.alarms.length;
    standing = after.state;
  }
  return alarms;
}

interface FalseAlarms {
  readonly name: string;
  readonly dispersion: number;
  readonly alarms: number;
  readonly hours: number;
  readonly byBase: readonly number[];
}

export function falseAlarms(quiet: Quiet, dispersion: number, effort: number): FalseAlarms {
  const random = randomFrom(SEED, `quiet/${quiet.name}/${dispersion}`);
  const streams = Math.ceil(quiet.streams * effort);
  const byBase = BASES.map((base) => {
    let alarms = 0;
    for (let i = 0; i < streams; i++) {
      const traffic: Traffic = { peak: base * (quiet.peak ?? 1), share: quiet.share(random), dispersion };
      alarms += alarmsOf(simulatedBins(random, traffic, 0, quiet.days * DAY), quiet.days, quiet);
    }
    return alarms;
  });
  return { name: quiet.name, dispersion, alarms: byBase.reduce((s, n) => s + n, 0), hours: streams * BASES.length * quiet.days * 24, byBase };
}

/** Thresholds of Poisson CUSUMs that know the jump, for one false alarm in 60,000 minutes by simulation; with their mean delay in minutes. */
const TUNED = [
  { base: 0.1, jump: 5, threshold: 9.01 }, { base: 0.1, jump: 10, threshold: 9.64 }, { base: 0.5, jump: 3, threshold: 9.68 }, { base: 0.5, jump: 5, threshold: 10.22 },
  { base: 0.5, jump: 10, threshold: 10.86 }, { base: 2, jump: 3, threshold: 10.6 }, { base: 2, jump: 5, threshold: 10.8 }, { base: 2, jump: 10, threshold: 10.82 },
] as const;

/** Minutes from a jump to the end of the bin in which `alarm` first answers true; after a quiet warm-up of ten hours. */
function delayOf(bins: readonly Bin[], take: (orders: number, empty: number, judged: boolean) => boolean, from: number): number {
  let next = 0;
  for (const { bin, orders } of bins) {
    if (take(orders, (bin - next) / BIN_MS, bin >= from)) return (bin + BIN_MS - from) / MINUTE;
    next = bin + BIN_MS;
  }
  return Infinity;
}

interface Delay {
  readonly base: number;
  readonly jump: number;
  readonly minutes: number;
  readonly missed: number;
  readonly runs: number;
}

const mean = (values: readonly number[]): number => values.reduce((s, v) => s + v, 0) / values.length;

/** Delay with a known base: the tuned CUSUM beside the service's evidence, on the same orders. Minutes. */
export function knownBase(runs: number): { readonly base: number; readonly jump: number; readonly tuned: number; readonly ours: number }[] {
  return TUNED.map(({ base, jump, threshold }) => {
    const random = randomFrom(SEED, `known/${base}/${jump}`);
    const mu = (base * BIN_MS) / MINUTE;
    const A = (1000 * HOUR) / BIN_MS / ALLOWED;
    const from = 10 * HOUR;
    const [tuned, ours]: [number[], number[]] = [[], []];
    while (tuned.length < runs) {
      const bins = [...simulatedBins(random, { peak: base, share: always, dispersion: 1 }, 0, from), ...simulatedBins(random, { peak: base * jump, share: always, dispersion: 1 }, from, from + 12 * HOUR)];
      let level = 0;
      const t = delayOf(bins, (orders, empty) => {
        level = Math.max(0, level - (jump - 1) * mu * empty);
        level = poissonCusum(level, orders, mu, jump);
        return level >= threshold;
      }, from);
      const evidence = Evidence.from(0, BIN_MS);
      const o = delayOf(bins, (orders, empty) => {
        evidence.empty(0, empty, mu, mu, KNOWN_EXCESS);
        const alarm = evidence.statistic(orders, mu, KNOWN_EXCESS) >= A;
        evidence.take(0, orders, mu, mu, KNOWN_EXCESS);
        return alarm;
      }, from);
      // An alarm before the jump is a false one; both are then asked again.
      if (t <= 0 || o <= 0) continue;
      tuned.push(t);
      ours.push(o);
    }
    return { base, jump, tuned: mean(tuned), ours: mean(ours) };
  });
}

/** Poisson counts, as the negative binomial knows them. */
const KNOWN_EXCESS = { most: 1e-4, plain: 1e-4 };

/** Delay on streams whose base was learned for three days; a jump every two hours of the fourth day, each from the same past. */
export function learnedBase(dispersion: number, jump: number, streams: number, share: (random: Random) => (at: number) => number, commonShape = false): Delay[] {
  return BASES.map((base) => {
    const random = randomFrom(SEED, `learned/${dispersion}/${base}/${jump}/${commonShape}`);
    const delays: number[] = [];
    const perBase = base < 1 ? streams * 2 : streams;
    for (let i = 0; i < perBase; i++) {
      const traffic: Traffic = { peak: base, share: share(random), dispersion };
      const bins = simulatedBins(random, traffic, 0, 4 * DAY);
      let state = openStream(bins[0]?.bin ?? 0, { kind: 'standing' });
      let used = 0;
      for (let from = THREE_DAYS; from < 4 * DAY; from += 2 * HOUR) {
        let upTo = used;
        while (upTo < bins.length && (bins[upTo] as Bin).bin < from) upTo++;
        state = advanceStream(state, bins.slice(used, upTo), from, NO_LATE).state;
        used = upTo;
        if (state.episode !== null) continue;
        const raised = simulatedBins(random, { ...traffic, peak: base * jump, dispersion: commonShape ? 1 + jump * (dispersion - 1) : dispersion }, from, from + 6 * HOUR);
        const [alarm] = advanceStream(state, raised, from + 6 * HOUR, NO_LATE).alarms;
        delays.push(alarm === undefined ? 6 * 60 : (alarm.bin + BIN_MS - from) / MINUTE);
      }
    }
    return { base, jump, minutes: mean(delays), missed: delays.filter((d) => d > 60).length / delays.length, runs: delays.length };
  });
}
const one = (value: number): string => value.toFixed(2);
const share = (value: number): string => `${(100 * value).toFixed(1)} %`;

function quietFindings(report: (line: string) => void): Finding[] {
  const all = QUIET.flatMap((quiet) => quiet.dispersions.map((dispersion) => falseAlarms(quiet, dispersion, EFFORT)));
  const rate = (f: FalseAlarms): number => (1000 * f.alarms) / f.hours;
  const findings = all.map((f): Finding => {
    report(`false alarms, ${f.name}, variance/mean ${f.dispersion}: ${f.alarms} in ${f.hours} SKU-hours`);
    return {
      area: 'spikes', figure: `false alarms per 1,000 SKU-hours: ${f.name}, variance/mean ${f.dispersion}, base ${BASES.join(' / ')} a minute (seed ${SEED})`, asked: `<= ${ALLOWED}`,
      reached: `${one(rate(f))} (${f.alarms} in ${f.hours} SKU-hours; by base ${f.byBase.join(' / ')})`, met: rate(f) <= ALLOWED,
    };
  });
  const alarms = all.reduce((s, f) => s + f.alarms, 0);
  const hours = all.reduce((s, f) => s + f.hours, 0);
  const above = findings.filter((f) => f.met === false).length;
  // Of many settings that are at their allowance one or another is above it by luck: the gate asks whether it is more than luck.
  const broken = all.filter((f) => 1 - poissonBelow(f.alarms - 1, (f.hours * ALLOWED) / 1000) < 0.01).length;
  return [...findings, {
    area: 'spikes', figure: `false alarms over all settings (seed ${SEED})`, asked: `<= ${ALLOWED} per 1,000 SKU-hours, and no setting above it by more than luck (one in a hundred)`,
    reached: `${one((1000 * alarms) / hours)} (${alarms} in ${hours} SKU-hours, where ${Math.round((hours * ALLOWED) / 1000)} are allowed); above it in ${above} of ${all.length} settings, by more than luck in ${broken}`, met: broken === 0 && alarms <= (hours * ALLOWED) / 1000, gate: true,
  }];
}

/** Mean delays of the tuned CUSUM at one false alarm in 60,000 minutes, minutes. */
const tunedDelay = (known: readonly { base: number; jump: number; tuned: number }[], base: number, jump: number): number => known.find((k) => k.base === base && k.jump === jump)?.tuned ?? NaN;

function delayFindings(report: (line: string) => void): Finding[] {
  const known = knownBase(KNOWN_RUNS);
  const ratio = mean(known.map((k) => k.ours / k.tuned));
  const findings: Finding[] = [{
    area: 'spikes', figure: `delay with a known base beside a CUSUM that knows the jump, mean over bases .1, .5, 2 and jumps x3, x5, x10 (${KNOWN_RUNS} runs each, seed ${SEED})`, asked: '<= 1.2 x',
    reached: `${one(ratio)} x (${known.map((k) => `${k.base} x${k.jump}: ${one(k.ours)} / ${one(k.tuned)} min`).join(', ')})`, met: ratio <= 1.2,
  }];
  const missed: number[] = [];
  for (const dispersion of [1, 1.7, 2.7]) {
    for (const [jump, bar] of [[5, 1.6], [10, 1.45]] as const) {
      const delays = learnedBase(dispersion, jump, STREAMS, () => always);
      missed.push(...delays.map((d) => d.missed));
      const times = mean(delays.map((d) => d.minutes / tunedDelay(known, d.base, jump)));
      const table = delays.map((d) => `${d.base}: ${one(d.minutes)} min, ${share(d.missed)} of ${d.runs} missed`).join(', ');
      report(`delay x${jump}, variance/mean ${dispersion}: ${table}`);
      findings.push({
        area: 'spikes', figure: `delay of a jump x${jump} after three days of history, variance/mean ${dispersion}, beside the tuned CUSUM that knows base and jump (seed ${SEED})`,
        ...(dispersion === 1 ? { asked: `<= ${bar} x`, reached: `${one(times)} x (${table})`, met: times <= bar } : { asked: '', reached: table }),
      });
    }
  }
  findings.push({ area: 'spikes', figure: `hour-long jumps x5 and x10 missed, mean over bases and variance/mean 1, 1.7, 2.7 (seed ${SEED})`, asked: '<= 6 %', reached: share(mean(missed)), met: mean(missed) <= 0.06 });
  for (const jump of [5, 10]) {
    const delays = learnedBase(1, jump, STREAMS, (random) => swinging(DAY * random.next()));
    findings.push({
      area: 'spikes', figure: `delay of a jump x${jump} at any hour of a day that swings tenfold, peak .1, .5, 2 a minute (seed ${SEED})`, asked: '',
      reached: delays.map((d) => `${d.base}: ${one(d.minutes)} min, ${share(d.missed)} of ${d.runs} missed within the hour`).join(', '),
    });
  }
  return findings;
}

/** How much is drawn: a minute or two on one core. */
const [EFFORT, KNOWN_RUNS, STREAMS, SKUS_OF_A_SHOP] = [0.5, 500, 30, 6];

export const detectionTrial: Trial = async (data, report) => {
  const findings = [...quietFindings(report), ...delayFindings(report), ...weekFindings(SKUS_OF_A_SHOP, report)];
  const orders = data === undefined ? undefined : join(data, 'uci-year1-orders.csv.gz');
  if (orders === undefined || !existsSync(orders)) {
    report('skipped: spikes of a real year (no folder with uci-year1-orders.csv.gz)');
    return findings;
  }
  const spikes = await detect(orders, { falseAlarmsPer1000SkuHours: ALLOWED, bucketMs: BIN_MS }, { report, onError: 'stop' }, () => undefined);
  return [...findings, { area: 'spikes', figure: 'spikes in the year of a wholesaler (UCI Online Retail II, first year)', asked: '', reached: String(spikes) }];
};
