import { oversell } from '../lab/offline.js';

export async function runOversell(options: { pile: number; demand: readonly number[]; minutes: number; delays: readonly number[]; shows: number; seed: number; json?: boolean }): Promise<void> {
  const { oversellTable } = await oversell();
  const rows = oversellTable({ pile: options.pile, demand: options.demand, seconds: options.minutes * 60, delays: options.delays, shows: options.shows, seed: options.seed, risk: 0.01 });
  if (options.json === true) {
    for (const row of rows) process.stdout.write(`${JSON.stringify(row)}\n`);
    return;
  }
  process.stdout.write(`${options.pile} units, ${options.demand.length} shops that could sell ${options.demand.join(' and ')} a second, ${options.shows} shows, seed ${options.seed}\n\n`);
  process.stdout.write('delay each way   without buffer: oversold (worst)   with buffer: oversold (worst)   held back for nothing\n');
  for (const delay of options.delays) {
    const [plain, buffered] = [rows.find((r) => r.delay === delay && r.policy === 'no-buffer'), rows.find((r) => r.delay === delay && r.policy === 'buffer')];
    if (plain === undefined || buffered === undefined) continue;
    process.stdout.write(`${`${delay} s`.padStart(14)}   ${`${plain.oversold.mean} (${plain.oversold.worst})`.padStart(34)}   ${`${buffered.oversold.mean} (${buffered.oversold.worst})`.padStart(31)}   ${String(buffered.unsold).padStart(21)}\n`);
  }
}
