import { simulate, type Family } from '../lab/offline.js';
import { readingOf } from './results.js';

export async function runSimulate(options: { world: Family; seed: number; broadcasts: number; out: string; arrivals?: string }): Promise<void> {
  const written = await simulate({ family: options.world, seed: options.seed, broadcasts: options.broadcasts, out: options.out, arrivals: options.arrivals }, readingOf('stop'));
  process.stdout.write(`${JSON.stringify({ world: options.world, seed: options.seed, broadcasts: options.broadcasts, out: options.out, rows: written })}\n`);
}
