// The columns of a return, as files and the HTTP API give it.
import type { Columns, Row } from '../kernel/offline.js';
import { FINDINGS, GRADES, KINDS, type CaseRow, type Finding, type Grade, type Kind } from './returns.rules.js';
import { CASE_STATUSES, type CaseStatus } from './returns.states.js';

export const RETURN_COLUMNS: Columns = {
  return_id: { kind: 'name', required: true }, occurred_at: { kind: 'instant', required: true }, shop: { kind: 'name', required: true }, order_id: { kind: 'text', required: true, max: 256 },
  line_id: { kind: 'text', required: true, max: 256 }, sku: { kind: 'name', required: true }, quantity: { kind: 'whole', required: true, min: 1, max: 1_000_000 }, claimed_reason: { kind: 'text', max: 256 },
  kind: { kind: 'choice', values: KINDS }, status: { kind: 'choice', values: CASE_STATUSES }, tracking_number: { kind: 'text', max: 128 }, finding: { kind: 'choice', values: FINDINGS },
  grade: { kind: 'choice', values: GRADES }, received_at: { kind: 'instant' },
};

export function checkReturnRow(row: Row): string | undefined {
  if ((row['grade'] !== undefined || row['finding'] !== undefined) && row['received_at'] === undefined) return 'received_at: is missing (a grade or finding is of goods that came back)';
  if (row['finding'] !== undefined && row['grade'] === undefined) return 'grade: is missing (a finding goes with a grade)';
  return undefined;
}

const text = (row: Row, name: string): string | null => (row[name] === undefined ? null : String(row[name]));

export interface ReturnRow {
  readonly case: CaseRow;
  readonly receivedAt: number | null;
  readonly grade: Grade | null;
  readonly finding: Finding | null;
}

export const returnRow = (row: Row): ReturnRow => ({
  case: {
    id: String(row['return_id']), shop: String(row['shop']), orderId: String(row['order_id']), lineId: String(row['line_id']), sku: String(row['sku']), quantity: Number(row['quantity']),
    kind: (row['kind'] ?? 'return') as Kind, claimedReason: text(row, 'claimed_reason'), trackingNumber: text(row, 'tracking_number'), at: Number(row['occurred_at']), status: (row['status'] ?? 'requested') as CaseStatus,
  },
  receivedAt: row['received_at'] === undefined ? null : Number(row['received_at']), grade: (row['grade'] ?? null) as Grade | null, finding: (row['finding'] ?? null) as Finding | null,
});
