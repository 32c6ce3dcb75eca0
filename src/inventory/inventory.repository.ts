import type { Tx } from '../kernel/index.js';
import { one, rows, touched } from '../kernel/database/sql.js';

export type World = 'live' | 'replay';
export type Quality = 'A' | 'B' | 'C' | 'quarantine';
export type MovementCause = 'opening' | 'receipt' | 'reserve' | 'release' | 'claim' | 'return-receipt' | 'regrade' | 'quarantine' | 'adjust' | 'scrap';

/** The place of a merchant with one warehouse. */
export const MAIN = 'main';

export interface Place {
  readonly world: World;
  readonly sku: string;
  readonly location: string;
}

export interface StockLevel extends Place {
  readonly on_hand: number;
  readonly blocked: number;
  readonly reserved: number;
  readonly claimed: number;
  readonly opening: number;
  readonly received: number;
  readonly returned: number;
  readonly adjusted: number;
  readonly scrapped: number;
  readonly waiting: number;
  readonly unclaimed: number;
}

export interface Movement extends Place {
  readonly lot: string;
  readonly subLot: string;
  readonly quality: Quality;
  readonly cause: MovementCause;
  /** Signed change of the units in the house in this lot and quality. */
  readonly house: number;
  /** Signed change of the units promised. */
  readonly reserved: number;
  /** Change of the units that left to buyers. */
  readonly claimed: number;
  /** What caused it: the kind of thing and its id. */
  readonly origin: string;
  readonly originId: string;
  readonly note: string | null;
  readonly at: Date;
  readonly actor: string;
}

export const placeKey = (p: Place): string => `${p.world}\0${p.sku}\0${p.location}`;

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const distinct = <T extends Place>(places: readonly T[]): T[] => [...new Map(places.map((p) => [placeKey(p), p])).values()].sort((a, b) => byText(placeKey(a), placeKey(b)));
const columns = (places: readonly Place[]): unknown[] => [places.map((p) => p.world), places.map((p) => p.sku), places.map((p) => p.location)];

/** Locks the levels of places, making those that are new; every writer that touches several does so first, in one order. */
export async function lockLevels(tx: Tx, places: readonly Place[]): Promise<Map<string, StockLevel>> {
  const wanted = columns(distinct(places));
  const [, found] = await Promise.all([
    touched(tx, 'insert into stock_levels (world, sku, location) select * from unnest($1::text[], $2::text[], $3::text[]) on conflict do nothing', wanted),
    rows<StockLevel>(
      tx,
      `select s.* from stock_levels s join unnest($1::text[], $2::text[], $3::text[]) with ordinality as w(world, sku, location, n) using (world, sku, location) order by w.n for update of s`,
      wanted,
    ),
  ]);
  return new Map(found.map((l) => [placeKey(l), l]));
}

/** Locks all levels of SKUs, wherever their units are, and their main place, which is made where it is new. */
export async function lockSkus(tx: Tx, skus: readonly { readonly world: World; readonly sku: string }[]): Promise<Map<string, StockLevel>> {
  const places = distinct(skus.map((s) => ({ ...s, location: MAIN })));
  const [, found] = await Promise.all([
    touched(tx, 'insert into stock_levels (world, sku, location) select * from unnest($1::text[], $2::text[], $3::text[]) on conflict do nothing', columns(places)),
    rows<StockLevel>(
      tx,
      `select s.* from stock_levels s join unnest($1::text[], $2::text[]) as w(world, sku) using (world, sku) order by s.world collate "C", s.sku collate "C", s.location collate "C" for update of s`,
      columns(places).slice(0, 2),
    ),
  ]);
  return new Map(found.map((l) => [placeKey(l), l]));
}

/** Changes of what lines wait for and of what was shipped without being there. */
export interface Lack extends Place {
  readonly waiting: number;
  readonly unclaimed: number;
}

/** Writes movements, and in the same transaction what they add up to. The constraints of stock_levels refuse what breaks a law. */
export async function post(tx: Tx, movements: readonly Movement[], lacks: readonly Lack[] = []): Promise<void> {
  const sums = new Map<string, Record<string, number | string>>();
  const sumOf = (p: Place): Record<string, number | string> => {
    const key = placeKey(p);
    const known = sums.get(key) ?? { world: p.world, sku: p.sku, location: p.location, on_hand: 0, blocked: 0, reserved: 0, claimed: 0, opening: 0, received: 0, returned: 0, adjusted: 0, scrapped: 0, waiting: 0, unclaimed: 0 };
    sums.set(key, known);
    return known;
  };
  const add = (sum: Record<string, number | string>, name: string, value: number): void => void (sum[name] = (sum[name] as number) + value);
  const counters: Partial<Record<MovementCause, string>> = { opening: 'opening', receipt: 'received', 'return-receipt': 'returned', adjust: 'adjusted', scrap: 'scrapped' };
  for (const m of movements) {
    const sum = sumOf(m);
    add(sum, m.quality === 'A' ? 'on_hand' : 'blocked', m.house);
    add(sum, 'reserved', m.reserved);
    add(sum, 'claimed', m.claimed);
    const counter = counters[m.cause];
    if (counter !== undefined) add(sum, counter, m.cause === 'scrap' ? -m.house : m.house);
  }
  for (const l of lacks) {
    const sum = sumOf(l);
    add(sum, 'waiting', l.waiting);
    add(sum, 'unclaimed', l.unclaimed);
  }
  const lots = new Map<string, { world: string; sku: string; location: string; lot: string; sub_lot: string; quality: string; units: number }>();
  for (const m of movements) {
    if (m.house === 0) continue;
    const key = `${placeKey(m)}\0${m.lot}\0${m.subLot}\0${m.quality}`;
    const known = lots.get(key);
    lots.set(key, { world: m.world, sku: m.sku, location: m.location, lot: m.lot, sub_lot: m.subLot, quality: m.quality, units: (known?.units ?? 0) + m.house });
  }
  const changes = [...sums.entries()].sort(([a], [b]) => byText(a, b)).map(([, s]) => s);
  if (changes.length > 0) await touched(tx, CHANGE_LEVELS, [JSON.stringify(changes)]);
  const changed = [...lots.entries()].filter(([, l]) => l.units !== 0).sort(([a], [b]) => byText(a, b)).map(([, l]) => l);
  if (changed.length > 0) await changeLots(tx, changed);
  if (movements.length > 0) {
    await touched(
      tx,
      `insert into stock_movements (world, sku, location, lot, sub_lot, quality, cause, house, reserved, claimed, origin, origin_id, note, at, actor)
       select world, sku, location, lot, "subLot", quality, cause, house, reserved, claimed, origin, "originId", note, at, actor
       from jsonb_to_recordset($1::jsonb) as r(world text, sku text, location text, lot text, "subLot" text, quality text, cause text, house int, reserved int, claimed int, origin text, "originId" text,
         note text, at timestamptz, actor text)`,
      [JSON.stringify(movements)],
    );
  }
}

/** Rows are there (lockLevels made them); the database adds, and its constraints judge the sum. */
const CHANGE_LEVELS = `
  update stock_levels s set on_hand = s.on_hand + r.on_hand, blocked = s.blocked + r.blocked, reserved = s.reserved + r.reserved, claimed = s.claimed + r.claimed,
    opening = s.opening + r.opening, received = s.received + r.received, returned = s.returned + r.returned, adjusted = s.adjusted + r.adjusted, scrapped = s.scrapped + r.scrapped,
    waiting = s.waiting + r.waiting, unclaimed = s.unclaimed + r.unclaimed
  from jsonb_to_recordset($1::jsonb) as r(world text, sku text, location text, on_hand bigint, blocked bigint, reserved bigint, claimed bigint, opening bigint, received bigint, returned bigint,
    adjusted bigint, scrapped bigint, waiting bigint, unclaimed bigint)
  where s.world = r.world and s.sku = r.sku and s.location = r.location`;

/** An insert is checked before its conflict is seen, so a decrease must find its row: rows are made empty first. */
async function changeLots(tx: Tx, lots: readonly object[]): Promise<void> {
  const list = JSON.stringify(lots);
  const record = 'jsonb_to_recordset($1::jsonb) as r(world text, sku text, location text, lot text, sub_lot text, quality text, units bigint)';
  await Promise.all([
    touched(tx, `insert into stock_lots (world, sku, location, lot, sub_lot, quality, units) select world, sku, location, lot, sub_lot, quality, 0 from ${record} on conflict do nothing`, [list]),
    touched(
      tx,
      `update stock_lots l set units = l.units + r.units from ${record}
       where l.world = r.world and l.sku = r.sku and l.location = r.location and l.lot = r.lot and l.sub_lot = r.sub_lot and l.quality = r.quality`,
      [list],
    ),
  ]);
}

export const levelsOf = (tx: Tx, world: World, skus: readonly string[]): Promise<StockLevel[]> =>
  rows(tx, 'select * from stock_levels where world = $1 and sku = any($2) order by sku, location', [world, skus]);

export interface LotRow extends Place {
  readonly lot: string;
  readonly sub_lot: string;
  readonly quality: Quality;
  readonly units: number;
}

/** Units by lot, oldest lot first (opening stock, which has none, before all). */
export const lotsOf = (tx: Tx, places: readonly Place[], quality: Quality | null): Promise<LotRow[]> =>
  rows(
    tx,
    `select l.* from stock_lots l join unnest($1::text[], $2::text[], $3::text[]) as w(world, sku, location) using (world, sku, location)
     where l.units > 0 and ($4::text is null or l.quality = $4) order by l.sku, l.location, l.lot collate "C", l.sub_lot collate "C", l.quality`,
    [...columns(distinct(places)), quality],
  );

/** Sellable units by lot that may leave the house: those of withdrawn lots are not among them. */
export const claimableLots = (tx: Tx, places: readonly Place[]): Promise<LotRow[]> =>
  rows(
    tx,
    `select l.* from stock_lots l join unnest($1::text[], $2::text[], $3::text[]) as w(world, sku, location) using (world, sku, location)
     where l.units > 0 and l.quality = 'A' and not exists (select 1 from lots x where x.id = l.lot and x.withdrawn_by is not null) order by l.sku, l.location, l.lot collate "C", l.sub_lot collate "C"`,
    columns(distinct(places)),
  );

export const lotsOfSku = (tx: Tx, world: World, sku: string): Promise<(LotRow & { supplier: string | null; name: string | null; received_at: Date | null })[]> =>
  rows(
    tx,
    `select l.*, x.supplier, x.name, x.received_at from stock_lots l left join lots x on x.id = l.lot where l.world = $1 and l.sku = $2 and l.units > 0
     order by l.location, l.lot collate "C", l.sub_lot collate "C", l.quality`,
    [world, sku],
  );

/** Our ids of lots by what events call them: our id, or the supplier's name of it. */
export const lotsCalled = (tx: Tx, names: readonly string[]): Promise<{ id: string; name: string | null }[]> =>
  names.length === 0 ? Promise.resolve([]) : rows(tx, 'select id, name from lots where id = any($1) or name = any($1) order by id', [names]);

export interface LotRecord {
  readonly id: string;
  readonly world: World;
  readonly supplier: string | null;
  readonly production_order: string | null;
  readonly name: string | null;
  readonly received_at: Date;
  /** By the database's clock, whatever the world's says. */
  readonly recorded_at: Date;
  readonly received: number;
}

/** Lots with the units that came in with them. */
export const lotRecords = (tx: Tx, ids: readonly string[]): Promise<LotRecord[]> =>
  rows(
    tx,
    `select l.*, (select coalesce(sum(m.house), 0)::int from stock_movements m where m.lot = l.id and m.cause = 'receipt') as received from lots l where l.id = any($1) order by l.id`, [ids],
  );

export const insertLot = (tx: Tx, l: { id: string; world: World; supplier: string | null; productionOrder: string | null; name: string | null; receivedAt: Date }): Promise<number> =>
  touched(tx, 'insert into lots (id, world, supplier, production_order, name, received_at) values ($1, $2, $3, $4, $5, $6)', [l.id, l.world, l.supplier, l.productionOrder, l.name, l.receivedAt]);

// ---- Order lines ----

export interface AllocationRow extends Place {
  readonly shop: string;
  readonly order_id: string;
  readonly line_id: string;
  readonly open: number;
  readonly shipped: number;
  readonly reserved: number;
  readonly claimed: number;
  readonly lot: string | null;
  readonly since: Date;
}

export const lineKey = (l: { readonly shop: string; readonly order_id: string; readonly line_id: string; readonly sku: string }): string => `${l.shop}\0${l.order_id}\0${l.line_id}\0${l.sku}`;

/** Where an order line's units are kept: its own place once it has one. */
export const allocationsOf = (tx: Tx, lines: readonly { shop: string; order_id: string; line_id: string; sku: string }[]): Promise<AllocationRow[]> =>
  rows(
    tx,
    `select a.* from stock_allocations a join unnest($1::text[], $2::text[], $3::text[], $4::text[]) as w(shop, order_id, line_id, sku) using (shop, order_id, line_id, sku)`,
    [lines.map((l) => l.shop), lines.map((l) => l.order_id), lines.map((l) => l.line_id), lines.map((l) => l.sku)],
  );

/** For each place the lines that lack units, longest waiting first, no more than it has units to give. */
export const lackingLines = (tx: Tx, places: readonly (Place & { readonly limit: number })[]): Promise<AllocationRow[]> =>
  rows(
    tx,
    `select x.* from unnest($1::text[], $2::text[], $3::text[], $4::int[]) as w(world, sku, location, n) cross join lateral (
       select a.* from stock_allocations a where a.world = w.world and a.sku = w.sku and a.location = w.location and (a.open > a.reserved or a.shipped > a.claimed)
       order by a.since limit w.n) x`,
    [...columns(places), places.map((p) => p.limit)],
  );

export const saveAllocations = (tx: Tx, a: readonly AllocationRow[]): Promise<number> =>
  touched(
    tx,
    `insert into stock_allocations (shop, order_id, line_id, sku, world, location, open, shipped, reserved, claimed, lot, since)
     select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::int[], $8::int[], $9::int[], $10::int[], $11::text[], $12::timestamptz[])
     on conflict (shop, order_id, line_id, sku) do update set open = excluded.open, shipped = excluded.shipped, reserved = excluded.reserved, claimed = excluded.claimed, lot = excluded.lot, since = excluded.since`,
    [a.map((x) => x.shop), a.map((x) => x.order_id), a.map((x) => x.line_id), a.map((x) => x.sku), a.map((x) => x.world), a.map((x) => x.location), a.map((x) => x.open), a.map((x) => x.shipped),
      a.map((x) => x.reserved), a.map((x) => x.claimed), a.map((x) => x.lot), a.map((x) => x.since)],
  );

export const allocationsOfOrder = (tx: Tx, shop: string, orderId: string): Promise<AllocationRow[]> =>
  rows(tx, 'select * from stock_allocations where shop = $1 and order_id = $2 order by line_id, sku', [shop, orderId]);

/** The units that left for an order line, by lot, in the order in which they left. */
export const claimsOfLine = (tx: Tx, line: { shop: string; orderId: string; lineId: string; sku: string }): Promise<{ lot: string; sub_lot: string; units: number }[]> =>
  rows(
    tx,
    `select lot, sub_lot, sum(claimed)::int as units from stock_movements where origin = 'order-line' and origin_id = $1 and sku = $2 and cause = 'claim' group by lot, sub_lot order by min(id)`,
    [`${line.shop}/${line.orderId}/${line.lineId}`, line.sku],
  );

// ---- Reservations ----

export const RESERVATION_STATUSES = ['held', 'confirmed', 'used', 'released', 'expired'] as const;
export type ReservationStatus = (typeof RESERVATION_STATUSES)[number];

export interface ReservationRow {
  readonly id: string;
  readonly world: World;
  readonly location: string;
  readonly status: ReservationStatus;
  readonly shop: string | null;
  readonly order_id: string | null;
  readonly note: string | null;
  readonly actor: string;
  readonly created_at: Date;
  readonly expires_at: Date | null;
  readonly ended_at: Date | null;
}

export interface ReservationLine {
  readonly sku: string;
  readonly quantity: number;
}

/** One statement with its guard: promises the units of all lines or answers the SKUs that were promised and changes nothing the caller keeps. */
export const promise = (tx: Tx, place: { world: World; location: string }, lines: readonly ReservationLine[]): Promise<{ sku: string }[]> =>
  rows(
    tx,
    `update stock_levels s set reserved = s.reserved + w.quantity from unnest($3::text[], $4::int[]) as w(sku, quantity)
     where s.world = $1 and s.location = $2 and s.sku = w.sku and s.on_hand - s.reserved >= w.quantity returning s.sku`,
    [place.world, place.location, lines.map((l) => l.sku), lines.map((l) => l.quantity)],
  );

export const insertReservation = (tx: Tx, r: Pick<ReservationRow, 'id' | 'world' | 'location' | 'shop' | 'order_id' | 'note' | 'actor'>, seconds: number, lines: readonly ReservationLine[]): Promise<unknown> =>
  Promise.all([
    touched(
      tx, `insert into reservations (id, world, location, status, shop, order_id, note, actor, expires_at) values ($1, $2, $3, 'held', $4, $5, $6, $7, clock_timestamp() + make_interval(secs => $8))`,
      [r.id, r.world, r.location, r.shop, r.order_id, r.note, r.actor, seconds],
    ),
    touched(tx, 'insert into reservation_lines (reservation, sku, quantity) select $1, * from unnest($2::text[], $3::int[])', [r.id, lines.map((l) => l.sku), lines.map((l) => l.quantity)]),
  ]);

/** The movements of a promise whose levels are changed already. */
export const recordPromise = (tx: Tx, reservation: string, place: { world: World; location: string }, lines: readonly ReservationLine[], actor: string): Promise<number> =>
  touched(
    tx,
    `insert into stock_movements (world, sku, location, lot, sub_lot, quality, cause, house, reserved, claimed, origin, origin_id, at, actor)
     select $1, w.sku, $2, '', '', 'A', 'reserve', 0, w.quantity, 0, 'reservation', $3, now(), $4 from unnest($5::text[], $6::int[]) as w(sku, quantity)`,
    [place.world, place.location, reservation, actor, lines.map((l) => l.sku), lines.map((l) => l.quantity)],
  );

export const findReservation = (tx: Tx, id: string): Promise<ReservationRow | undefined> => one(tx, 'select * from reservations where id = $1', [id]);
export const reservationLines = (tx: Tx, ids: readonly string[]): Promise<(ReservationLine & { reservation: string; taken: number })[]> =>
  rows(tx, 'select reservation, sku, quantity, taken from reservation_lines where reservation = any($1) order by reservation, sku', [ids]);

/** What a reservation holds of a SKU: what was reserved less what lines of its order have taken over. */
export interface HeldLine extends Place {
  readonly reservation: string;
  readonly shop: string | null;
  readonly order_id: string | null;
  readonly held: number;
}

export const heldLines = (tx: Tx, ids: readonly string[]): Promise<HeldLine[]> =>
  rows(
    tx,
    `select l.reservation, r.world, l.sku, r.location, r.shop, r.order_id, l.quantity - l.taken as held from reservation_lines l join reservations r on r.id = l.reservation
     where l.reservation = any($1) and l.quantity > l.taken order by l.reservation, l.sku`,
    [ids],
  );

/** What open reservations hold for orders, by order and SKU. */
export const heldForOrders = (tx: Tx, world: World, skus: readonly string[]): Promise<{ shop: string; order_id: string; sku: string; held: number }[]> =>
  rows(
    tx,
    `select r.shop, r.order_id, l.sku, sum(l.quantity - l.taken)::int as held from reservations r join reservation_lines l on l.reservation = r.id
     where r.status in ('held', 'confirmed') and r.world = $1 and r.order_id is not null and l.sku = any($2) and l.quantity > l.taken group by 1, 2, 3`,
    [world, skus],
  );

/** Notes what lines of the order took over; a reservation of which nothing is left is used. */
export async function takeHeld(tx: Tx, taken: readonly { reservation: string; sku: string; units: number }[]): Promise<void> {
  await touched(
    tx,
    `update reservation_lines l set taken = l.taken + w.units from (select reservation, sku, sum(units)::int as units from unnest($1::text[], $2::text[], $3::int[]) as w(reservation, sku, units) group by 1, 2) w
     where l.reservation = w.reservation and l.sku = w.sku`,
    [taken.map((t) => t.reservation), taken.map((t) => t.sku), taken.map((t) => t.units)],
  );
  await touched(
    tx,
    `update reservations r set status = 'used', ended_at = clock_timestamp()
     where r.id = any($1) and r.status in ('held', 'confirmed') and not exists (select 1 from reservation_lines l where l.reservation = r.id and l.taken < l.quantity)`,
    [taken.map((t) => t.reservation)],
  );
}

/** Newest first; `actor` leaves those of everybody else out. */
export function listReservations(
  tx: Tx, filter: { readonly sku: string | null; readonly orderId: string | null; readonly status: ReservationStatus | null; readonly actor: string | null }, before: string | null, limit: number,
): Promise<ReservationRow[]> {
  const values: unknown[] = [limit];
  const given = (value: string | null, condition: (n: string) => string): string[] => (value === null ? [] : [condition(`$${values.push(value)}`)]);
  // Only what is asked for, the status as a literal: each then has an index of its own, and ended reservations are kept for ever.
  const where = [
    ...given(filter.sku, (n) => `r.id in (select reservation from reservation_lines where sku = ${n})`), ...given(filter.orderId, (n) => `r.order_id = ${n}`),
    ...(filter.status === null ? [] : [`r.status = '${filter.status}'`]), ...given(filter.actor, (n) => `r.actor = ${n}`), ...given(before, (n) => `r.id < ${n}`),
  ];
  return rows(tx, `select r.* from reservations r ${where.length === 0 ? '' : `where ${where.join(' and ')} `}order by r.id desc limit $1`, values);
}

/** Confirms what is still held by the database's clock, for so many days; false where it expired or ended before. */
export const confirm = async (tx: Tx, id: string, days: number): Promise<boolean> =>
  (await touched(tx, `update reservations set status = 'confirmed', expires_at = clock_timestamp() + make_interval(days => $2) where id = $1 and status = 'held' and expires_at > clock_timestamp()`, [id, days])) === 1;

/** Ends reservations; answers those that this call ended, so that their units are given back once. */
export const endReservations = (tx: Tx, ids: readonly string[], status: 'released' | 'expired'): Promise<ReservationRow[]> =>
  rows(tx, `update reservations set status = $2, ended_at = clock_timestamp() where id = any($1) and status in ('held', 'confirmed') and ($2 <> 'expired' or expires_at <= clock_timestamp()) returning *`, [ids, status]);

export const expiredReservations = (tx: Tx, limit: number): Promise<{ id: string }[]> =>
  rows(tx, `select id from reservations where status in ('held', 'confirmed') and expires_at <= clock_timestamp() order by expires_at limit $1 for update skip locked`, [limit]);

/** Open reservations made for these orders, locked. */
export const reservationsOfOrders = (tx: Tx, orders: readonly { shop: string; order_id: string }[]): Promise<ReservationRow[]> =>
  rows(
    tx,
    `select r.* from reservations r join unnest($1::text[], $2::text[]) as w(shop, order_id) on r.shop = w.shop and r.order_id = w.order_id
     where r.status in ('held', 'confirmed') order by r.id for update of r`,
    [orders.map((o) => o.shop), orders.map((o) => o.order_id)],
  );

// ---- Supply and what is known of it ----

/** The worlds and SKUs whose opening stock, the sum of its movements, is another than the catalogue says now. */
export const openingsOtherThan = (tx: Tx, stock: ReadonlyMap<string, number>): Promise<{ world: World; sku: string }[]> =>
  rows(
    tx,
    `select x.world, w.sku from unnest($1::text[], $2::bigint[]) as w(sku, units) cross join (values ('live'), ('replay')) as x(world)
     left join stock_levels l on l.world = x.world and l.sku = w.sku and l.location = $3 where coalesce(l.opening, 0) <> w.units`,
    [[...stock.keys()], [...stock.values()], MAIN],
  );

export const saveOpeningStock = (tx: Tx, stock: ReadonlyMap<string, number>): Promise<number> =>
  touched(tx, 'insert into opening_stock (sku, units) select * from unnest($1::text[], $2::int[]) on conflict (sku) do update set units = excluded.units', [[...stock.keys()], [...stock.values()]]);

/** All sellable units that ever were, per SKU over all places: less what the orders say was shipped it is what can still be sold. */
export const sellableSupply = async (tx: Tx, world: World, skus: readonly string[]): Promise<Map<string, number>> =>
  new Map((await rows<{ sku: string; units: number }>(tx, 'select sku, sum(on_hand + claimed)::bigint as units from stock_levels where world = $1 and sku = any($2) group by sku', [world, skus])).map((r) => [r.sku, r.units]));

/** Units of a lot that left to buyers, by whole days since; those of the future of `now` (clocks of shops differ a little) count as of today. */
export const unitsLeft = (tx: Tx, lot: string, now: Date): Promise<{ age: number; units: number }[]> =>
  rows(tx, `select greatest(0, floor(extract(epoch from $2 - at) / 86400))::int as age, sum(claimed)::int as units from stock_movements where lot = $1 and cause = 'claim' group by 1 order by 1`, [lot, now]);

/** Sellable units of a lot wherever they are. */
export const sellableOfLot = (tx: Tx, world: World, lot: string, quality: Quality): Promise<LotRow[]> =>
  rows(tx, 'select * from stock_lots where world = $1 and lot = $2 and quality = $3 and units > 0 order by sku collate "C", location collate "C", sub_lot collate "C"', [world, lot, quality]);

/** Marks a lot as one that must not be sold, or takes the mark away. */
export const markWithdrawn = (tx: Tx, lot: string, cause: string | null): Promise<number> => touched(tx, 'update lots set withdrawn_by = $2 where id = $1', [lot, cause]);

/** Those of the lots that must not be sold, with what withdrew them; locked, so that none is withdrawn or readmitted until the caller has ended. */
export const withdrawnLots = async (tx: Tx, lots: readonly string[]): Promise<Map<string, string>> =>
  new Map((await rows<{ id: string; withdrawn_by: string | null }>(tx, 'select id, withdrawn_by from lots where id = any($1) order by id for share', [lots])).flatMap((l) => (l.withdrawn_by === null ? [] : [[l.id, l.withdrawn_by]])));

export type WithdrawnUnits = LotRow & { readonly withdrawn_by: string };

/** Sellable units in these places of lots that must not be sold: what a reservation kept when its lot was withdrawn. */
export const withdrawnUnits = (tx: Tx, places: readonly Place[]): Promise<WithdrawnUnits[]> =>
  rows(
    tx,
    `select l.*, x.withdrawn_by from stock_lots l join unnest($1::text[], $2::text[], $3::text[]) as w(world, sku, location) using (world, sku, location) join lots x on x.id = l.lot and x.withdrawn_by is not null
     where l.units > 0 and l.quality = 'A' order by l.world collate "C", l.sku collate "C", l.location collate "C", l.lot collate "C", l.sub_lot collate "C"`,
    columns(distinct(places)),
  );

/** Returned units of a lot that wait for their inspection: they are not an alarm's to readmit. What inspection put aside may have been moved since; an alarm readmits no more than it blocked. */
export const returnedInQuarantine = (tx: Tx, lot: string): Promise<{ sku: string; location: string; sub_lot: string; units: number }[]> =>
  rows(tx, `select sku, location, sub_lot, sum(house)::int as units from stock_movements where lot = $1 and origin = 'return' and quality = 'quarantine' and cause <> 'quarantine' group by 1, 2, 3 having sum(house) > 0`, [lot]);

/** Returned units in one place and part of a lot that wait for their inspection, by return; those that inspection put aside were moved by cause 'quarantine'. */
export const uninspected = (tx: Tx, place: Place, lot: string, subLot: string): Promise<{ return_case: string; units: number }[]> =>
  rows(
    tx,
    `select origin_id as return_case, sum(house)::int as units from stock_movements where world = $1 and sku = $2 and location = $3 and lot = $4 and sub_lot = $5 and origin = 'return' and quality = 'quarantine'
       and cause <> 'quarantine' group by 1 having sum(house) > 0 order by 1`,
    [place.world, place.sku, place.location, lot, subLot],
  );

/** Units of a lot that one cause put into quarantine and nothing of it took out again. */
export const blockedBy = (tx: Tx, origin: string, originId: string, lot: string): Promise<{ sku: string; location: string; sub_lot: string; units: number }[]> =>
  rows(
    tx,
    `select sku, location, sub_lot, sum(house)::int as units from stock_movements where origin = $1 and origin_id = $2 and lot = $3 and quality = 'quarantine' group by 1, 2, 3 having sum(house) > 0 order by 1, 2, 3`,
    [origin, originId, lot],
  );

/** Order lines that have units reserved in a place, those that were paid last first: they are the first to wait again. */
export const reservedLines = (tx: Tx, place: Place): Promise<AllocationRow[]> =>
  rows(tx, 'select * from stock_allocations where world = $1 and sku = $2 and location = $3 and reserved > 0 order by since desc, shop, order_id, line_id', [place.world, place.sku, place.location]);

export interface DatedSupply {
  readonly source: SupplySource;
  readonly ref: string;
  readonly world: string;
  readonly sku: string;
  readonly quantity: number;
  /** Calendar date in the supplier's time zone, as YYYY-MM-DD. */
  readonly due: string;
}

/** Sets what a reference will bring; a quantity of 0 takes it back. */
export const recordSupply = (tx: Tx, supply: readonly DatedSupply[]): Promise<number> =>
  touched(
    tx,
    `insert into dated_supply (source, ref, world, sku, quantity, due) select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::int[], $6::date[])
     on conflict (source, ref) do update set quantity = excluded.quantity, due = excluded.due`,
    [supply.map((s) => s.source), supply.map((s) => s.ref), supply.map((s) => s.world), supply.map((s) => s.sku), supply.map((s) => s.quantity), supply.map((s) => s.due)],
  );

export const removeSupply = (tx: Tx, source: SupplySource, refPrefix: string): Promise<number> =>
  touched(tx, 'delete from dated_supply where source = $1 and starts_with(ref, $2)', [source, refPrefix]);

/** Takes back all that a source said of one SKU. */
export const removeSupplyOf = (tx: Tx, source: SupplySource, world: string, sku: string): Promise<number> =>
  touched(tx, 'delete from dated_supply where source = $1 and world = $2 and sku = $3 and quantity > 0', [source, world, sku]);

/** Who knows of it: production of what factories confirmed, returns of what will be back on the shelf. */
export type SupplySource = 'production' | 'returns';

export const supplyOf = (tx: Tx, world: string, skus: readonly string[], source: SupplySource): Promise<{ sku: string; quantity: number; due: string }[]> =>
  rows(tx, `select sku, quantity, to_char(due, 'YYYY-MM-DD') as due from dated_supply where world = $1 and sku = any($2) and source = $3 and quantity > 0 order by sku, due`, [world, skus, source]);

/** All that will come in, from whatever source; goods that were to be back on the shelf by `today` and are not count no more. */
export const incomingOf = (tx: Tx, world: string, skus: readonly string[], today: Date): Promise<{ sku: string; quantity: number; due: string; source: SupplySource }[]> =>
  rows(
    tx,
    `select sku, quantity, to_char(due, 'YYYY-MM-DD') as due, source from dated_supply where world = $1 and sku = any($2) and quantity > 0 and (source <> 'returns' or due > ($3::timestamptz at time zone 'UTC')::date) order by sku, due`,
    [world, skus, today],
  );

export interface MovementRow extends Place {
  readonly id: number;
  readonly lot: string;
  readonly sub_lot: string;
  readonly quality: Quality;
  readonly cause: MovementCause;
  readonly house: number;
  readonly reserved: number;
  readonly claimed: number;
  readonly origin: string;
  readonly origin_id: string;
  readonly note: string | null;
  readonly at: Date;
  readonly actor: string;
  readonly recorded_at: Date;
}

export const listMovements = (
  tx: Tx, filter: { world: string; sku: string | null; lot: string | null; cause: string | null; location: string | null }, before: number | null, limit: number,
): Promise<MovementRow[]> =>
  rows(
    tx,
    `select * from stock_movements where world = $1 and ($2::text is null or sku = $2) and ($3::text is null or lot = $3) and ($4::text is null or cause = $4) and ($5::text is null or location = $5)
       and ($6::bigint is null or id < $6) order by id desc limit $7`,
    [filter.world, filter.sku, filter.lot, filter.cause, filter.location, before, limit],
  );
