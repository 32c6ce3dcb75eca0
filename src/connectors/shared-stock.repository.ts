import type { Tx } from '../kernel/index.js';
import { rows, touched } from '../kernel/database/sql.js';

export interface OfferRow {
  readonly shop: string;
  readonly sku: string;
  readonly code: string;
  readonly item: string | null;
  readonly buffer: number | null;
  readonly hear_seconds: number;
  readonly push_seconds: number;
  readonly pushed: number;
  readonly sold_before: number;
  readonly units: number | null;
  readonly held_back: number | null;
  readonly drift: number;
  readonly read_at: Date | null;
  /** Of the push under way; null where none is. */
  readonly waiting: number | null;
  /** The platform refused a change a moment ago. */
  readonly quiet: boolean;
  /** Its connection is at work: what it shows counts whether or not it can be told. */
  readonly active: boolean;
}

const OFFER = `select o.*, p.change as waiting, coalesce(o.quiet_until > now(), false) as quiet, c.paused_at is null and c.deauthorised_at is null as active from stock_offers o join connections c on c.shop = o.shop left join stock_pushes p on p.shop = o.shop and p.sku = o.sku and p.state = 'waiting'`;

/** All offers, in the order of their SKUs: a shop that cannot be told sells all the same. */
export const allOffers = (tx: Tx, limit: number): Promise<OfferRow[]> => rows(tx, `${OFFER} order by o.sku, o.shop limit $1`, [limit]);

export const listOffers = (tx: Tx, filter: { shop: string | null; sku: string | null }, after: readonly [string, string], limit: number): Promise<OfferRow[]> =>
  rows(tx, `${OFFER} where ($1::text is null or o.shop = $1) and ($2::text is null or o.sku = $2) and (o.sku, o.shop) > ($3, $4) order by o.sku, o.shop limit $5`, [filter.shop, filter.sku, after[0], after[1], limit]);

export const saveOffer = (tx: Tx, o: Pick<OfferRow, 'shop' | 'sku' | 'code' | 'item' | 'buffer' | 'hear_seconds' | 'push_seconds' | 'pushed' | 'sold_before'>): Promise<number> =>
  touched(
    tx,
    `insert into stock_offers (shop, sku, code, item, buffer, hear_seconds, push_seconds, pushed, sold_before, read_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, now())
     on conflict (shop, sku) do update set code = excluded.code, item = excluded.item, buffer = excluded.buffer, hear_seconds = excluded.hear_seconds, push_seconds = excluded.push_seconds,
       pushed = case when stock_offers.code = excluded.code then stock_offers.pushed else excluded.pushed end, sold_before = case when stock_offers.code = excluded.code then stock_offers.sold_before else excluded.sold_before end,
       drift = case when stock_offers.code = excluded.code then stock_offers.drift else 0 end`,
    [o.shop, o.sku, o.code, o.item, o.buffer, o.hear_seconds, o.push_seconds, o.pushed, o.sold_before],
  );

/** Pushes that wait for another code than the offer's new one: nobody will hear them. */
export const endPushesOfOtherCodes = (tx: Tx, shop: string, items: readonly { readonly sku: string; readonly code: string }[]): Promise<number> =>
  touched(
    tx,
    `update stock_pushes p set state = 'refused', ended_at = now(), last_fault = 'another code now' from unnest($2::text[], $3::text[]) as n(sku, code) join stock_offers o on o.shop = $1 and o.sku = n.sku
     where p.shop = $1 and p.sku = n.sku and p.state = 'waiting' and o.code <> n.code`,
    [shop, items.map((i) => i.sku), items.map((i) => i.code)],
  );

export async function removeOffers(tx: Tx, shop: string, except: readonly string[]): Promise<void> {
  await touched(tx, 'delete from stock_offers where shop = $1 and sku <> all($2)', [shop, except]);
  await touched(tx, `update stock_pushes set state = 'refused', ended_at = now(), last_fault = 'no longer offered' where shop = $1 and sku <> all($2) and state = 'waiting'`, [shop, except]);
}

/** Decides a change: the push, and what is then taken for shown. Nothing happens where another process decided meanwhile, or a push is under way. */
export const openPush = async (tx: Tx, p: { id: string; shop: string; sku: string; change: number; pushed: number; units: number; heldBack: number }): Promise<boolean> =>
  (await touched(
    tx,
    `with decided as (
       update stock_offers o set pushed = o.pushed + $4, units = $6, held_back = $7 where o.shop = $2 and o.sku = $3 and o.pushed = $5
         and not exists (select 1 from stock_pushes p where p.shop = o.shop and p.sku = o.sku and p.state = 'waiting') returning 1)
     insert into stock_pushes (id, shop, sku, change) select $1, $2, $3, $4 from decided`,
    [p.id, p.shop, p.sku, p.change, p.pushed, p.units, p.heldBack],
  )) === 1;

/** Notes what a shop should show where nothing has to be changed for it. */
export const noteWanted = (tx: Tx, o: { shop: string; sku: string; units: number; heldBack: number }): Promise<number> =>
  touched(tx, 'update stock_offers set units = $3, held_back = $4 where shop = $1 and sku = $2', [o.shop, o.sku, o.units, o.heldBack]);

export interface PushRow {
  readonly id: string;
  readonly shop: string;
  readonly sku: string;
  readonly change: number;
  readonly attempts: number;
  readonly code: string;
  readonly item: string | null;
}

export const duePushes = (tx: Tx, shop: string, limit: number): Promise<PushRow[]> =>
  rows(tx, `select p.id, p.shop, p.sku, p.change, p.attempts, o.code, o.item from stock_pushes p join stock_offers o on o.shop = p.shop and o.sku = p.sku where p.shop = $1 and p.state = 'waiting' and p.due_at <= now() order by p.due_at limit $2`, [shop, limit]);

export const shopsWithPushes = (tx: Tx): Promise<{ shop: string }[]> =>
  rows(tx, `select distinct p.shop from stock_pushes p join connections c on c.shop = p.shop where p.state = 'waiting' and p.due_at <= now() and c.paused_at is null and c.deauthorised_at is null`, []);

export const endPush = (tx: Tx, id: string): Promise<number> => touched(tx, `update stock_pushes set state = 'done', ended_at = now() where id = $1 and state = 'waiting'`, [id]);

/** The platform will not have it: what is taken for shown goes back. */
export async function refusePush(tx: Tx, p: PushRow, fault: string): Promise<void> {
  if ((await touched(tx, `update stock_pushes set state = 'refused', ended_at = now(), last_fault = $2, attempts = attempts + 1 where id = $1 and state = 'waiting'`, [p.id, fault])) === 0) return;
  await touched(tx, `update stock_offers set pushed = pushed - $3, read_at = null, quiet_until = now() + interval '1 minute' where shop = $1 and sku = $2`, [p.shop, p.sku, p.change]);
}

export const postponePush = (tx: Tx, id: string, seconds: number, fault: string): Promise<number> =>
  touched(tx, 'update stock_pushes set attempts = attempts + 1, due_at = now() + make_interval(secs => $2), last_fault = $3 where id = $1', [id, seconds, fault]);

/** Offers of a shop whose number was not read lately and that nothing is under way for. */
export const unread = (tx: Tx, shop: string, seconds: number, limit: number): Promise<OfferRow[]> =>
  rows(tx, `${OFFER} where o.shop = $1 and p.id is null and (o.read_at is null or o.read_at < now() - make_interval(secs => $2)) order by o.read_at nulls first limit $3`, [shop, seconds, limit]);

export const shopsToRead = (tx: Tx, seconds: number): Promise<{ shop: string }[]> =>
  rows(tx, `select distinct o.shop from stock_offers o join connections c on c.shop = o.shop where (o.read_at is null or o.read_at < now() - make_interval(secs => $1)) and c.paused_at is null and c.deauthorised_at is null`, [seconds]);

/** What could not be read is asked for again after a while, and not at once. */
export const postponeReading = (tx: Tx, shop: string, skus: readonly string[], seconds: number): Promise<number> =>
  touched(tx, `update stock_offers set read_at = now() - interval '10 minutes' + make_interval(secs => $3) where shop = $1 and sku = any($2)`, [shop, skus, seconds]);

/** Notes by how much the platform's number differs from what is taken for it; the same difference twice is believed. */
export const noteDrift = (tx: Tx, shop: string, sku: string, drift: number): Promise<number> =>
  touched(
    tx,
    `update stock_offers o set pushed = pushed + case when drift = $3 then $3 else 0 end, drift = case when drift = $3 then 0 else $3 end, read_at = case when $3 = 0 or drift = $3 then now() else now() - interval '9 minutes' end
     where shop = $1 and sku = $2 and not exists (select 1 from stock_pushes p where p.shop = o.shop and p.sku = o.sku and p.state = 'waiting')`,
    [shop, sku, drift],
  );

export const prunePushes = (tx: Tx): Promise<number> => touched(tx, `delete from stock_pushes where state <> 'waiting' and ended_at < now() - interval '30 days'`, []);
