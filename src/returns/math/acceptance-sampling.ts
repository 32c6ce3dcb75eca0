// Single sampling by attributes, general inspection level II, as GB/T 2828.1, ISO 2859-1 and ANSI/ASQ Z1.4 tabulate it. The tables
// are not copied but rebuilt from their structure: sample sizes grow by letter, AQLs by column, both in steps of 10^(1/5), so that
// the acceptance number depends on letter + column alone; where a cell has no plan of its own an arrow leads along its column.
// Agrees with the 720 plans of the open tables it was tested against; check against the standard itself before claiming conformity.
import { binomialBelow } from '../../kernel/math/index.js';

/** AQLs as non-conforming units per 100, the columns of the tables. */
export const AQLS = [0.01, 0.015, 0.025, 0.04, 0.065, 0.1, 0.15, 0.25, 0.4, 0.65, 1, 1.5, 2.5, 4, 6.5, 10] as const;

/** Largest lot of letters A, B, C … at level II; beyond the last it is Q. */
const LOTS = [8, 15, 25, 50, 90, 150, 280, 500, 1_200, 3_200, 10_000, 35_000, 150_000, 500_000] as const;

export type Severity = 'normal' | 'tightened' | 'reduced';

interface Table {
  /** Sample size by letter, A first. */
  readonly sizes: readonly number[];
  /** Letter + column on which acceptance 0 stands, whether the next diagonal's arrow leads back to it, and the first letter that has such a plan. */
  readonly zero: number;
  readonly backToZero: boolean;
  readonly firstZero: number;
  /** [accept, reject] along the diagonals that end at letter + column 24, beyond which the arrow leads back. */
  readonly numbers: readonly (readonly [accept: number, reject: number])[];
}

const SIZES = [2, 3, 5, 8, 13, 20, 32, 50, 80, 125, 200, 315, 500, 800, 1250, 2000, 3150] as const;
const LAST = 24;
const rejectNext = (accept: number): readonly [number, number] => [accept, accept + 1];
const TABLES: Record<Severity, Table> = {
  normal: { sizes: SIZES, zero: 14, backToZero: true, firstZero: 0, numbers: [1, 2, 3, 5, 7, 10, 14, 21].map(rejectNext) },
  tightened: { sizes: SIZES, zero: 15, backToZero: false, firstZero: 1, numbers: [1, 2, 3, 5, 8, 12, 18].map(rejectNext) },
  // Two letters smaller. Between accept and reject the lot is accepted and inspection returns to normal.
  reduced: { sizes: [2, 2, ...SIZES], zero: 14, backToZero: true, firstZero: 0, numbers: [[0, 2], [1, 3], [1, 4], [2, 5], [3, 6], [5, 8], [7, 10], [10, 13]] },
};

export interface SamplingPlan {
  /** n: units to draw; where it is not below the lot, the whole lot is inspected. */
  readonly sampleSize: number;
  /** Ac, Re: accept up to `accept` non-conforming units, reject from `reject` on; between them (reduced inspection alone) accept and return to normal. */
  readonly accept: number;
  readonly reject: number;
  readonly inspectAll: boolean;
}

/**
 * Plan for a lot of whole size ≥ 2, an AQL of the list (per cent) and a severity. RangeError for other sizes and AQLs.
 * Where an arrow leads to another letter its sample size holds too.
 */
export function samplingPlan(lotSize: number, aql: number, severity: Severity): SamplingPlan {
  if (!Number.isSafeInteger(lotSize) || lotSize < 2) throw new RangeError(`lotSize must be a whole number of at least 2, got ${lotSize}`);
  const column = (AQLS as readonly number[]).indexOf(aql);
  if (column < 0) throw new RangeError(`aql must be one of ${AQLS.join(', ')}, got ${aql}`);
  const table = TABLES[severity];
  const above = LOTS.findIndex((largest) => lotSize <= largest);
  const diagonal = (above < 0 ? LOTS.length : above) + column;
  const first = LAST + 1 - table.numbers.length;
  const zeroLetter = table.zero - column;
  const toZero = diagonal <= table.zero + (table.backToZero ? 1 : 0) && zeroLetter >= table.firstZero;
  const landed = Math.min(LAST, Math.max(first, diagonal));
  const [accept, reject] = toZero ? [0, 1] : (table.numbers[landed - first] as readonly [number, number]);
  const sampleSize = table.sizes[toZero ? zeroLetter : landed - column] as number;
  return { sampleSize, accept, reject, inspectAll: sampleSize >= lotSize };
}

/** Operating characteristic: chance that a lot with a share `defective` in [0, 1] is accepted, P(X ≤ Ac), binomial (the lot large against the sample). */
export function acceptanceChance(plan: Pick<SamplingPlan, 'sampleSize' | 'accept'>, defective: number): number {
  if (!(plan.accept >= 0)) throw new RangeError(`accept must not be negative, got ${plan.accept}`);
  return binomialBelow(plan.accept, plan.sampleSize, defective);
}
