// Pure decisions about samples: how much production may go before one is approved, and whether one measures as it should.
import { splitByLargestRemainder } from '../kernel/math/index.js';
import type { Proposal } from './production.rules.js';

export interface Trial {
  /** Units that may still be made before a sample is approved. */
  readonly room: number;
  readonly lotMultiple: number;
  readonly moq: number;
}

/**
 * The part of a proposal that may go before a sample is approved, and the units that wait. Only what is added is held back; a
 * proposal that adds nothing (a decrease, a stop, an earlier date) goes as it is. What goes keeps to the lot multiple, and for a
 * new order to the minimum: a trial below the minimum is no trial, so everything waits.
 */
export function withinTrial(proposal: Proposal, trial: Trial): { readonly goes: Proposal | undefined; readonly waits: number } {
  const adds = proposal.lines.map((l) => Math.max(0, l.quantity - l.quantityBefore));
  const wanted = adds.reduce((s, n) => s + n, 0);
  if ((proposal.kind !== 'create' && proposal.kind !== 'increase') || wanted <= trial.room) return { goes: proposal, waits: 0 };
  const floor = Math.floor(Math.max(0, trial.room) / trial.lotMultiple) * trial.lotMultiple;
  const least = proposal.kind === 'create' ? Math.ceil(trial.moq / trial.lotMultiple) * trial.lotMultiple : trial.lotMultiple;
  const total = floor >= least ? floor : 0;
  if (total === 0) return { goes: undefined, waits: wanted };
  const parts = splitByLargestRemainder(total, adds);
  const lines = proposal.lines.map((l, i) => ({ ...l, quantity: l.quantityBefore + (parts[i] ?? 0) })).filter((l) => l.quantity > l.quantityBefore);
  return { goes: { ...proposal, lines }, waits: wanted - total };
}

export interface Measurement {
  readonly point: string;
  readonly size?: string | undefined;
  /** Tenths of a millimetre, so that half a centimetre is a whole number. */
  readonly target: number;
  readonly measured: number;
  readonly tolerance: number;
}

export const outOfTolerance = (m: Measurement): boolean => Math.abs(m.measured - m.target) > m.tolerance;
