// What a merchant signs for beyond what is sold already: which quantities, and what money it puts at risk.
import type { NeedLine } from '../forecast/index.js';
import { DomainError, invalid } from '../kernel/index.js';
import type { ProposedLine } from './production.rules.js';

/** What a SKU costs, what a left-over unit of it still brings, and what binds the sum of its group. */
export interface CostTerms {
  readonly unit_cost: number;
  readonly cost_currency: string;
  readonly salvage_value: number;
  readonly moq: number;
  readonly lot_multiple: number;
}

/** Lines of a heads-up at the quantities that are wanted; lines that are not named stay as they were recommended. Throws where a factory could not take them. */
export function chosenLines(lines: readonly ProposedLine[], wanted: readonly { readonly lineId: string; readonly quantity?: number | undefined }[], terms: CostTerms, kind: 'create' | 'increase'): ProposedLine[] {
  wanted.forEach((w, i) => {
    const line = lines.find((l) => l.lineId === w.lineId);
    if (line === undefined) throw invalid(`lines[${i}].lineId`, `${w.lineId} is no line of this signal`);
    if (wanted.findIndex((x) => x.lineId === w.lineId) !== i) throw invalid(`lines[${i}].lineId`, `${w.lineId} is named twice`);
    if (w.quantity === undefined) throw invalid(`lines[${i}].quantity`, 'a line that is named says how many units are committed to');
    if (w.quantity > line.quantity || w.quantity < line.quantityBefore) throw invalid(`lines[${i}].quantity`, `must be from ${line.quantityBefore} (nothing more) to the ${line.quantity} that the factory was told of`);
  });
  const chosen = lines.map((l) => ({ ...l, quantity: wanted.find((w) => w.lineId === l.lineId)?.quantity ?? l.quantity })).filter((l) => l.quantity > l.quantityBefore);
  const added = chosen.reduce((s, l) => s + l.quantity - l.quantityBefore, 0);
  if (added === 0) throw invalid('lines', 'nothing is left to commit to; withdraw the change instead');
  if (added % terms.lot_multiple !== 0) throw new DomainError(422, 'not-in-lots', `${added} units are no multiple of ${terms.lot_multiple}; lots bind the sum of the lines`, { lotMultiple: terms.lot_multiple, units: added });
  if (kind === 'create' && added < terms.moq) throw new DomainError(422, 'below-moq', `${added} units are below the smallest order of ${terms.moq}`, { moq: terms.moq, units: added });
  return chosen;
}

/** What one line commits to. Units; money in minor units of the cost's currency. */
export interface Commitment {
  readonly lineId: string;
  readonly sku: string;
  readonly assessment: string | null;
  readonly units: number;
  /** Not sold yet. */
  readonly beyond: number;
  /** More than even high demand (90 %) needs: knowingly signed for, so that planning does not take it back. */
  readonly spare: number;
  /** What is lost where none of the units that are not sold yet ever sells: their cost less what they bring left over. */
  readonly atRisk: number;
  readonly currency: string;
}

export const commitmentsOf = (lines: readonly ProposedLine[], need: readonly NeedLine[], terms: ReadonlyMap<string, CostTerms>): Commitment[] =>
  lines.map((l) => {
    const units = l.quantity - l.quantityBefore;
    const n = need.find((x) => x.sku === l.sku);
    const t = terms.get(l.sku);
    const beyond = Math.max(0, units - (n?.committedNeed ?? 0));
    return {
      lineId: l.lineId, sku: l.sku, assessment: n?.assessment ?? null, units, beyond, spare: Math.min(units, Math.max(0, units + (n?.spare ?? 0) - (n?.committedNeed ?? 0) - (n?.p90 ?? 0))),
      atRisk: beyond * Math.max(0, (t?.unit_cost ?? 0) - (t?.salvage_value ?? 0)), currency: t?.cost_currency ?? '',
    };
  });

export interface CommitmentPolicy {
  readonly automatic: boolean;
  /** Of all that was committed automatically and is still being made, and what would come to it; minor units. */
  readonly mostAtRisk: number;
  readonly currency: string;
}

/** Whether the policy signs: something is not sold yet, all of it costs in the policy's currency, and what is at risk stays within its limit. */
export const isCovered = (policy: CommitmentPolicy | undefined, atRiskAlready: number, commitments: readonly Commitment[]): boolean =>
  policy?.automatic === true && commitments.some((c) => c.beyond > 0) && commitments.every((c) => c.currency === policy.currency) &&
  atRiskAlready + commitments.reduce((s, c) => s + c.atRisk, 0) <= policy.mostAtRisk;
