// How long the commands take on the real year, each as a process of its own, as users start them.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Finding, Trial } from './finding.js';

const RUNS = 3;
const CASTLINE = fileURLToPath(new URL('../../../bin/castline.js', import.meta.url));

const best = (command: string, args: readonly string[]): number => {
  let wall = Infinity;
  for (let i = 0; i < RUNS; i++) {
    const began = process.hrtime.bigint();
    const run = spawnSync(command, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    if (run.status !== 0) throw new Error(`castline ${args.slice(args.indexOf(CASTLINE) + 1).join(' ')} failed: ${run.stderr.toString()}`);
    wall = Math.min(wall, Number(process.hrtime.bigint() - began) / 1e9);
  }
  return wall;
};

interface Timed {
  readonly args: readonly string[];
  readonly bar: number;
  /** The bar is for one core: the command is held to one. */
  readonly oneCore: boolean;
}

export const timeTrial: Trial = (data, report) => {
  const orders = data === undefined ? '' : join(data, 'uci-year1-orders.csv.gz');
  if (data === undefined || !existsSync(orders)) {
    report('time: skipped, it needs the folder of real data');
    return [];
  }
  const canPin = spawnSync('taskset', ['-c', '0', 'true']).status === 0;
  const commands: readonly Timed[] = [
    { args: ['detect', orders], bar: 5, oneCore: true },
    { args: ['return-rates', '--orders', orders, '--returns', join(data, 'uci-year1-returns.csv.gz'), '--as-of', '2010-11-30T00:00:00Z', '--by', 'sku'], bar: 2, oneCore: false },
    { args: ['forecast', orders, '--as-of', 'launch+7d', '--horizon', '55d'], bar: 30, oneCore: false },
  ];
  return commands.flatMap(({ args, bar, oneCore }): Finding[] => {
    const name = args[0] as string;
    report(`time: ${name}`);
    const free = best(process.execPath, [CASTLINE, ...args]);
    const pinned = canPin ? best('taskset', ['-c', '0', process.execPath, CASTLINE, ...args]) : undefined;
    const row = (how: string, wall: number, counts: boolean): Finding => ({
      area: 'time', figure: `castline ${name}, the whole year, best of ${RUNS}, ${how}`, asked: counts ? `< ${bar} s` : '', reached: `${wall.toFixed(1)} s`, ...(counts ? { met: wall < bar } : {}),
    });
    return [row('as users start it', free, !oneCore || pinned === undefined), ...(pinned === undefined ? [] : [row('held to one core', pinned, oneCore)])];
  });
};
