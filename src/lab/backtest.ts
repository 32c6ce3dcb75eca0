// `castline backtest` and `castline plan`: a merchant's own past, or a simulated world, under several policies.
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { DomainError } from '../kernel/offline.js';
import { castlinePolicy, type Decision } from './backtest/castline.js';
import { chartOf, watcher, type DaySeen } from './backtest/chart.js';
import { House, STEP_MS } from './backtest/house.js';
import { learned } from './backtest/knowledge.js';
import { readScene } from './backtest/read-scene.js';
import { backtestScene, type BacktestResult, type PolicyName } from './backtest/run.js';
import type { Reading } from './inputs.js';

export { DEFAULT_POLICIES, POLICIES, type BacktestResult, type PolicyName } from './backtest/run.js';
export { ASSUMPTIONS, DEFAULT_ASSUMPTIONS } from './backtest/assumptions.js';

export interface BacktestOptions {
  readonly policies: readonly PolicyName[];
  /** A page that shows what happened. */
  readonly chart?: string | undefined;
}

export async function backtest(folder: string, options: BacktestOptions, reading: Reading): Promise<BacktestResult> {
  if (options.chart !== undefined && !existsSync(dirname(options.chart))) throw new DomainError(422, 'no-folder', `${dirname(options.chart)}: no such folder for the chart`);
  const scene = await readScene(folder, reading, { withPrior: options.policies.includes('perfect-prior') });
  reading.report(`${scene.lines.length} order lines of ${scene.skus.length} SKUs, ${new Set(scene.items.map((i) => i.broadcast)).size} broadcasts`);
  const days = new Map<PolicyName, readonly DaySeen[]>();
  const result = backtestScene(scene, options.policies, reading.report, options.chart === undefined ? undefined : () => {
    const { see, days: seen } = watcher();
    return { see, done: (name) => days.set(name, seen) };
  });
  if (options.chart !== undefined) {
    const shows = new Map(scene.items.map((i) => [i.broadcast, i.starts_at.getTime()]));
    await writeFile(options.chart, chartOf(result, days, [...shows].map(([name, at]) => [at, name] as const), scene.skus[0]?.terms.currency ?? ''));
    reading.report(`${options.chart}: what happened`);
  }
  return result;
}

export interface PlannedLine {
  readonly sku: string;
  readonly quantity: number;
  readonly firm: number;
  readonly recommended: number | null;
  readonly committedNeed: number;
  readonly open: number;
  readonly held: number;
  readonly stock: number;
  readonly production: number;
  readonly reflow: number;
  readonly cancellation: number;
  readonly keep: number;
  readonly expectedMore: { readonly quantiles: Readonly<Record<string, number>> };
  readonly reasons: readonly string[];
}

export interface PlannedGroup {
  readonly at: string;
  readonly supplier: string | null;
  readonly group: string;
  readonly action: 'make' | 'take back' | 'wait';
  readonly units: number;
  readonly lines: readonly PlannedLine[];
}

/** Plays castline from the start to `at` and answers what it decides then, one entry per group with something to say. */
export async function plan(folder: string, at: number, levels: readonly number[], reading: Reading): Promise<PlannedGroup[]> {
  const scene = await readScene(folder, reading, { until: at, withPrior: false });
  const decisions: Decision[] = [];
  let listening = false;
  const policy = castlinePolicy(learned(), { committedOnly: false, hear: (d) => { if (listening) decisions.push(d); } });
  const house = new House(scene, { sells: true, looks: true });
  house.now -= STEP_MS;
  while (house.now < at && house.running) {
    house.step(Math.min(at, house.now + STEP_MS));
    if (house.now % STEP_MS === 0) policy.decide(house);
  }
  // Nothing happens any more, however far away the moment is.
  if (house.now < at) house.step(at);
  listening = true;
  policy.decideAll(house);
  return decisions.map((d) => plannedOf(d, levels)).filter((g) => g.action !== 'wait' || g.lines.some((l) => l.committedNeed > 0 || (l.recommended ?? 0) > 0));
}

function plannedOf(d: Decision, levels: readonly number[]): PlannedGroup {
  const units = [...d.made.values()].reduce((s, q) => s + q, 0);
  const [first] = d.members;
  return {
    at: new Date(d.at).toISOString(), supplier: first?.terms.supplier ?? null, group: d.group, action: units > 0 ? 'make' : d.takenBack > 0 ? 'take back' : 'wait', units: units > 0 ? units : d.takenBack,
    lines: d.members.map((m): PlannedLine => ({
      sku: m.terms.sku, quantity: d.made.get(m.terms.sku) ?? 0, firm: m.firm, recommended: m.recommended, committedNeed: m.committedNeed, open: m.demand.open, held: m.held, stock: m.stock,
      production: m.due + m.late, reflow: m.reflow, cancellation: m.cancellation, keep: m.keep, expectedMore: { quantiles: Object.fromEntries(m.quantiles.map((q, i) => [String(levels[i]), q])) }, reasons: m.reasons,
    })),
  };
}
