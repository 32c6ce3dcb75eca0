// What a back-test assumes where files say nothing: assumptions.json in its folder, else these defaults. Published as a schema
// (docs/backtest.md); money is given in basis points of a SKU's price, so that one number serves all currencies.
import { z } from 'zod';
import { DomainError } from '../../kernel/offline.js';

const bp = (most: number) => z.number().int().min(0).max(most);
const days = (most: number) => z.number().min(0).max(most);

export const ASSUMPTIONS = z.strictObject({
  /** Freight to the buyer and back, and inspecting and grading one unit: basis points of its price. */
  freightOutBp: bp(10_000).default(300),
  freightBackBp: bp(10_000).default(300),
  gradingBp: bp(10_000).default(150),
  /** What grade B loses when it is sold off at once, and grade C: basis points of the price. Grade A goes back on the shelf. */
  markdownBp: z.strictObject({ B: bp(10_000).default(5_000), C: bp(10_000).default(10_000) }).prefault({}),
  /** Share of returned units that is of grade A where a return names no grade; the others are of grade C. */
  usable: z.number().min(0).max(1).default(0.85),
  /** For each day (begun) that a unit is shipped late. */
  latenessPerDayBp: bp(10_000).default(50),
  /** Buyers wait so many days beyond the promise on average (exponentially), then cancel; what that costs per unit. */
  patienceDays: z.number().min(0).max(60).default(3),
  cancellationAfterPromiseBp: bp(10_000).default(200),
  /** Where the file of orders gives no ship-by and no line-up item a promise. */
  shipWithinDays: days(60).default(2),
  packHours: z.number().min(0).max(240).default(12),
  transitDays: days(60).default(3),
  returnTransitDays: days(60).default(4),
  gradingDays: days(60).default(1),
  /** Share of what is made that can be sold; only that is paid for. */
  yield: z.number().min(0.01).max(1).default(0.98),
  sampleDays: days(120).default(5),
  /** A factory without a confirming hour answers after so many hours; others at that hour. */
  answerHours: z.number().min(0).max(240).default(2),
  /** Share of the lead time after which a unit is cut and can no longer be taken back, where the catalogue gives no stage days. */
  cutShareOfLead: z.number().min(0).max(1).default(0.3),
  /** Units of the cost's currency per unit of the price's, by `PRICE/COST` and date from which it holds. */
  exchangeRates: z.record(z.string().regex(/^[A-Z]{3}\/[A-Z]{3}$/), z.record(z.string().regex(/^\d{4}-\d{2}-\d{2}$/), z.number().positive())).default({}),
});

export type Assumptions = z.infer<typeof ASSUMPTIONS>;
export const DEFAULT_ASSUMPTIONS: Assumptions = ASSUMPTIONS.parse({});

export function parseAssumptions(file: string, text: string): Assumptions {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new DomainError(422, 'bad-assumptions', `${file}: is no JSON: ${(error as Error).message}`);
  }
  const parsed = ASSUMPTIONS.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new DomainError(422, 'bad-assumptions', `${file}: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'is not as the schema says'}`);
}
