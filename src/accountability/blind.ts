// A refund whose goods nobody saw: which lots its units left from, so that their supplier can be asked.
import { claimsOfLine, lotRecords } from '../inventory/index.js';
import { invalid, type Tx } from '../kernel/index.js';
import { casesOfLine, lotsOfLine, lotsReturned, type ReturnCase } from '../returns/index.js';
import { NOT_INSPECTED, type Share } from './accountability.rules.js';
import { blindLots } from './accountability.repository.js';

export interface BlindGroup {
  readonly inspection: undefined;
  readonly quantity: number;
  readonly finding: string;
  readonly lot: string;
}

/** All of the case at once; where a supplier is among the parties, by lot: those that left for its line, less what came back or was refunded so before. */
export async function blindGroups(tx: Tx, c: ReturnCase, shares: readonly Share[]): Promise<BlindGroup[]> {
  const group = (lot: string, quantity: number): BlindGroup => ({ inspection: undefined, quantity, finding: NOT_INSPECTED, lot });
  if (!shares.some((s) => s.party === 'supplier')) return [group('', c.quantity)];
  const others = (await casesOfLine(tx, c)).filter((x) => x.id !== c.id).map((x) => x.id);
  const [left, back, refunded] = [await claimsOfLine(tx, { shop: c.shop, orderId: c.order_id, lineId: c.line_id, sku: c.sku }), await lotsOfLine(tx, c), await blindLots(tx, others)];
  const whole = (list: readonly { lot: string; units: number }[]): { lot: string; subLot: string; units: number }[] =>
    [...new Set(list.map((l) => l.lot))].map((lot) => ({ lot, subLot: '', units: list.filter((l) => l.lot === lot).reduce((s, l) => s + l.units, 0) }));
  const lots = whole(lotsReturned(whole(left), whole([...back, ...refunded]), c.quantity));
  if (!(await lotRecords(tx, lots.map((l) => l.lot))).some((l) => l.supplier !== null)) throw invalid('shares', 'the units of this return left from no lot of a known supplier, so no supplier can be asked; name another party');
  return lots.map((l) => group(l.lot, l.units));
}
