// A sample request as a factory receives it and as lists show it: one shape for both.
import { outOfTolerance } from './samples.rules.js';
import type { RoundRow, SampleRow } from './samples.repository.js';

export function sampleData(s: SampleRow, rounds: readonly RoundRow[], publicUrl: string): Record<string, unknown> {
  return {
    id: s.id, version: s.version, round: s.round, kind: s.kind, status: s.status, supplier: s.supplier, respondBy: s.respond_by, createdAt: s.created_at,
    lines: [{ lineId: 'l1', style: s.style, colour: s.colour === '' ? null : s.colour, size: s.size, quantity: s.pieces, due: s.due }], whoPays: s.who_pays, fee: s.fee,
    evidence: { cause: s.cause, ...(s.cause === 'person' ? {} : { causeId: s.cause_id }), ...s.evidence },
    rounds: rounds.map((r) => ({
      n: r.n, due: r.due, whoPays: r.who_pays, shippedAt: r.shipped_at, trackingNumber: r.tracking_number, receivedAt: r.received_at,
      measurements: r.measurements.map((m) => ({ ...m, outOfTolerance: outOfTolerance(m) })), verdict: r.verdict, comments: r.comments, photos: r.photos,
    })),
    replyUrl: `${publicUrl}/v1/signals/${s.id}/reply`, roundsUrl: `${publicUrl}/v1/sample-requests/${s.id}/rounds`,
  };
}
