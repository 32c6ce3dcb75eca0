// One simulated world played by the policies that are compared: the unit of work of the quantity trial, in a worker of its own.
import { parentPort, workerData } from 'node:worker_threads';
import { backtestScene, type PolicyName } from '../backtest/run.js';
import { sceneOfWorld } from '../backtest/scene-of-world.js';
import type { Family } from '../world/parameters.js';
import { simulateWorld } from '../world/world.js';

export interface Play {
  readonly family: Family;
  readonly seed: number;
  readonly broadcasts: number;
  readonly policies: readonly PolicyName[];
  readonly gaps?: readonly number[] | undefined;
}

export interface Played {
  readonly family: Family;
  readonly seed: number;
  readonly orders: number;
  /** By policy. */
  readonly profit: Readonly<Record<string, number>>;
  readonly revenue: Readonly<Record<string, number>>;
  readonly gapToOracle: number | null;
  readonly gapToPerfectPrior: number | null;
}

export function play({ family, seed, broadcasts, policies, gaps }: Play): Played {
  const scene = sceneOfWorld(simulateWorld({ family, seed, broadcasts, ...(gaps === undefined ? {} : { gaps }) }));
  const { policies: results, gapToOracle, gapToPerfectPrior } = backtestScene(scene, policies);
  const known = results.filter((r) => r !== null);
  return {
    family, seed, orders: scene.lines.length, gapToOracle, gapToPerfectPrior, profit: Object.fromEntries(known.map((r) => [r.name, r.profit])), revenue: Object.fromEntries(known.map((r) => [r.name, r.revenue])),
  };
}

if (parentPort !== null && (workerData as { plays?: boolean } | null)?.plays === true) {
  const port = parentPort;
  port.on('message', (next: Play) => port.postMessage(play(next)));
}
