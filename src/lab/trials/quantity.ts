// What castline earns beside a policy that knows how the world was made, over many simulated worlds of each family, with intervals.
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { existsSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { standardNormalQuantile } from '../../kernel/math/index.js';
import { DEFAULT_POLICIES, type PolicyName } from '../backtest/run.js';
import { readGaps } from '../simulate.js';
import type { Family } from '../world/parameters.js';
import type { Finding, Trial } from './finding.js';
import type { Play, Played } from './play.js';

/** Seeds from here on. The policy was tried on seeds 1 to 5 (cluster, pulsed); of these the first four were seen once before its last change. */
export const FIRST_SEED = 1_000;
const ASKED = 0.9;
/** A play makes gigabytes that live for a moment: with four times the usual room for what is young it is collected half as often. */
const YOUNG_MB = 192;

export interface QuantityOptions {
  readonly worlds: number;
  readonly broadcasts: number;
  /** How many of the worlds are played by all policies: the oracle alone takes as long as all others. */
  readonly whole: number;
}

/** Plays all worlds, as many at a time as there are cores; answers them in the order asked for. */
export async function playAll(plays: readonly Play[], report: (line: string) => void): Promise<Played[]> {
  const results: Played[] = [];
  let next = 0;
  let done = 0;
  const worker = async (): Promise<void> => {
    const thread = new Worker(new URL('./play.js', import.meta.url), { workerData: { plays: true }, resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB } });
    try {
      for (let n = next++; n < plays.length; n = next++) {
        results[n] = await new Promise<Played>((resolve, reject) => {
          thread.once('message', resolve);
          thread.once('error', reject);
          thread.postMessage(plays[n]);
        });
        thread.removeAllListeners('error');
        if (++done % 20 === 0) report(`quantity: ${done} of ${plays.length} worlds played`);
      }
    } finally {
      await thread.terminate();
    }
  };
  await Promise.all(Array.from({ length: Math.min(plays.length, availableParallelism()) }, worker));
  return results;
}

/** Ratio of sums Σ (castline − none) / Σ (best − none) with its 95 % interval by linearisation (delta method) over worlds. */
export function shareOver(worlds: readonly { readonly gain: number; readonly best: number }[]): { readonly share: number; readonly lower: number; readonly upper: number } | undefined {
  const n = worlds.length;
  const gains = worlds.reduce((s, w) => s + w.gain, 0);
  const best = worlds.reduce((s, w) => s + w.best, 0);
  if (n < 2 || !(best > 0)) return undefined;
  const share = gains / best;
  const residuals = worlds.reduce((s, w) => s + (w.gain - share * w.best) ** 2, 0);
  const error = (Math.sqrt((residuals * n) / (n - 1)) / best) * standardNormalQuantile(0.975);
  return { share, lower: share - error, upper: share + error };
}

const gainsOver = (played: readonly Played[], policy: PolicyName, best: PolicyName): { gain: number; best: number }[] =>
  played.flatMap((p) => {
    const [none, own, top] = [p.profit['none'], p.profit[policy], p.profit[best]];
    return none === undefined || own === undefined || top === undefined ? [] : [{ gain: own - none, best: top - none }];
  });

const percent = (x: number): string => `${(100 * x).toFixed(1)} %`;
const said = (s: ReturnType<typeof shareOver>): string => (s === undefined ? 'not known' : `${percent(s.share)} (${percent(s.lower)} to ${percent(s.upper)})`);

export const quantityTrial = (options: QuantityOptions): Trial => async (data, report) => {
  const arrivals = data === undefined ? undefined : join(data, 'uci-year1-orders.csv.gz');
  const gaps = arrivals === undefined || !existsSync(arrivals) ? undefined : (await readGaps(arrivals, { report, onError: 'stop' })).slice(0, 20_000);
  const families: Family[] = ['cluster', 'doubly-stochastic', 'pulsed', ...(gaps === undefined ? [] : (['replayed'] as const))];
  const plays = families.flatMap((family) => Array.from({ length: options.worlds }, (_, i): Play => ({
    family, seed: FIRST_SEED + i, broadcasts: options.broadcasts, policies: i < options.whole ? [...DEFAULT_POLICIES, 'castline-firm'] : ['none', 'castline', 'perfect-prior'], gaps: family === 'replayed' ? gaps : undefined,
  })));
  const played = await playAll(plays, report);
  const whole = Math.min(options.whole, options.worlds);
  const where = (family: string): string => `${options.worlds} worlds of ${options.broadcasts} broadcasts, ${family}, seeds from ${FIRST_SEED}`;
  const findings: Finding[] = families.flatMap((family): Finding[] => {
    const own = played.filter((p) => p.family === family);
    const share = shareOver(gainsOver(own, 'castline', 'perfect-prior'));
    const losses = own.filter((p) => (p.profit['castline'] ?? 0) < (p.profit['none'] ?? 0)).length;
    return [
      { area: 'quantity', figure: `share of the gain of the perfect prior, ${where(family)}`, asked: '≥ 90 %', reached: said(share), met: (share?.share ?? 0) >= ASKED },
      { area: 'quantity', figure: `the same, of what is sold already alone (castline-firm), first ${whole} worlds, ${family}`, asked: '', reached: said(shareOver(gainsOver(own, 'castline-firm', 'perfect-prior'))) },
      { area: 'quantity', figure: `the same, naive, first ${whole} worlds, ${family}`, asked: '', reached: said(shareOver(gainsOver(own, 'naive', 'perfect-prior'))) },
      { area: 'quantity', figure: `share of the gain of the oracle, first ${whole} worlds, ${family}`, asked: '', reached: said(shareOver(gainsOver(own, 'castline', 'oracle'))) },
      { area: 'quantity', figure: `worlds in which castline earns less than making nothing, ${family}`, asked: '', reached: `${losses} of ${own.length}` },
    ];
  });
  const all = shareOver(gainsOver(played, 'castline', 'perfect-prior'));
  return [
    { area: 'quantity', figure: `share of the gain of the perfect prior, all ${played.length} worlds, ${played.reduce((s, p) => s + p.orders, 0).toLocaleString('en')} orders`, asked: '≥ 90 %', reached: said(all), met: (all?.share ?? 0) >= ASKED, gate: true },
    ...findings,
  ];
};
