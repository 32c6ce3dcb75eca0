// What one more unit of supply earns where part of what sells comes back. Two forms that must never be mixed: counting returns in
// the margin and subtracting them from demand as well orders nothing where dozens are needed. Money in minor units of one currency.
import { underOver, type Costs } from './newsvendor.js';

/** Share kept for good in (0, 1], and what a return costs: freight, grading and markdown per returned unit, each ≥ 0. */
export interface ReturnTerms {
  readonly keepRate: number;
  readonly freight: number;
  readonly grading: number;
  readonly markdown: number;
}

function check(terms: ReturnTerms): void {
  if (!(terms.keepRate > 0 && terms.keepRate <= 1)) throw new RangeError(`keepRate must be in (0, 1], got ${terms.keepRate}`);
  for (const cost of [terms.freight, terms.grading, terms.markdown]) if (!(cost >= 0) || !Number.isFinite(cost)) throw new RangeError(`costs of a return must be finite and not negative, got ${cost}`);
}

/** Underage and overage; the critical fractile under/(under + over), 0 where under ≤ 0. */
export interface Margins {
  readonly under: number;
  readonly over: number;
  readonly fractile: number;
}

const margins = (under: number, over: number): Margins => ({ under, over, fractile: under <= 0 ? 0 : under / (under + over) });

/**
 * Gross form: demand is paid and not cancelled; stock, supply on order and dated usable returns are taken off the quantity.
 * A returned unit that replaces a new one: cu = k(p − c) − (1 − k)(freight + grading + markdown). One that comes back after the
 * season: cu = k(p − c) − (1 − k)(c − v + freight + grading): its markdown is the salvage. RangeError where salvage reaches cost.
 */
export function grossMargins(costs: Costs, terms: ReturnTerms, returned: 'in season' | 'after season'): Margins {
  check(terms);
  const { under, over } = underOver(costs);
  const { keepRate: k, freight, grading, markdown } = terms;
  return margins(k * under - (1 - k) * (freight + grading + (returned === 'in season' ? markdown : over)), over);
}

/** Net form, for a whole season settled at once: demand is what is kept, nothing is taken off for returns of the same sales. cu = (p − c) − ((1 − k)/k)(freight + grading + markdown). */
export function netMargins(costs: Costs, terms: ReturnTerms): Margins {
  check(terms);
  const { under, over } = underOver(costs);
  const { keepRate: k, freight, grading, markdown } = terms;
  return margins(under - ((1 - k) / k) * (freight + grading + markdown), over);
}
