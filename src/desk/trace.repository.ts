// The chain from a returned unit back to the minute of the broadcast, and from a lot on to every unit of it.
import type { Tx } from '../kernel/index.js';
import { one, rows } from '../kernel/database/sql.js';

/** Chargebacks that units of the return `c` are in. */
const CHARGED = `array(select distinct x.chargeback from claims x where x.return_case = c.id and not x.voided and x.chargeback is not null order by 1) as chargebacks`;

export interface OrderLine {
  readonly shop: string;
  readonly order_id: string;
  readonly line_id: string;
  readonly sku: string;
  readonly ordered: number;
  readonly ordered_at: Date | null;
  readonly paid_at: Date | null;
  readonly broadcast: string | null;
  readonly anchor: string | null;
  readonly starts_at: Date | null;
  readonly ends_at: Date | null;
  readonly slot_at: Date | null;
}

const LINE = `
  select l.shop, l.order_id, l.line_id, l.sku, l.ordered, l.counted_at as ordered_at, l.paid_at, nullif(l.broadcast, '') as broadcast, coalesce(l.anchor, b.anchor) as anchor, b.starts_at, b.ends_at,
    (select min(i.slot_at) from line_up_items i where i.broadcast = l.broadcast and i.sku = l.sku) as slot_at
  from order_lines l left join broadcasts b on b.id = l.broadcast where l.counts`;

export const lineOf = (tx: Tx, shop: string, orderId: string, lineId: string): Promise<OrderLine | undefined> => one(tx, `${LINE} and l.shop = $1 and l.order_id = $2 and l.line_id = $3`, [shop, orderId, lineId]);
export const linesOf = (tx: Tx, shop: string | null, orderId: string): Promise<OrderLine[]> =>
  rows(tx, `${LINE} and l.order_id = $2 and ($1::text is null or l.shop = $1) and l.shop in (select id from shops) order by l.shop, l.line_id`, [shop, orderId]);

/** The spike that was on for the line's SKU in its stream when it was ordered. */
export const spikeAt = (tx: Tx, line: OrderLine): Promise<{ id: string; onset: Date; detected_at: Date; ratio: number } | undefined> =>
  line.ordered_at === null ? Promise.resolve(undefined) : one(
    tx,
    `select id, onset, detected_at, ratio from spikes where shop = $1 and sku = $2 and broadcast = $3 and onset <= $4 and (ended_at is null or ended_at >= $4) order by detected_at desc limit 1`,
    [line.shop, line.sku, line.broadcast ?? '', line.ordered_at],
  );

/** Lots that units of an order line left from. */
export const lotsOfLine = (tx: Tx, line: { shop: string; orderId: string; lineId: string }): Promise<{ lot: string; sub_lot: string; units: number }[]> =>
  rows(tx, `select lot, sub_lot, sum(claimed)::int as units from stock_movements where origin = 'order-line' and origin_id = $1 and cause = 'claim' group by 1, 2 order by min(id)`, [`${line.shop}/${line.orderId}/${line.lineId}`]);

export interface LotOrigin {
  readonly id: string;
  readonly name: string | null;
  readonly world: string;
  readonly supplier: string | null;
  readonly received_at: Date;
  readonly production_order: string | null;
  readonly order_status: string | null;
  readonly confirmed_at: Date | null;
  readonly receipt: string | null;
  readonly delivery_note: string | null;
  readonly booked_by: string | null;
}

export const lotsById = (tx: Tx, ids: readonly string[]): Promise<LotOrigin[]> =>
  rows(
    tx,
    `select l.id, l.name, l.world, l.supplier, l.received_at, l.production_order, o.status as order_status, o.confirmed_at, r.id as receipt, r.delivery_note, r.actor as booked_by
     from lots l left join production_orders o on o.id = l.production_order left join receipts r on r.lot = l.id where l.id = any($1) order by l.id`,
    [ids],
  );

export interface SignalOfOrder {
  readonly production_order: string;
  readonly id: string;
  readonly kind: string;
  readonly status: string;
  readonly version: number;
  readonly commitment: string;
  readonly at: Date;
  readonly broadcast: string | null;
  readonly anchor: string | null;
  readonly assessment: string | null;
  readonly spike: string | null;
  readonly onset: Date | null;
  readonly detected_at: Date | null;
}

/** The changes that made production orders what they are, with what caused each. */
export const signalsOf = (tx: Tx, orders: readonly string[]): Promise<SignalOfOrder[]> =>
  rows(
    tx,
    `select a.production_order, a.id, a.kind, a.status, a.version, a.commitment, v.at, v.evidence->>'broadcast' as broadcast, v.evidence->>'anchor' as anchor, v.evidence->>'assessment' as assessment,
       v.evidence->>'spike' as spike, s.onset, s.detected_at
     from adjustments a join adjustment_versions v on v.adjustment = a.id and v.version = a.version left join spikes s on s.id = v.evidence->>'spike' where a.production_order = any($1) order by a.id`,
    [orders],
  );

export interface OrderOrigin {
  readonly id: string;
  readonly supplier: string;
  readonly status: string;
  readonly confirmed_at: Date | null;
  readonly world: string;
}

export const productionOrder = (tx: Tx, id: string): Promise<OrderOrigin | undefined> => one(tx, 'select id, supplier, status, confirmed_at, world from production_orders where id = $1', [id]);
export const lotsOfOrder = (tx: Tx, id: string): Promise<{ id: string }[]> => rows(tx, 'select id from lots where production_order = $1 order by id', [id]);
export const orderOfSignal = (tx: Tx, id: string): Promise<{ production_order: string } | undefined> => one(tx, 'select production_order from adjustments where id = $1', [id]);

export interface SpikeOrigin {
  readonly id: string;
  readonly shop: string;
  readonly sku: string;
  readonly broadcast: string | null;
  readonly onset: Date;
  readonly detected_at: Date;
  readonly orders: number;
  readonly ratio: number;
  readonly anchor: string | null;
  readonly starts_at: Date | null;
}

export const spikeById = (tx: Tx, id: string): Promise<SpikeOrigin | undefined> =>
  one(
    tx,
    `select s.id, s.shop, s.sku, nullif(s.broadcast, '') as broadcast, s.onset, s.detected_at, s.orders, s.ratio, b.anchor, b.starts_at from spikes s left join broadcasts b on b.id = s.broadcast where s.id = $1`, [id],
  );

/** Production orders whose changes name a spike as their cause; found by its SKU, whose changes are few. */
export const ordersOfSpike = (tx: Tx, spike: string, sku: string): Promise<{ production_order: string }[]> =>
  rows(
    tx,
    `select distinct a.production_order from adjustment_lines l join adjustment_versions v on v.adjustment = l.adjustment and v.version = l.version join adjustments a on a.id = l.adjustment
     where l.sku = $2 and v.evidence->>'spike' = $1 order by 1`,
    [spike, sku],
  );

/** Production orders whose changes name a broadcast as their cause; found by the SKUs that had a spike in it or stood in its line-up. */
export const ordersOfBroadcast = (tx: Tx, broadcast: string): Promise<{ production_order: string }[]> =>
  rows(
    tx,
    `with skus as (select sku from spikes where broadcast = $1 union select sku from line_up_items where broadcast = $1)
     select distinct a.production_order from skus k join adjustment_lines l on l.sku = k.sku join adjustment_versions v on v.adjustment = l.adjustment and v.version = l.version
     join adjustments a on a.id = l.adjustment where v.evidence->>'broadcast' = $1 order by 1`,
    [broadcast],
  );

export interface BroadcastOrigin {
  readonly id: string;
  readonly shop: string;
  readonly anchor: string;
  readonly starts_at: Date;
  readonly ends_at: Date;
  readonly cancelled_at: Date | null;
}

export const broadcastById = (tx: Tx, id: string): Promise<BroadcastOrigin | undefined> => one(tx, 'select id, shop, anchor, starts_at, ends_at, cancelled_at from broadcasts where id = $1', [id]);
export const spikesOfBroadcast = (tx: Tx, id: string): Promise<{ id: string; sku: string; onset: Date; detected_at: Date; orders: number; ratio: number }[]> =>
  rows(tx, 'select id, sku, onset, detected_at, orders, ratio from spikes where broadcast = $1 order by detected_at, id', [id]);

/** What was sold in a broadcast, SKU by SKU as the index has it; a page after the last line of the page before. */
export const linesOfBroadcast = (
  tx: Tx, b: BroadcastOrigin, after: readonly string[], limit: number,
): Promise<{ order_id: string; line_id: string; sku: string; ordered: number; ordered_at: Date | null; paid_at: Date | null }[]> =>
  rows(
    tx,
    `select order_id, line_id, sku, ordered, counted_at as ordered_at, paid_at from order_lines
     where shop = $1 and broadcast = $2 and counts and kind = 'sale' and sku in (select sku from streams where shop = $1 and broadcast = $2)
       and ($3::text is null or (sku, order_id, line_id) > ($3, $4, $5)) order by sku, order_id, line_id limit $6`,
    [b.shop, b.id, after[0] ?? null, after[1] ?? null, after[2] ?? null, limit],
  );

/** Returns of some lines of a shop, with the chargebacks that their units are in. */
export const returnsOfLines = (tx: Tx, shop: string, lines: readonly { order_id: string; line_id: string }[]): Promise<{ id: string; order_id: string; line_id: string; quantity: number; goods: string; status: string; chargebacks: string[] }[]> =>
  rows(
    tx,
    `select c.id, c.order_id, c.line_id, c.quantity, c.goods, c.status, ${CHARGED} from unnest($2::text[], $3::text[]) as l(order_id, line_id)
     join return_cases c on c.shop = $1 and c.order_id = l.order_id and c.line_id = l.line_id order by c.id`,
    [shop, lines.map((l) => l.order_id), lines.map((l) => l.line_id)],
  );

/** Where the units of a lot are: in the house by quality, or gone to order lines. */
export const houseOf = (tx: Tx, lot: string): Promise<{ sku: string; sub_lot: string; location: string; quality: string; units: number }[]> =>
  rows(tx, 'select sku, sub_lot, location, quality, units from stock_lots where lot = $1 and units > 0 order by sku, sub_lot, location, quality', [lot]);

export const sumsOf = (tx: Tx, lot: string): Promise<{ sku: string; received: number; left: number; returned: number; scrapped: number }[]> =>
  rows(
    tx,
    `select sku, coalesce(sum(house) filter (where cause = 'receipt'), 0)::int as received, coalesce(sum(claimed), 0)::int as left, coalesce(sum(house) filter (where cause = 'return-receipt'), 0)::int as returned,
       coalesce(-sum(house) filter (where cause = 'scrap'), 0)::int as scrapped from stock_movements where lot = $1 group by sku order by sku`,
    [lot],
  );

export const buyersLinesOf = (tx: Tx, lot: string, after: number, limit: number): Promise<{ id: number; origin_id: string; sku: string; sub_lot: string; units: number; at: Date }[]> =>
  rows(tx, `select id, origin_id, sku, sub_lot, claimed as units, at from stock_movements where lot = $1 and cause = 'claim' and id > $2 order by id limit $3`, [lot, after, limit]);

export interface ReturnOfLot {
  readonly id: string;
  readonly order_id: string;
  readonly sku: string;
  readonly units: number;
  readonly claimed_reason: string | null;
  readonly findings: string[] | null;
  readonly chargebacks: string[];
}

export const returnsOfLot = (tx: Tx, lot: string, limit: number): Promise<ReturnOfLot[]> =>
  rows(
    tx,
    `select c.id, c.order_id, c.sku, sum(m.house)::int as units, c.claimed_reason, (select array_agg(distinct i.finding) from inspections i where i.return_case = c.id and i.lot = $1) as findings, ${CHARGED}
     from stock_movements m join return_cases c on c.id = m.origin_id where m.lot = $1 and m.cause = 'return-receipt' and m.origin = 'return' group by c.id order by c.id limit $2`,
    [lot, limit],
  );

/** How many returns have units of a lot, and how many order lines its units left for: both counted whole, however long the lists are. */
export const countsOfLot = async (tx: Tx, lot: string): Promise<{ returns: number; order_lines: number; chargebacks: string[] }> =>
  (await one(
    tx,
    `select count(distinct origin_id) filter (where cause = 'return-receipt' and origin = 'return')::int as returns, count(distinct origin_id) filter (where cause = 'claim')::int as order_lines,
       array(select distinct chargeback from claims where lot = $1 and lot <> '' and not voided and chargeback is not null order by 1) as chargebacks
     from stock_movements where lot = $1`,
    [lot],
  )) as { returns: number; order_lines: number; chargebacks: string[] };

export const returnById = (tx: Tx, id: string): Promise<{ id: string; shop: string; order_id: string; line_id: string; sku: string; quantity: number; kind: string; claimed_reason: string | null; goods: string; received: number } | undefined> =>
  one(tx, 'select id, shop, order_id, line_id, sku, quantity, kind, claimed_reason, goods, received from return_cases where id = $1', [id]);

export const returnedLots = (tx: Tx, id: string): Promise<{ lot: string; sub_lot: string; units: number }[]> => rows(tx, 'select lot, sub_lot, sum(units)::int as units from return_lots where return_case = $1 group by 1, 2 order by 1, 2', [id]);

export const inspectionsOf = (tx: Tx, id: string): Promise<{ lot: string; quantity: number; grade: string; finding: string; disposition: string; at: Date }[]> =>
  rows(tx, 'select lot, quantity, grade, finding, disposition, at from inspections where return_case = $1 order by id', [id]);

export interface ClaimOfReturn {
  readonly id: string;
  readonly line_id: string;
  readonly return_case: string;
  readonly status: string;
  readonly party: string;
  readonly party_id: string;
  readonly amount: number;
  readonly currency: string;
}

const CLAIM = `
  select b.id, c.line_id, c.return_case, b.status, c.party, c.party_id, (select coalesce(sum(e.amount), 0)::bigint from claim_elements e where e.claim = c.id) as amount, b.currency
  from claims c join chargebacks b on b.id = c.chargeback`;

/** What was asked of whom for the units of a return. */
export const claimsOfReturn = (tx: Tx, id: string): Promise<ClaimOfReturn[]> => rows(tx, `${CLAIM} where c.return_case = $1 and not c.voided order by c.id`, [id]);
export const claimsOfChargeback = (tx: Tx, id: string, limit: number): Promise<ClaimOfReturn[]> => rows(tx, `${CLAIM} where c.chargeback = $1 order by length(c.line_id), c.line_id limit $2`, [id, limit]);
export const countClaims = async (tx: Tx, id: string): Promise<number> => (await one<{ n: number }>(tx, 'select count(*)::int as n from claims where chargeback = $1', [id]))?.n ?? 0;
export const chargebackById = (tx: Tx, id: string): Promise<{ id: string; status: string; party: string; party_id: string; currency: string } | undefined> =>
  one(tx, 'select id, status, party, party_id, currency from chargebacks where id = $1', [id]);
