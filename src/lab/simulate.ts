// `castline simulate`: a world of orders with its truth, as files.
import { existsSync, readdirSync, statSync } from 'node:fs';
import { DomainError } from '../kernel/offline.js';
import { inOrder, type Reading } from './inputs.js';
import { gapsOf } from './world/arrivals.js';
import { writeWorld } from './world/files.js';
import type { Family } from './world/parameters.js';
import { FEWEST_BROADCASTS, MOST_BROADCASTS, simulateWorld } from './world/world.js';

export { FAMILIES, type Family } from './world/parameters.js';

export interface SimulateOptions {
  readonly family: Family;
  readonly seed: number;
  readonly broadcasts: number;
  readonly out: string;
  /** Orders whose gaps are re-played. */
  readonly arrivals?: string | undefined;
}

/** Gaps between the orders of a file, mean 1. */
export async function readGaps(file: string, reading: Reading): Promise<number[]> {
  let times: number[] = [];
  await inOrder(file, reading, () => {
    const orders = new Set<string>();
    times = [];
    return (event) => {
      const order = `${event.shop}\0${event.orderId}`;
      if ((event.type !== 'created' && event.type !== 'paid') || orders.has(order)) return;
      orders.add(order);
      times.push(event.occurredAt);
    };
  });
  try {
    return gapsOf(times);
  } catch (error) {
    throw new DomainError(422, 'too-few-arrivals', `${file}: ${(error as Error).message}`);
  }
}

/** Writes the files; answers how many rows each has. */
export async function simulate(options: SimulateOptions, reading: Reading): Promise<Record<string, number>> {
  const { family, seed, broadcasts, out, arrivals } = options;
  if (broadcasts < FEWEST_BROADCASTS || broadcasts > MOST_BROADCASTS) throw new DomainError(422, 'bad-broadcasts', `--broadcasts must be from ${FEWEST_BROADCASTS} to ${MOST_BROADCASTS}`);
  if (family === 'replayed' && arrivals === undefined) throw new DomainError(422, 'no-arrivals', '--world replayed needs real orders to re-play: name a file of orders with --arrivals');
  if (arrivals !== undefined && !existsSync(arrivals)) throw new DomainError(422, 'no-file', `${arrivals}: no such file`);
  if (existsSync(out) && !statSync(out).isDirectory()) throw new DomainError(422, 'bad-folder', `${out}: is not a folder`);
  // A folder with something else in it is not ours to write into; files of an earlier world are replaced.
  const strange = existsSync(out) ? readdirSync(out).filter((name) => !/^(catalogue|broadcasts|orders|returns|truth)\.csv$|^world\.json$|^assumptions\.json$/.test(name)) : [];
  if (strange.length > 0) throw new DomainError(422, 'folder-in-use', `${out}: holds ${strange[0] as string}, which is no file of a world; name another folder`);
  const gaps = arrivals === undefined ? undefined : await readGaps(arrivals, reading);
  reading.report(`world ${family}, seed ${seed}, ${broadcasts} broadcasts`);
  const world = simulateWorld({ family, seed, broadcasts, ...(gaps === undefined ? {} : { gaps }) });
  reading.report(`${world.lines.length} orders, ${world.returns.length} returns, ${world.merchant.skus.length} SKUs`);
  return writeWorld(world, out, reading.report);
}
