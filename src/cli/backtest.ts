import { LEVELS } from '../forecast/math/index.js';
import { backtest, plan, type BacktestResult, type PlannedGroup, type PolicyName } from '../lab/offline.js';
import { ndjsonOut, readingOf } from './results.js';

export async function runBacktest(folder: string, options: { policies: PolicyName[]; json?: boolean; chart?: string; onError: 'stop' | 'skip' }): Promise<void> {
  const result = await backtest(folder, { policies: options.policies, chart: options.chart }, readingOf(options.onError));
  process.stdout.write(options.json === true ? `${JSON.stringify(result)}\n` : tableOf(result));
}

const COLUMNS = ['profit', 'revenue', 'made', 'sold', 'lost', 'late', 'leftOver', 'returned', 'resold', 'signals', 'samples'] as const;

function tableOf(result: BacktestResult): string {
  const rows = result.policies.filter((p) => p !== null).map((p) => [p.name, ...COLUMNS.map((c) => p[c].toLocaleString('en'))]);
  const all = [['policy', ...COLUMNS], ...rows];
  const widths = all[0]?.map((_, i) => Math.max(...all.map((r) => r[i]?.length ?? 0))) ?? [];
  const lines = all.map((r) => r.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('  '));
  const share = (s: number | null): string => (s === null ? 'not known' : `${(100 * s).toFixed(1)} %`);
  return `${lines.join('\n')}\n\nMoney in minor units. Of the gap from making nothing castline closes, to the oracle: ${share(result.gapToOracle)}; to the perfect prior: ${share(result.gapToPerfectPrior)}.\n`;
}

export async function runPlan(folder: string, options: { at: number; json?: boolean; onError: 'stop' | 'skip' }): Promise<void> {
  const groups = await plan(folder, options.at, LEVELS, readingOf(options.onError));
  if (options.json === true) {
    const out = ndjsonOut();
    groups.forEach(out.write);
    out.end();
    return;
  }
  process.stdout.write(groups.length === 0 ? 'Nothing to make, nothing to take back.\n' : groups.map(wordsOf).join('\n'));
}

function wordsOf(g: PlannedGroup): string {
  const what = g.action === 'make' ? `make ${g.units}` : g.action === 'take back' ? `take back ${g.units}` : 'wait';
  const lines = g.lines.map((l) => `  ${l.sku}: ${l.quantity > 0 ? `make ${l.quantity}` : 'make none'} (firm ${l.firm}, recommended ${l.recommended ?? 'not decidable'}, committed need ${l.committedNeed})\n${l.reasons.map((r) => `    ${r}\n`).join('')}`);
  return `${g.supplier ?? 'no supplier'} ${g.group}: ${what}\n${lines.join('')}`;
}
