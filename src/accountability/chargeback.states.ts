// The machine of a chargeback as data: what may follow what, and who may cause it.
import { DomainError } from '../kernel/index.js';

export type ChargebackStatus = 'draft' | 'notified' | 'accepted' | 'partly-accepted' | 'disputed' | 'under-review' | 'upheld' | 'reduced' | 'withdrawn' | 'posted' | 'settled';
export type Cause = 'party' | 'merchant' | 'clock';

export const TRANSITIONS: Readonly<Record<ChargebackStatus, Readonly<Partial<Record<ChargebackStatus, readonly Cause[]>>>>> = {
  draft: { notified: ['merchant', 'clock'], withdrawn: ['merchant'] },
  // Silence is acceptance only where the party's terms say so; else it brings the case before the merchant.
  notified: { accepted: ['party', 'clock'], 'partly-accepted': ['party'], disputed: ['party'], 'under-review': ['clock'], withdrawn: ['merchant'] },
  accepted: { posted: ['party', 'clock'] },
  'partly-accepted': { 'under-review': ['merchant'] },
  disputed: { 'under-review': ['merchant'] },
  'under-review': { upheld: ['merchant'], reduced: ['merchant'], withdrawn: ['merchant'] },
  upheld: { posted: ['merchant'] },
  reduced: { posted: ['merchant'] },
  // A ruling can be taken back: the posting is reversed and the case is judged anew.
  withdrawn: { 'under-review': ['merchant'] },
  posted: { settled: ['merchant'], 'under-review': ['merchant'] },
  settled: {},
};

export function checkTransition(from: ChargebackStatus, to: ChargebackStatus, cause: Cause): void {
  if (TRANSITIONS[from][to]?.includes(cause) !== true) throw new DomainError(409, 'not-allowed-now', `a chargeback that is ${from} cannot become ${to}`, { currentStatus: from });
}
