// How long the commands take on the real year, each as a process of its own, as users start them.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Finding, Trial } from './finding.js';

const RUNS = 3;
const CASTLINE = fileURLToPath(new URL('../../../bin/castline.js', import.meta.url));

/** Best wall and processor time of a command, on one core where the machine can hold a process to one; seconds. */
function timed(args: readonly string[]): { readonly wall: number; readonly pinned: boolean } {
  const pinned = spawnSync('taskset', ['-c', '0', 'true']).status === 0;
  let wall = Infinity;
  for (let i = 0; i < RUNS; i++) {
    const began = process.hrtime.bigint();
    const run = spawnSync(pinned ? 'taskset' : process.execPath, [...(pinned ? ['-c', '0', process.execPath] : []), CASTLINE, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
    if (run.status !== 0) throw new Error(`castline ${args[0] ?? ''} failed: ${run.stderr.toString()}`);
    wall = Math.min(wall, Number(process.hrtime.bigint() - began) / 1e9);
  }
  return { wall, pinned };
}

export const timeTrial: Trial = (data, report) => {
  const orders = data === undefined ? '' : join(data, 'uci-year1-orders.csv.gz');
  if (data === undefined || !existsSync(orders)) {
    report('time: skipped, it needs the folder of real data');
    return [];
  }
  const commands: readonly (readonly [readonly string[], number])[] = [
    [['detect', orders], 5],
    [['return-rates', '--orders', orders, '--returns', join(data, 'uci-year1-returns.csv.gz'), '--as-of', '2010-11-30T00:00:00Z', '--by', 'sku'], 2],
    [['forecast', orders, '--as-of', 'launch+7d', '--horizon', '55d'], 30],
  ];
  return commands.map(([args, bar]): Finding => {
    report(`time: ${args[0] as string}`);
    const { wall, pinned } = timed(args);
    return { area: 'time', figure: `castline ${args[0] as string}, the whole year, best of ${RUNS}${pinned ? ', one core' : ''}`, asked: `< ${bar} s`, reached: `${wall.toFixed(1)} s`, met: wall < bar };
  });
};
