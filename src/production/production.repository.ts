import type { Tx } from '../kernel/index.js';
import { one, rows, touched } from '../kernel/database/sql.js';
import type { AdjustmentStatus } from './adjustment.states.js';
import type { AgreedLine, Commitment, Kind, Liability, Split } from './production.rules.js';

export type World = 'live' | 'replay';

/** Planning for one supplier in one world goes one at a time. */
export const lockPlanning = (tx: Tx, world: string, supplier: string): Promise<unknown> => rows(tx, 'select pg_advisory_xact_lock(hashtextextended($1, 13))', [`${world} ${supplier}`]);

export interface AdjustmentRow {
  readonly id: string;
  readonly world: World;
  readonly supplier: string;
  readonly group_key: string;
  readonly production_order: string;
  readonly kind: Kind;
  readonly status: AdjustmentStatus;
  readonly version: number;
  readonly commitment: Commitment;
  readonly firm_at: Date | null;
  readonly respond_by: Date | null;
  readonly created_at: Date;
  readonly recheck_at: Date | null;
  /** Who asked for it: the planner, or a person, whose change the planner leaves alone. */
  readonly origin: string;
}

export interface LineRow {
  readonly line_id: string;
  readonly sku: string;
  readonly style: string;
  readonly colour: string;
  readonly size: string;
  readonly quantity: number;
  readonly quantity_before: number;
  readonly due: string;
  readonly due_before: string | null;
  readonly p50: number;
  readonly p90: number;
  readonly unit_price: number;
  readonly currency: string;
}

export interface VersionRow {
  readonly adjustment: string;
  readonly version: number;
  readonly kind: Kind;
  readonly commitment: Commitment;
  readonly status: AdjustmentStatus;
  readonly at: Date;
  readonly respond_by: Date | null;
  readonly valid_until: Date | null;
  readonly liability: Liability;
  readonly evidence: Readonly<Record<string, unknown>>;
}

/** Open changes of several groups, with the time of their current version, locked. */
export const openAdjustments = (tx: Tx, world: string, supplier: string, groups: readonly string[]): Promise<(AdjustmentRow & { version_at: Date })[]> =>
  rows(
    tx,
    `select a.*, v.at as version_at from adjustments a join adjustment_versions v on v.adjustment = a.id and v.version = a.version
     where a.world = $1 and a.supplier = $2 and a.group_key = any($3) and a.status in ('proposed', 'sent', 'accepted', 'countered') order by a.id for update of a`,
    [world, supplier, groups],
  );

export const openAdjustment = (tx: Tx, world: string, supplier: string, group: string): Promise<AdjustmentRow | undefined> =>
  one(tx, `select * from adjustments where world = $1 and supplier = $2 and group_key = $3 and status in ('proposed', 'sent', 'accepted', 'countered') for update`, [world, supplier, group]);

export const lockAdjustment = (tx: Tx, id: string): Promise<AdjustmentRow | undefined> => one(tx, 'select * from adjustments where id = $1 for update', [id]);
export const findAdjustment = (tx: Tx, id: string): Promise<AdjustmentRow | undefined> => one(tx, 'select * from adjustments where id = $1', [id]);

export const setStatus = (tx: Tx, id: string, status: AdjustmentStatus): Promise<number> =>
  touched(tx, 'update adjustments set status = $2, recheck_at = null, updated_at = clock_timestamp() where id = $1', [id, status]);

/** Until when the one whose turn it is answers. */
export const setRespondBy = (tx: Tx, id: string, at: Date): Promise<number> => touched(tx, 'update adjustments set respond_by = $2 where id = $1', [id, at]);

export const setVersionStatus = (tx: Tx, id: string, version: number, status: AdjustmentStatus): Promise<number> =>
  touched(tx, 'update adjustment_versions set status = $3 where adjustment = $1 and version = $2', [id, version, status]);

/** A production order as it is proposed. */
export type OrderHead = Omit<OrderRow, 'version' | 'confirmed_at'>;

/** A version to be issued: version 1 of a new change, or a later one that supersedes the version before. */
export interface Issue {
  readonly adjustment: AdjustmentRow;
  /** The change as it stood before; undefined for a new one. */
  readonly before: AdjustmentRow | undefined;
  /** The production order that it proposes, where it does. */
  readonly order: OrderHead | undefined;
  readonly version: VersionRow;
  readonly lines: readonly LineRow[];
  /** The webhook's id where the version leaves the house. */
  readonly webhookId: string | undefined;
}

/** Writes versions with all that belongs to them: as many statements for a hundred as for one. */
export async function issue(tx: Tx, issues: readonly Issue[]): Promise<void> {
  if (issues.length === 0) return;
  await proposeOrders(tx, issues.flatMap((i) => (i.order === undefined ? [] : [i.order])));
  await supersede(tx, issues.flatMap((i) => (i.before === undefined ? [] : [i.before])));
  await updateAdjustments(tx, issues.filter((i) => i.before !== undefined).map((i) => i.adjustment));
  await insertAdjustments(tx, issues.filter((i) => i.before === undefined).map((i) => i.adjustment));
  await touched(
    tx,
    `insert into adjustment_versions (adjustment, version, kind, commitment, status, at, respond_by, valid_until, liability, evidence)
     select adjustment, version, kind, commitment, status, at, respond_by, valid_until, liability, evidence
     from jsonb_to_recordset($1::jsonb) as r(adjustment text, version int, kind text, commitment text, status text, at timestamptz, respond_by timestamptz, valid_until timestamptz, liability jsonb, evidence jsonb)`,
    [JSON.stringify(issues.map((i) => i.version))],
  );
  await touched(
    tx,
    `insert into adjustment_lines (adjustment, version, line_id, sku, style, colour, size, quantity, quantity_before, due, due_before, p50, p90, unit_price, currency)
     select adjustment, version, line_id, sku, style, colour, size, quantity, quantity_before, due, due_before, p50, p90, unit_price, currency
     from jsonb_to_recordset($1::jsonb) as r(adjustment text, version int, line_id text, sku text, style text, colour text, size text, quantity int, quantity_before int, due date, due_before date,
       p50 int, p90 int, unit_price bigint, currency text)`,
    [JSON.stringify(issues.flatMap((i) => i.lines.map((l) => ({ ...l, adjustment: i.version.adjustment, version: i.version.version }))))],
  );
  const sent = issues.filter((i) => i.webhookId !== undefined);
  if (sent.length > 0) {
    await touched(
      tx,
      `insert into signal_deliveries (adjustment, version, webhook_id, state, next_at)
       select adjustment, version, webhook_id, 'waiting', now() from unnest($1::text[], $2::int[], $3::text[]) as w(adjustment, version, webhook_id) on conflict do nothing`,
      [sent.map((i) => i.version.adjustment), sent.map((i) => i.version.version), sent.map((i) => i.webhookId)],
    );
  }
}

async function proposeOrders(tx: Tx, orders: readonly OrderHead[]): Promise<void> {
  if (orders.length === 0) return;
  await touched(
    tx,
    `insert into production_orders (id, world, supplier, group_key, status, created_at)
     select id, world, supplier, group_key, status, created_at from jsonb_to_recordset($1::jsonb) as r(id text, world text, supplier text, group_key text, status text, created_at timestamptz)`,
    [JSON.stringify(orders)],
  );
}

async function supersede(tx: Tx, before: readonly AdjustmentRow[]): Promise<void> {
  if (before.length === 0) return;
  const versions = [before.map((a) => a.id), before.map((a) => a.version)];
  await touched(tx, `update adjustment_versions v set status = 'superseded' from unnest($1::text[], $2::int[]) as w(adjustment, version) where v.adjustment = w.adjustment and v.version = w.version`, versions);
  await touched(
    tx,
    `update signal_deliveries d set state = 'ended', next_at = null from unnest($1::text[], $2::int[]) as w(adjustment, version)
     where d.adjustment = w.adjustment and d.version = w.version and d.state = 'waiting'`,
    versions,
  );
}

async function updateAdjustments(tx: Tx, list: readonly AdjustmentRow[]): Promise<void> {
  if (list.length === 0) return;
  await touched(
    tx,
    `update adjustments a set kind = r.kind, status = r.status, version = r.version, commitment = r.commitment, firm_at = r.firm_at, respond_by = r.respond_by, recheck_at = null, origin = r.origin, updated_at = clock_timestamp()
     from jsonb_to_recordset($1::jsonb) as r(id text, kind text, status text, version int, commitment text, firm_at timestamptz, respond_by timestamptz, origin text) where a.id = r.id`,
    [JSON.stringify(list)],
  );
}

async function insertAdjustments(tx: Tx, list: readonly AdjustmentRow[]): Promise<void> {
  if (list.length === 0) return;
  await touched(
    tx,
    `insert into adjustments (id, world, supplier, group_key, production_order, kind, status, version, commitment, firm_at, respond_by, created_at, origin)
     select id, world, supplier, group_key, production_order, kind, status, version, commitment, firm_at, respond_by, created_at, origin
     from jsonb_to_recordset($1::jsonb) as r(id text, world text, supplier text, group_key text, production_order text, kind text, status text, version int, commitment text, firm_at timestamptz,
       respond_by timestamptz, created_at timestamptz, origin text)`,
    [JSON.stringify(list)],
  );
}

const LINE = `line_id, sku, style, colour, size, quantity, quantity_before, to_char(due, 'YYYY-MM-DD') as due, to_char(due_before, 'YYYY-MM-DD') as due_before, p50, p90, unit_price, currency`;
/** l2 before l10. */
const BY_LINE = 'order by length(line_id), line_id';

export const linesOf = (tx: Tx, id: string, version: number): Promise<LineRow[]> =>
  rows(tx, `select ${LINE} from adjustment_lines where adjustment = $1 and version = $2 ${BY_LINE}`, [id, version]);

export const linesOfMany = (tx: Tx, ids: readonly string[], versions: readonly number[]): Promise<(LineRow & { adjustment: string })[]> =>
  rows(
    tx,
    `select adjustment, ${LINE} from adjustment_lines join unnest($1::text[], $2::int[]) as w(adjustment, version) using (adjustment, version) order by adjustment, length(line_id), line_id`,
    [ids, versions],
  );

export const versionOf = (tx: Tx, id: string, version: number): Promise<VersionRow | undefined> => one(tx, 'select * from adjustment_versions where adjustment = $1 and version = $2', [id, version]);
export const versionsOf = (tx: Tx, id: string): Promise<VersionRow[]> => rows(tx, 'select * from adjustment_versions where adjustment = $1 order by version', [id]);

export interface Transition {
  readonly adjustment: string;
  readonly version: number;
  readonly from: string;
  readonly to: string;
  readonly at: Date;
  readonly actor: string;
}

export const insertTransitions = (tx: Tx, t: readonly Transition[]): Promise<number> =>
  touched(
    tx,
    'insert into adjustment_transitions (adjustment, version, "from", "to", at, actor) select * from unnest($1::text[], $2::int[], $3::text[], $4::text[], $5::timestamptz[], $6::text[])',
    [t.map((x) => x.adjustment), t.map((x) => x.version), t.map((x) => x.from), t.map((x) => x.to), t.map((x) => x.at), t.map((x) => x.actor)],
  );

export const transitionsOf = (tx: Tx, id: string): Promise<{ version: number; from: string; to: string; at: Date; actor: string }[]> =>
  rows(tx, 'select version, "from", "to", at, actor from adjustment_transitions where adjustment = $1 order by id', [id]);

export const replyOf = (tx: Tx, id: string, version: number): Promise<{ body: unknown; received_at: Date } | undefined> =>
  one(tx, 'select body, received_at from adjustment_replies where adjustment = $1 and version = $2', [id, version]);

export const insertReply = (tx: Tx, id: string, version: number, body: unknown, actor: string): Promise<number> =>
  touched(tx, 'insert into adjustment_replies (adjustment, version, body, actor) values ($1, $2, $3, $4)', [id, version, JSON.stringify(body), actor]);

export const decisionOf = (tx: Tx, id: string, version: number): Promise<{ body: unknown } | undefined> =>
  one(tx, 'select body from adjustment_decisions where adjustment = $1 and version = $2', [id, version]);

export const insertDecision = (tx: Tx, id: string, version: number, body: unknown, actor: string): Promise<number> =>
  touched(tx, 'insert into adjustment_decisions (adjustment, version, body, actor) values ($1, $2, $3, $4)', [id, version, JSON.stringify(body), actor]);

export interface OrderRow {
  readonly id: string;
  readonly world: World;
  readonly supplier: string;
  readonly group_key: string;
  readonly status: 'proposed' | 'confirmed' | 'in-production' | 'shipped' | 'received' | 'on-hold' | 'closed' | 'cancelled';
  readonly version: number;
  readonly created_at: Date;
  readonly confirmed_at: Date | null;
}

export interface OrderLineRow {
  readonly production_order: string;
  readonly line_id: string;
  readonly sku: string;
  readonly quantity: number;
  /** What was agreed of it, whatever was cut: tolerance is measured against this. */
  readonly agreed: number;
  readonly due: string;
  readonly splits: readonly { quantity: number; date: string }[];
  readonly produced: number;
  readonly received: number;
  readonly unit_price: number;
  readonly currency: string;
  readonly expedite_refused: boolean;
}

/** Whether a supplier was ever told of this order: what never left the house is not there for it. */
export const wasTold = async (tx: Tx, orders: readonly string[]): Promise<Set<string>> =>
  new Set((await rows<{ id: string }>(tx, 'select distinct a.production_order as id from adjustments a join signal_deliveries d on d.adjustment = a.id where a.production_order = any($1)', [orders])).map((r) => r.id));

export const findOrder = (tx: Tx, id: string): Promise<OrderRow | undefined> => one(tx, 'select * from production_orders where id = $1', [id]);

/** Orders of which something is still being made. */
export const confirmedOrders = (tx: Tx, world: string, supplier: string, groups: readonly string[]): Promise<OrderRow[]> =>
  rows(tx, `select * from production_orders where world = $1 and supplier = $2 and group_key = any($3) and (status in ('confirmed', 'in-production')
       or status = 'received' and exists (select 1 from production_order_lines l where l.production_order = production_orders.id and l.received < l.quantity)) order by id`, [world, supplier, groups]);

const ORDER_LINE = `production_order, line_id, sku, quantity, coalesce(agreed, quantity) as agreed, to_char(due, 'YYYY-MM-DD') as due, splits, produced, received, unit_price, currency, expedite_refused`;

export const orderLines = (tx: Tx, ids: readonly string[]): Promise<OrderLineRow[]> =>
  rows(tx, `select ${ORDER_LINE} from production_order_lines where production_order = any($1) order by production_order, length(line_id), line_id`, [ids]);

export const setOrderStatus = (tx: Tx, id: string, status: OrderRow['status'], at: Date): Promise<number> =>
  touched(tx, `update production_orders set status = $2, version = version + 1, confirmed_at = case when $2 = 'confirmed' then coalesce(confirmed_at, $3) else confirmed_at end where id = $1`, [id, status, at]);

export const upsertOrderLines = (tx: Tx, order: string, lines: readonly (AgreedLine & { unitPrice: number; currency: string })[]): Promise<number> =>
  touched(
    tx,
    `insert into production_order_lines (production_order, line_id, sku, quantity, agreed, due, splits, unit_price, currency)
     select $1, r."lineId", r.sku, r.quantity, r.quantity, (select max((s->>'date')::date) from jsonb_array_elements(r.splits) s), r.splits, r."unitPrice", r.currency
     from jsonb_to_recordset($2::jsonb) as r("lineId" text, sku text, quantity int, splits jsonb, "unitPrice" bigint, currency text)
     on conflict (production_order, line_id) do update set sku = excluded.sku, quantity = excluded.quantity, due = excluded.due, splits = excluded.splits,
       agreed = case when excluded.quantity = production_order_lines.quantity then coalesce(production_order_lines.agreed, excluded.agreed) else excluded.agreed end`,
    [order, JSON.stringify(lines)],
  );

export const lockOrder = (tx: Tx, id: string): Promise<OrderRow | undefined> => one(tx, 'select * from production_orders where id = $1 for update', [id]);

export type Stage = 'greige' | 'dyed' | 'trims' | 'cut' | 'sewn' | 'finished' | 'shipped';

export interface ProgressRow {
  readonly line_id: string;
  readonly stage: Stage;
  readonly quantity: number;
  readonly at: Date;
}

/** The latest report of each line and stage. */
export const progressOf = (tx: Tx, orders: readonly string[]): Promise<(ProgressRow & { production_order: string })[]> =>
  rows(
    tx,
    'select distinct on (production_order, line_id, stage) production_order, line_id, stage, quantity, at from production_progress where production_order = any($1) order by production_order, line_id, stage, id desc',
    [orders],
  );

export const insertProgress = (tx: Tx, order: string, stage: Stage, lines: readonly { lineId: string; quantity: number }[], at: Date, actor: string): Promise<number> =>
  touched(
    tx, 'insert into production_progress (production_order, line_id, stage, quantity, at, actor) select $1, w.line, $2, w.quantity, $3, $4 from unnest($5::text[], $6::int[]) as w(line, quantity)',
    [order, stage, at, actor, lines.map((l) => l.lineId), lines.map((l) => l.quantity)],
  );

/** What was cut is what is ordered from then on, and cannot be taken back. */
export const setCut = (tx: Tx, order: string, lines: readonly { lineId: string; quantity: number; splits: readonly Split[] }[]): Promise<number> =>
  touched(
    tx,
    `update production_order_lines l set agreed = coalesce(l.agreed, l.quantity), quantity = r.quantity, produced = r.quantity, splits = r.splits
     from jsonb_to_recordset($2::jsonb) as r("lineId" text, quantity int, splits jsonb) where l.production_order = $1 and l.line_id = r."lineId"`,
    [order, JSON.stringify(lines)],
  );

export const addReceived = (tx: Tx, order: string, lines: readonly { lineId: string; quantity: number }[]): Promise<number> =>
  touched(
    tx, 'update production_order_lines l set received = l.received + w.quantity from unnest($2::text[], $3::int[]) as w(line, quantity) where l.production_order = $1 and l.line_id = w.line',
    [order, lines.map((l) => l.lineId), lines.map((l) => l.quantity)],
  );

export interface ReceiptRow {
  readonly id: string;
  readonly production_order: string;
  readonly lot: string;
  readonly delivery_note: string | null;
  readonly body: unknown;
  readonly at: Date;
  readonly actor: string;
}

export interface ReceiptLineRow {
  readonly line_id: string;
  readonly sku: string;
  readonly quantity: number;
  readonly quality: string;
  readonly sub_lot: string;
  readonly on_time: number;
  readonly excess: number;
}

export async function insertReceipt(tx: Tx, r: ReceiptRow, lines: readonly ReceiptLineRow[]): Promise<void> {
  await touched(tx, 'insert into receipts (id, production_order, lot, delivery_note, body, at, actor) values ($1, $2, $3, $4, $5, $6, $7)', [r.id, r.production_order, r.lot, r.delivery_note, JSON.stringify(r.body), r.at, r.actor]);
  await touched(
    tx,
    `insert into receipt_lines (receipt, n, line_id, sku, quantity, quality, sub_lot, on_time, excess)
     select $1, r.n, r.line_id, r.sku, r.quantity, r.quality, r.sub_lot, r.on_time, r.excess
     from jsonb_to_recordset($2::jsonb) as r(n int, line_id text, sku text, quantity int, quality text, sub_lot text, on_time int, excess int)`,
    [r.id, JSON.stringify(lines.map((l, n) => ({ ...l, n: n + 1 })))],
  );
}

export const receiptByNote = (tx: Tx, order: string, note: string): Promise<ReceiptRow | undefined> => one(tx, 'select * from receipts where production_order = $1 and delivery_note = $2', [order, note]);
export const receiptsOf = (tx: Tx, orders: readonly string[]): Promise<ReceiptRow[]> => rows(tx, 'select * from receipts where production_order = any($1) order by id', [orders]);
export const receiptLines = (tx: Tx, receipts: readonly string[]): Promise<(ReceiptLineRow & { receipt: string })[]> =>
  rows(tx, 'select receipt, line_id, sku, quantity, quality, sub_lot, on_time, excess from receipt_lines where receipt = any($1) order by receipt, n', [receipts]);

export const refuseExpedite = (tx: Tx, order: string, lineIds: readonly string[]): Promise<number> =>
  touched(tx, 'update production_order_lines set expedite_refused = true where production_order = $1 and line_id = any($2)', [order, lineIds]);

/** A change of need that came too soon after the last version is looked at again then. */
export const recheckAt = (tx: Tx, list: readonly { id: string; at: Date | null }[]): Promise<number> =>
  touched(tx, 'update adjustments a set recheck_at = w.at from unnest($1::text[], $2::timestamptz[]) as w(id, at) where a.id = w.id', [list.map((r) => r.id), list.map((r) => r.at)]);

/** Groups with an order that is stopped: nothing new is asked for there until somebody resumes or cancels it. */
export const groupsOnHold = async (tx: Tx, world: string, supplier: string, groups: readonly string[]): Promise<Set<string>> =>
  new Set((await rows<{ group_key: string }>(tx, `select distinct group_key from production_orders where world = $1 and supplier = $2 and group_key = any($3) and status = 'on-hold'`, [world, supplier, groups])).map((r) => r.group_key));

/** Versions whose clock ran out by the world's now. What was never sent, because its world only replays, waits for no answer. */
export const dueAdjustments = (tx: Tx, world: string, now: Date, limit: number): Promise<{ id: string; version: number }[]> =>
  rows(
    tx,
    `select id, version from adjustments where world = $1 and status in ('sent', 'accepted', 'proposed', 'countered') and least(firm_at, respond_by, recheck_at) <= $2
       and (status in ('sent', 'countered') or firm_at <= $2 or recheck_at <= $2) order by least(firm_at, respond_by, recheck_at) limit $3`,
    [world, now, limit],
  );

export interface Delivery {
  readonly adjustment: string;
  readonly version: number;
  readonly webhook_id: string;
  readonly state: 'waiting' | 'delivered' | 'ended' | 'exhausted' | 'no-endpoint' | 'gone';
  readonly attempts: number;
  readonly last_status: number | null;
  readonly last_error: string | null;
  readonly next_at: Date | null;
}

export const deliveryOf = (tx: Tx, adjustment: string, version: number): Promise<Delivery | undefined> =>
  one(tx, 'select * from signal_deliveries where adjustment = $1 and version = $2', [adjustment, version]);

/** Records the `attempt`-th try; false where it was recorded before (a second run of the same work). */
export const recordAttempt = async (
  tx: Tx, d: { adjustment: string; version: number; attempt: number; state: Delivery['state']; status: number | null; error: string | null; nextSeconds: number | null },
): Promise<boolean> =>
  (await touched(
    tx,
    `update signal_deliveries set attempts = $3, state = $4, last_status = $5, last_error = $6, next_at = now() + make_interval(secs => $7),
       delivered_at = case when $4 = 'delivered' then now() else delivered_at end
     where adjustment = $1 and version = $2 and attempts = $3 - 1 and state = 'waiting'`,
    [d.adjustment, d.version, d.attempt, d.state, d.status, d.error, d.nextSeconds],
  )) === 1;

export const endDelivery = (tx: Tx, adjustment: string, version: number, state: Delivery['state']): Promise<number> =>
  touched(tx, `update signal_deliveries set state = $3, next_at = null where adjustment = $1 and version = $2 and state = 'waiting'`, [adjustment, version, state]);

export interface ListFilter {
  readonly suppliers: readonly string[] | undefined;
  readonly supplier: string | null;
  readonly status: string | null;
  readonly sku: string | null;
  readonly broadcast: string | null;
  readonly since: string | null;
  readonly until: string | null;
}

export type ListedAdjustment = AdjustmentRow &
  Pick<VersionRow, 'at' | 'liability' | 'evidence' | 'valid_until'> & {
    readonly recorded_at: Date;
    readonly version_status: AdjustmentStatus;
    readonly attempts: number | null;
    readonly last_status: number | null;
    readonly next_at: Date | null;
    readonly delivery_state: string | null;
    readonly reply: unknown;
  };

const FILTERED = `
  from adjustments a join adjustment_versions v on v.adjustment = a.id and v.version = a.version
  left join signal_deliveries d on d.adjustment = a.id and d.version = a.version
  left join adjustment_replies r on r.adjustment = a.id and r.version = a.version
  where a.id > $1 and ($3::text[] is null or a.supplier = any($3)) and ($4::text is null or a.supplier = $4) and ($5::text is null or a.status = $5)
    and ($6::text is null or exists (select 1 from adjustment_lines l where l.adjustment = a.id and l.version = a.version and l.sku = $6))
    and ($7::text is null or v.evidence->>'broadcast' = $7) and ($8::timestamptz is null or v.at >= $8) and ($9::timestamptz is null or v.at < $9)`;

export const listAdjustments = (tx: Tx, filter: ListFilter, sentOnly: boolean, after: string, limit: number): Promise<ListedAdjustment[]> =>
  rows(
    tx,
    `select a.*, v.at, v.liability, v.evidence, v.valid_until, v.recorded_at, v.status as version_status, d.attempts, d.last_status, d.next_at, d.state as delivery_state, r.body as reply ${FILTERED}
       and (not $10 or d.adjustment is not null) order by a.id limit $2`,
    [after, limit, filter.suppliers ?? null, filter.supplier, filter.status, filter.sku, filter.broadcast, filter.since, filter.until, sentOnly],
  );

export const listOrders = (tx: Tx, filter: ListFilter, after: string, limit: number): Promise<OrderRow[]> =>
  rows(
    tx,
    `select o.* from production_orders o where o.id > $1 and ($3::text[] is null or o.supplier = any($3)) and ($4::text is null or o.supplier = $4)
       and ($5::text is null or o.status = $5) and ($6::text is null or exists (select 1 from production_order_lines l where l.production_order = o.id and l.sku = $6))
       and ($7::timestamptz is null or o.created_at >= $7) and ($8::timestamptz is null or o.created_at < $8)
       and ($3::text[] is null or exists (select 1 from adjustments a join signal_deliveries d on d.adjustment = a.id where a.production_order = o.id)) order by o.id limit $2`,
    [after, limit, filter.suppliers ?? null, filter.supplier, filter.status, filter.sku, filter.since, filter.until],
  );
