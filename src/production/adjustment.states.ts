// The machine of a production adjustment as data: what may follow what, and who may cause it.
import { DomainError } from '../kernel/index.js';

export type AdjustmentStatus =
  | 'draft' | 'proposed' | 'sent' | 'accepted' | 'countered' | 'rejected' | 'confirmed' | 'applied' | 'expired' | 'withdrawn' | 'superseded';
export type Cause = 'planner' | 'factory' | 'buyer' | 'clock';

export const TRANSITIONS: Readonly<Record<AdjustmentStatus, Readonly<Partial<Record<AdjustmentStatus, readonly Cause[]>>>>> = {
  draft: { proposed: ['planner', 'buyer', 'clock'] },
  proposed: { sent: ['planner', 'buyer', 'clock'], superseded: ['planner', 'buyer', 'clock'], withdrawn: ['planner', 'buyer', 'clock'] },
  sent: { accepted: ['factory'], countered: ['factory'], rejected: ['factory'], expired: ['clock'], withdrawn: ['planner', 'buyer', 'clock'], superseded: ['planner', 'buyer', 'clock'] },
  // A heads-up that was accepted waits for its firm version; a firm one is confirmed at once.
  accepted: { confirmed: ['factory'], superseded: ['planner', 'buyer', 'clock'], withdrawn: ['planner', 'buyer', 'clock'] },
  countered: { confirmed: ['buyer'], superseded: ['planner', 'buyer', 'clock'], withdrawn: ['planner', 'buyer', 'clock'], expired: ['clock'] },
  confirmed: { applied: ['factory', 'buyer'] },
  rejected: {}, applied: {}, expired: {}, withdrawn: {}, superseded: {},
};

export const OPEN: readonly AdjustmentStatus[] = ['proposed', 'sent', 'accepted', 'countered'];

export function checkTransition(from: AdjustmentStatus, to: AdjustmentStatus, cause: Cause): void {
  if (TRANSITIONS[from][to]?.includes(cause) !== true) {
    throw new DomainError(409, 'not-allowed-now', `an adjustment that is ${from} cannot become ${to}`, { currentStatus: from });
  }
}
