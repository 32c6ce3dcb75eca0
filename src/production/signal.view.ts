// A signal as a factory receives it (contracts.md, section 5) and as lists show it: one shape for both.
import type { LineRow } from './production.repository.js';

export interface SignalSource {
  readonly id: string;
  readonly version: number;
  readonly kind: string;
  readonly commitment: string;
  readonly status: string;
  readonly supplier: string;
  readonly production_order: string;
  readonly respond_by: Date | null;
  readonly valid_until: Date | null;
  readonly liability: object;
  readonly evidence: Readonly<Record<string, unknown>>;
}

export function signalData(s: SignalSource, lines: readonly LineRow[], publicUrl: string): Record<string, unknown> {
  const { spike, open, ...evidence } = s.evidence;
  return {
    id: s.id, version: s.version, kind: s.kind, commitment: s.commitment, status: s.status, supplier: s.supplier, productionOrder: s.production_order,
    respondBy: s.respond_by, validUntil: s.valid_until,
    lines: lines.map((l) => ({
      lineId: l.line_id, style: l.style, colour: l.colour, sku: l.sku, size: l.size, quantity: l.quantity, quantityBefore: l.quantity_before, later: { p50: l.p50, p90: l.p90 },
      due: l.due, ...(l.due_before === null ? {} : { dueBefore: l.due_before }), unitPrice: l.unit_price, currency: l.currency,
    })),
    liability: s.liability, evidence: { ...evidence, ...(spike == null ? {} : { spike }), ...(open === undefined ? {} : { open }) }, replyUrl: `${publicUrl}/v1/signals/${s.id}/reply`,
  };
}
