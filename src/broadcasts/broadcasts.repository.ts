import { In } from 'typeorm';
import type { Tx } from '../kernel/index.js';
import { managerOf, one, rows, touched } from '../kernel/database/sql.js';
import { Broadcast } from './broadcasts.entity.js';
import type { ToldLink } from './links.rules.js';

export interface ItemRow {
  readonly broadcast: string;
  readonly position: number;
  readonly sku: string;
  readonly link: string | null;
  readonly slot_at: Date;
  readonly price: number;
  readonly planned_units: number;
  readonly promise_days: number;
}

export const findBroadcast = (tx: Tx, id: string): Promise<Broadcast | null> => managerOf(tx).findOneBy(Broadcast, { id });

export const findBroadcasts = (tx: Tx, ids: readonly string[]): Promise<Broadcast[]> => managerOf(tx).find(Broadcast, { where: { id: In([...ids]) }, order: { id: 'asc' } });

export const insertAnchors = (tx: Tx, ids: readonly string[]): Promise<number> =>
  touched(tx, 'insert into anchors (id, name) select a, a from unnest($1::text[]) a order by a on conflict (id) do nothing', [ids]);

export const existingAnchors = async (tx: Tx, ids: readonly string[]): Promise<Set<string>> =>
  new Set((await rows<{ id: string }>(tx, 'select id from anchors where id = any($1)', [ids])).map((r) => r.id));

export const existingShops = async (tx: Tx, ids: readonly string[]): Promise<Set<string>> =>
  new Set((await rows<{ id: string }>(tx, 'select id from shops where id = any($1)', [ids])).map((r) => r.id));

export const existingLinks = async (tx: Tx, shop: string, ids: readonly string[]): Promise<Set<string>> =>
  new Set((await rows<{ id: string }>(tx, 'select id from links where shop = $1 and id = any($2)', [shop, ids])).map((r) => r.id));

export const insertBroadcast = (tx: Tx, b: { id: string; anchor: string; shop: string; startsAt: Date; endsAt: Date }): Promise<number> =>
  touched(tx, 'insert into broadcasts (id, anchor, shop, starts_at, ends_at) values ($1, $2, $3, $4, $5) on conflict (id) do nothing', [b.id, b.anchor, b.shop, b.startsAt, b.endsAt]);

export const updateBroadcast = (tx: Tx, b: Pick<Broadcast, 'id' | 'anchor' | 'startsAt' | 'endsAt' | 'cancelledAt'>, version: number): Promise<number> =>
  touched(tx, 'update broadcasts set anchor = $2, starts_at = $3, ends_at = $4, cancelled_at = $5, version = version + 1 where id = $1 and version = $6', [
    b.id, b.anchor, b.startsAt, b.endsAt, b.cancelledAt, version,
  ]);

export const bumpBroadcasts = (tx: Tx, ids: readonly string[]): Promise<number> =>
  touched(tx, 'with locked as (select id from broadcasts where id = any($1) order by id for update) update broadcasts b set version = b.version + 1 from locked l where b.id = l.id', [ids]);

export const listBroadcasts = (
  tx: Tx, only: readonly string[] | undefined, filter: { shop: string | null; anchor: string | null }, after: { startsAt: string; id: string } | undefined, limit: number,
): Promise<{ id: string; anchor: string; shop: string; starts_at: Date; ends_at: Date; cancelled_at: Date | null; version: number }[]> =>
  rows(
    tx,
    `select id, anchor, shop, starts_at, ends_at, cancelled_at, version from broadcasts
     where ($1::text[] is null or anchor = any($1)) and ($2::text is null or shop = $2) and ($3::text is null or anchor = $3)
       and ($4::timestamptz is null or (starts_at, id) < ($4, $5)) order by starts_at desc, id desc limit $6`,
    [only ?? null, filter.shop, filter.anchor, after?.startsAt ?? null, after?.id ?? null, limit],
  );

export const lineUp = (tx: Tx, broadcast: string): Promise<ItemRow[]> => rows(tx, 'select * from line_up_items where broadcast = $1 order by position', [broadcast]);

export async function replaceLineUp(tx: Tx, broadcast: string, items: readonly Omit<ItemRow, 'broadcast' | 'position'>[]): Promise<void> {
  await touched(tx, 'delete from line_up_items where broadcast = $1', [broadcast]);
  await appendItems(tx, items.map((item, i) => ({ ...item, broadcast, position: i + 1 })));
}

export const appendItems = (tx: Tx, items: readonly ItemRow[]): Promise<number> =>
  touched(
    tx,
    `insert into line_up_items (broadcast, position, sku, link, slot_at, price, planned_units, promise_days)
     select * from unnest($1::text[], $2::int[], $3::text[], $4::text[], $5::timestamptz[], $6::bigint[], $7::int[], $8::int[])
     on conflict (broadcast, position) do update set sku = excluded.sku, link = excluded.link, slot_at = excluded.slot_at, price = excluded.price,
       planned_units = excluded.planned_units, promise_days = excluded.promise_days`,
    [
      items.map((i) => i.broadcast), items.map((i) => i.position), items.map((i) => i.sku), items.map((i) => i.link), items.map((i) => i.slot_at),
      items.map((i) => i.price), items.map((i) => i.planned_units), items.map((i) => i.promise_days),
    ],
  );

export const lastPositions = (tx: Tx, broadcasts: readonly string[]): Promise<{ broadcast: string; sku: string; position: number; link: string | null }[]> =>
  rows(tx, 'select broadcast, sku, position, link from line_up_items where broadcast = any($1)', [broadcasts]);

/** Of two changes of one broadcast's line-up the second waits here, and then sees what the first made. */
export const lockBroadcasts = (tx: Tx, ids: readonly string[]): Promise<{ id: string }[]> => rows(tx, 'select id from broadcasts where id = any($1) order by id for update', [ids]);

/** What links sell, as line-ups tell it, in the same transaction after their items: a variant is a SKU that some line-up shows by the link. */
export async function saveLinks(tx: Tx, shop: string, links: readonly ToldLink[]): Promise<void> {
  const sorted = [...links].sort((a, b) => (a.link < b.link ? -1 : 1));
  await touched(tx, 'insert into links (shop, id) select $1, l from unnest($2::text[]) l on conflict do nothing', [shop, sorted.map((l) => l.link)]);
  const held = await rows<{ id: string; bundle: boolean }>(tx, 'select id, bundle from links where shop = $1 and id = any($2) order by id for update', [shop, sorted.map((l) => l.link)]);
  const wasBundle = new Set(held.flatMap((l) => (l.bundle ? [l.id] : [])));
  const components = (link: string, list: readonly { readonly sku: string; readonly quantity: number }[]): Promise<number> =>
    touched(
      tx,
      `insert into link_components (shop, link, sku, quantity, position) select $1, $2, c.sku, c.quantity, c.position from unnest($3::text[], $4::int[]) with ordinality as c(sku, quantity, position)
       on conflict (shop, link, sku) do update set quantity = excluded.quantity, position = excluded.position`,
      [shop, link, list.map((c) => c.sku), list.map((c) => c.quantity)],
    );
  for (const { link, bundle, variants, plain } of sorted) {
    if (bundle !== null) {
      await touched(tx, 'update links set bundle = true where shop = $1 and id = $2', [shop, link]);
      await touched(tx, 'delete from link_components where shop = $1 and link = $2 and sku <> all($3)', [shop, link, bundle.map((c) => c.sku)]);
      await components(link, bundle);
    } else if (plain || !wasBundle.has(link)) {
      await touched(tx, 'update links set bundle = false where shop = $1 and id = $2 and bundle', [shop, link]);
      await components(link, variants.map((sku) => ({ sku, quantity: 1 })));
      await touched(
        tx,
        `delete from link_components c where c.shop = $1 and c.link = $2
           and not exists (select 1 from line_up_items i join broadcasts b on b.id = i.broadcast where i.link = c.link and i.sku = c.sku and b.shop = c.shop)`,
        [shop, link],
      );
    }
  }
}

/** Variants that no line-up shows any more go; the last one stays, for orders that come late. */
export const dropVariants = (tx: Tx, shop: string, links: readonly string[]): Promise<number> =>
  touched(
    tx,
    `with held as (select id from links where shop = $1 and id = any($2) and not bundle order by id for update),
       c as (select k.link, k.sku, exists (select 1 from line_up_items i join broadcasts b on b.id = i.broadcast where i.link = k.link and i.sku = k.sku and b.shop = $1) as shown
         from link_components k join held h on h.id = k.link where k.shop = $1)
     delete from link_components d using c where d.shop = $1 and d.link = c.link and d.sku = c.sku and not c.shown and exists (select 1 from c other where other.link = c.link and other.shown)`,
    [shop, links],
  );

export interface LinkedSku {
  readonly link: string;
  readonly sku: string;
  readonly quantity: number;
  /** All of the link's SKUs are in each unit; otherwise each is a variant. */
  readonly bundle: boolean;
}

export const linkComponents = (tx: Tx, shop: string, links: readonly string[]): Promise<LinkedSku[]> =>
  rows(
    tx,
    'select c.link, c.sku, c.quantity, l.bundle from link_components c join links l on l.shop = c.shop and l.id = c.link where c.shop = $1 and c.link = any($2) order by c.link, c.position, c.sku',
    [shop, links],
  );

export interface RunningItem {
  readonly broadcast: string;
  /** Of line-up and live log: what is known of the broadcast's slots may have changed where this did. */
  readonly version: number;
  readonly anchor: string;
  readonly shop: string;
  readonly starts_at: Date;
  readonly ends_at: Date;
  readonly sku: string;
  readonly slot_at: Date;
  readonly promise_days: number;
  readonly planned_units: number;
}

/** Line-up items of the given SKUs in broadcasts that end after `since` (and are not cancelled); a link's parts included. */
export const itemsOfSkus = (tx: Tx, skus: readonly string[], since: Date): Promise<RunningItem[]> =>
  rows(
    tx,
    `select b.id as broadcast, b.version + b.log_version as version, b.anchor, b.shop, b.starts_at, b.ends_at, i.sku, i.slot_at, i.promise_days, i.planned_units
     from line_up_items i join broadcasts b on b.id = i.broadcast
     where i.sku = any($1) and b.ends_at > $2 and b.cancelled_at is null`,
    [skus, since],
  );

export const anchorOf = (tx: Tx, broadcast: string): Promise<{ anchor: string } | undefined> => one(tx, 'select anchor from broadcasts where id = $1', [broadcast]);

/** A broadcast with its whole line-up, in order. */
export interface BroadcastPlan {
  readonly id: string;
  readonly version: number;
  readonly anchor: string;
  readonly shop: string;
  readonly starts_at: Date;
  readonly ends_at: Date;
  readonly items: readonly { readonly sku: string; readonly slotAt: number; readonly price: number; readonly plannedUnits: number }[];
  /** What its live log says was shown, in order of time; a link as the SKUs that it sells. */
  readonly shown: readonly { readonly sku: string; readonly at: number }[];
}

export const plansOf = (tx: Tx, broadcasts: readonly string[]): Promise<BroadcastPlan[]> =>
  rows(
    tx,
    `select b.id, b.version + b.log_version as version, b.anchor, b.shop, b.starts_at, b.ends_at, coalesce(i.items, '[]') as items, coalesce(e.shown, '[]') as shown from broadcasts b left join lateral (
       select json_agg(json_build_object('sku', l.sku, 'slotAt', extract(epoch from l.slot_at) * 1000, 'price', l.price, 'plannedUnits', l.planned_units) order by l.position) as items
       from line_up_items l where l.broadcast = b.id) i on true left join lateral (
       select json_agg(json_build_object('sku', s.sku, 'at', extract(epoch from s.at) * 1000) order by s.at, s.sku) as shown from (
         select coalesce(l.sku, c.sku) as sku, l.at from live_log_entries l left join link_components c on c.shop = b.shop and c.link = l.link
         where l.broadcast = b.id and l.kind = 'shown' and coalesce(l.sku, c.sku) is not null) s) e on true
     where b.id = any($1) order by b.starts_at, b.id`,
    [broadcasts],
  );

/** The broadcasts of shops that were over by the shop's own time, the latest first; cancelled ones were none. */
export const endedBroadcasts = (tx: Tx, shops: ReadonlyMap<string, Date>, limit: number): Promise<{ id: string; shop: string; ends_at: Date }[]> =>
  rows(
    tx,
    `select b.id, b.shop, b.ends_at from unnest($1::text[], $2::timestamptz[]) as w(shop, now) cross join lateral (
       select id, shop, ends_at from broadcasts where shop = w.shop and ends_at <= w.now and cancelled_at is null order by ends_at desc limit $3) b order by b.ends_at desc, b.id limit $3`,
    [[...shops.keys()], [...shops.values()], limit],
  );

export interface PlannedSlot {
  readonly broadcast: string;
  readonly anchor: string;
  readonly starts_at: Date;
  readonly ends_at: Date;
  readonly sku: string | null;
  readonly slot_at: Date | null;
}

/** Broadcasts of a shop that overlap [from, to], with the slots of their line-up, links' parts included; one without a line-up has one row without SKU. */
export const slotsBetween = (tx: Tx, shop: string, from: Date, to: Date): Promise<PlannedSlot[]> =>
  rows(
    tx,
    `select b.id as broadcast, b.anchor, b.starts_at, b.ends_at, s.sku, s.slot_at from broadcasts b left join lateral (
       select sku, slot_at from line_up_items where broadcast = b.id
       union select c.sku, i.slot_at from line_up_items i join link_components c on c.shop = b.shop and c.link = i.link where i.broadcast = b.id) s on true
     where b.shop = $1 and b.starts_at <= $3 and b.ends_at >= $2 and b.cancelled_at is null order by b.starts_at, b.id, s.slot_at, s.sku limit 20000`,
    [shop, from, to],
  );
