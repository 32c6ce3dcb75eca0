// The machine of a sample request as data: what may follow what, and who may cause it.
import { DomainError } from '../kernel/index.js';

export const SAMPLE_KINDS = ['show', 'proto', 'fit', 'size-set', 'pre-production', 'top-of-production', 'shipment', 'sealed', 'swatch'] as const;
export type SampleKind = (typeof SAMPLE_KINDS)[number];

export type SampleStatus =
  | 'draft' | 'requested' | 'accepted' | 'countered' | 'declined' | 'making' | 'shipped' | 'received' | 'in-review' | 'approved' | 'approved-with-comments' | 'sealed' | 'expired' | 'cancelled';
export type SampleCause = 'factory' | 'buyer' | 'clock';

const CANCEL = { cancelled: ['buyer'] } as const;

export const SAMPLE_TRANSITIONS: Readonly<Record<SampleStatus, Readonly<Partial<Record<SampleStatus, readonly SampleCause[]>>>>> = {
  draft: { requested: ['buyer'], ...CANCEL },
  requested: { accepted: ['factory'], countered: ['factory'], declined: ['factory'], expired: ['clock'], ...CANCEL },
  // Who only says "on its way" has accepted by doing.
  accepted: { making: ['factory'], shipped: ['factory'], received: ['buyer'], ...CANCEL },
  countered: { accepted: ['buyer'], requested: ['buyer'], expired: ['clock'], ...CANCEL },
  making: { shipped: ['factory'], received: ['buyer'], ...CANCEL },
  shipped: { received: ['buyer'], ...CANCEL },
  received: { 'in-review': ['buyer'], approved: ['buyer'], 'approved-with-comments': ['buyer'], requested: ['buyer'], ...CANCEL },
  // A rejected round opens the next: the request goes to the factory again.
  'in-review': { 'in-review': ['buyer'], approved: ['buyer'], 'approved-with-comments': ['buyer'], requested: ['buyer'], ...CANCEL },
  approved: { sealed: ['buyer'] },
  'approved-with-comments': { sealed: ['buyer'] },
  // What asked for it turned out to be nothing: it is called off, however it ended.
  declined: { ...CANCEL }, expired: { ...CANCEL },
  sealed: {}, cancelled: {},
};

export const OPEN_SAMPLES: readonly SampleStatus[] = ['draft', 'requested', 'accepted', 'countered', 'making', 'shipped', 'received', 'in-review'];

export function checkSample(from: SampleStatus, to: SampleStatus, cause: SampleCause): void {
  if (SAMPLE_TRANSITIONS[from][to]?.includes(cause) !== true) throw new DomainError(409, 'not-allowed-now', `a sample request that is ${from} cannot become ${to}`, { currentStatus: from });
}
