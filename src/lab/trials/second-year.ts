// A second year made of the first, where only one is at hand: SKUs that are no launches sell as they did, launches are split in two
// halves, one launched in the first year, one in the second. The season repeats itself exactly, as no real one does: what is
// measured on it is an upper bound of what knowing the season is worth. Launches that are not in either half are left out of both
// years, as their own year would break off at the seam.
import { randomFrom } from '../../kernel/math/index.js';
import { DAY_MS, type SaleLine } from '../math/index.js';

/** A year by weekdays. */
const YEAR_MS = 364 * DAY_MS;

const later = (changes: SaleLine['paid']): SaleLine['paid'] => changes.map(({ at, quantity }) => ({ at: at + YEAR_MS, quantity }));

function nextYear(line: SaleLine): SaleLine {
  return { order: `${line.order}+`, at: line.at + YEAR_MS, unitPrice: line.unitPrice, created: later(line.created), paid: later(line.paid), cancelled: later(line.cancelled) };
}

export interface TwoYears {
  readonly skus: ReadonlyMap<string, readonly SaleLine[]>;
  readonly first: ReadonlySet<string>;
  readonly second: ReadonlySet<string>;
}

/** Both ways round. @param judged launches to split, @param established SKUs that were there from the start */
export function secondYears(skus: ReadonlyMap<string, readonly SaleLine[]>, judged: readonly string[], established: ReadonlySet<string>, seed: number): TwoYears[] {
  const random = randomFrom(seed).split('halves');
  const half = new Set([...judged].sort().filter(() => random.next() < 0.5));
  const rest = new Set(judged.filter((sku) => !half.has(sku)));
  const moved = new Map([...skus].map(([sku, lines]) => [sku, lines.map(nextYear)]));
  return [[half, rest] as const, [rest, half] as const].map(([first, second]) => {
    const both = new Map<string, readonly SaleLine[]>();
    for (const [sku, lines] of skus) {
      if (established.has(sku)) both.set(sku, [...lines, ...(moved.get(sku) as SaleLine[])].sort((a, b) => a.at - b.at));
      else if (first.has(sku)) both.set(sku, lines);
      else if (second.has(sku)) both.set(sku, moved.get(sku) as SaleLine[]);
    }
    return { skus: both, first, second };
  });
}
