// A chargeback as its party receives it and as screens show it: which units, why, and how much for each.
import type { Tx } from '../kernel/index.js';
import { inspectionsOf } from '../returns/index.js';
import { lotRecords } from '../inventory/index.js';
import * as store from './accountability.repository.js';
import { partFor } from './accountability.rules.js';
import { claimedUnits } from './chargeback.service.js';

export interface ChargebackData {
  readonly id: string;
  readonly version: number;
  readonly status: string;
  readonly amount: number;
  readonly lines: readonly Readonly<Record<string, unknown>>[];
  readonly [name: string]: unknown;
}

export async function chargebackData(tx: Tx, cb: store.ChargebackRow, publicUrl: string): Promise<ChargebackData> {
  const claims = await store.claimsOfChargebacks(tx, [cb.id]);
  const [elements, inspections, lots] = await Promise.all([
    store.elementsOf(tx, claims.map((c) => c.id)), inspectionsOf(tx, [...new Set(claims.map((c) => c.return_case))]), lotRecords(tx, [...new Set(claims.map((c) => c.lot).filter((l) => l !== ''))]),
  ]);
  const lines = claims.map((c) => {
    const mine = elements.filter((e) => e.claim === c.id);
    const inspected = inspections.find((i) => i.id === c.inspection);
    const lot = lots.find((l) => l.id === c.lot);
    const amount = mine.reduce((s, e) => s + e.amount, 0);
    return {
      lineId: c.line_id, return: c.return_case, sku: c.sku, lot: c.lot === '' ? null : c.lot, lotName: lot?.name ?? null, productionOrder: lot?.production_order ?? null, receivedAt: lot?.received_at ?? null,
      quantity: claimedUnits(c), allowance: c.allowed, finding: c.finding, claimedReason: c.claimed_reason, grade: inspected?.grade ?? null, disposition: inspected?.disposition ?? null, inspectedAt: inspected?.at ?? null,
      note: inspected?.note ?? null, photos: inspected?.photos ?? [], shareBp: c.share_bp, unitValue: c.unit_value, elements: Object.fromEntries(mine.filter((e) => e.amount > 0).map((e) => [e.element, e.amount])), amount,
      charged: c.charged === null ? null : { quantity: c.charged, amount: mine.reduce((s, e) => s + partFor(e.amount, c.charged ?? 0, claimedUnits(c)), 0) },
    };
  });
  return {
    id: cb.id, version: cb.version, world: cb.world, leaves: cb.leaves, status: cb.status, party: cb.party, partyId: cb.party_id, currency: cb.currency, quantity: lines.reduce((s, l) => s + l.quantity, 0), amount: lines.reduce((s, l) => s + l.amount, 0),
    charged: lines.every((l) => l.charged === null) ? null : lines.reduce((s, l) => s + (l.charged?.amount ?? 0), 0),
    notifiedAt: cb.notified_at, answerBy: cb.answer_by, silenceAccepts: cb.silence_accepts, lines, responseUrl: `${publicUrl}/v1/chargebacks/${cb.id}/response`,
  };
}
