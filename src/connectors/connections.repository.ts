import type { Tx } from '../kernel/index.js';
import { one, rows, touched } from '../kernel/database/sql.js';

export interface ConnectionRow {
  readonly shop: string;
  readonly platform: string;
  readonly credentials: string;
  readonly previous_secret: string | null;
  readonly secret_changed_at: Date | null;
  readonly settings: Readonly<Record<string, string>>;
  readonly paused_at: Date | null;
  readonly deauthorised_at: Date | null;
  readonly tested_at: Date | null;
  readonly test_fault: string | null;
  readonly account: string | null;
  readonly last_webhook_at: Date | null;
  readonly last_event_at: Date | null;
  readonly webhooks: number;
  readonly refused: number;
  readonly last_fault: string | null;
  readonly last_fault_at: Date | null;
  readonly version: number;
  readonly created_at: Date;
}

export const findConnection = (tx: Tx, shop: string): Promise<ConnectionRow | undefined> => one(tx, 'select * from connections where shop = $1', [shop]);
export const lockConnection = (tx: Tx, shop: string): Promise<ConnectionRow | undefined> => one(tx, 'select * from connections where shop = $1 for update', [shop]);

export const insertConnection = (tx: Tx, c: Pick<ConnectionRow, 'shop' | 'platform' | 'credentials' | 'settings'>): Promise<number> =>
  touched(tx, 'insert into connections (shop, platform, credentials, settings) values ($1, $2, $3, $4) on conflict (shop) do nothing', [c.shop, c.platform, c.credentials, JSON.stringify(c.settings)]);

export const updateConnection = (tx: Tx, c: Pick<ConnectionRow, 'shop' | 'credentials' | 'previous_secret' | 'secret_changed_at' | 'settings'>, version: number): Promise<number> =>
  touched(
    tx, 'update connections set credentials = $2, previous_secret = $3, secret_changed_at = $4, settings = $5, deauthorised_at = null, version = version + 1 where shop = $1 and version = $6',
    [c.shop, c.credentials, c.previous_secret, c.secret_changed_at, JSON.stringify(c.settings), version],
  );

/** New tokens that the platform gave for old ones: no edit of a person's, so the version stays. */
export const saveTokens = (tx: Tx, shop: string, credentials: string): Promise<number> => touched(tx, 'update connections set credentials = $2, deauthorised_at = null where shop = $1', [shop, credentials]);

export const deleteConnection = (tx: Tx, shop: string): Promise<number> => touched(tx, 'delete from connections where shop = $1', [shop]);

export const setPaused = (tx: Tx, shop: string, paused: boolean): Promise<number> =>
  touched(tx, `update connections set paused_at = case when $2 then coalesce(paused_at, now()) end, version = version + 1 where shop = $1`, [shop, paused]);

export const setDeauthorised = (tx: Tx, shop: string): Promise<number> => touched(tx, 'update connections set deauthorised_at = coalesce(deauthorised_at, now()) where shop = $1', [shop]);

export const saveTest = (tx: Tx, shop: string, account: string | null, fault: string | null): Promise<number> =>
  touched(tx, 'update connections set tested_at = now(), account = coalesce($2, account), test_fault = $3, deauthorised_at = case when $3::text is null then null else deauthorised_at end where shop = $1', [shop, account, fault]);

export interface Heeded {
  readonly shop: string;
  readonly webhooks: number;
  readonly refused: number;
  readonly webhookAt: Date | null;
  readonly eventAt: Date | null;
  readonly fault: string | null;
}

/** What was noticed of shops since the last time, added in one statement. */
export const addNoticed = (tx: Tx, list: readonly Heeded[]): Promise<number> =>
  touched(
    tx,
    `update connections c set webhooks = c.webhooks + n.webhooks, refused = c.refused + n.refused, last_webhook_at = greatest(c.last_webhook_at, n.webhook_at),
       last_event_at = greatest(c.last_event_at, n.event_at), last_fault = coalesce(n.fault, c.last_fault), last_fault_at = case when n.fault is null then c.last_fault_at else now() end
     from unnest($1::text[], $2::int[], $3::int[], $4::timestamptz[], $5::timestamptz[], $6::text[]) as n(shop, webhooks, refused, webhook_at, event_at, fault) where c.shop = n.shop`,
    [list.map((n) => n.shop), list.map((n) => n.webhooks), list.map((n) => n.refused), list.map((n) => n.webhookAt), list.map((n) => n.eventAt), list.map((n) => n.fault)],
  );

export interface FeedRow {
  readonly shop: string;
  readonly feed: string;
  readonly since: Date;
  readonly until: Date | null;
  readonly page: string | null;
  readonly next_at: Date;
  readonly failures: number;
  readonly last_fault: string | null;
  readonly last_done_at: Date | null;
  readonly records: number;
  /** The database's clock, and whether it is time by it. */
  readonly now: Date;
  readonly due: boolean;
}

export interface HealthRow extends ConnectionRow {
  readonly feeds: readonly { readonly feed: string; readonly since: string; readonly nextAt: string; readonly failures: number; readonly fault: string | null; readonly doneAt: string | null; readonly records: number }[];
  readonly waiting: number;
  readonly oldest_hint: Date | null;
  readonly quarantined: number;
  readonly unmapped: number;
}

/** Connections with their health, by shop. */
export const listConnections = (tx: Tx, only: string | null, after: string, limit: number): Promise<HealthRow[]> =>
  rows(
    tx,
    `select c.*, coalesce(f.feeds, '[]') as feeds, h.waiting, h.oldest_hint, q.quarantined, u.unmapped from connections c
     left join lateral (select json_agg(json_build_object('feed', feed, 'since', since, 'nextAt', next_at, 'failures', failures, 'fault', last_fault, 'doneAt', last_done_at, 'records', records) order by feed) as feeds
       from connection_feeds where shop = c.shop) f on true
     left join lateral (select count(*)::int as waiting, min(hinted_at) as oldest_hint from platform_hints where shop = c.shop) h on true
     left join lateral (select count(*)::int as quarantined from platform_quarantine where shop = c.shop and redriven_at is null) q on true
     left join lateral (select count(*)::int as unmapped from unmapped_codes where shop = c.shop) u on true
     where ($1::text is null or c.shop = $1) and c.shop > $2 order by c.shop limit $3`,
    [only, after, limit],
  );

/** Feeds of a connection, beginning at `since` where they are new; those that the platform no longer has go. */
export async function keepFeeds(tx: Tx, shop: string, feeds: readonly string[], since: Date): Promise<void> {
  await touched(tx, 'delete from connection_feeds where shop = $1 and feed <> all($2)', [shop, feeds]);
  await touched(tx, 'insert into connection_feeds (shop, feed, since) select $1, f, $3 from unnest($2::text[]) f on conflict (shop, feed) do nothing', [shop, feeds, since]);
}

export const dueFeeds = (tx: Tx, limit: number): Promise<{ shop: string; feed: string }[]> =>
  rows(
    tx,
    `select f.shop, f.feed from connection_feeds f join connections c on c.shop = f.shop where f.next_at <= now() and c.paused_at is null and c.deauthorised_at is null order by f.next_at limit $1`,
    [limit],
  );

export const findFeed = (tx: Tx, shop: string, feed: string): Promise<FeedRow | undefined> => one(tx, 'select *, now() as now, next_at <= now() as due from connection_feeds where shop = $1 and feed = $2', [shop, feed]);

/** Saves how far a pull came; false where another run was faster. */
/** Whoever asks for a pull at once while a page is read sets a time after the page began: that stands, and the feed is read again. */
export const advanceFeed = async (
  tx: Tx, before: FeedRow, now: { since: Date; until: Date | null; page: string | null; nextSeconds: number; records: number; done: boolean },
): Promise<boolean> =>
  (await touched(
    tx,
    `update connection_feeds set since = $5, until = $6, page = $7, next_at = case when next_at > $11 then next_at else now() + make_interval(secs => $8) end, records = records + $9, failures = 0, last_fault = null, last_done_at = case when $10 then now() else last_done_at end
     where shop = $1 and feed = $2 and since = $3 and page is not distinct from $4`,
    [before.shop, before.feed, before.since, before.page, now.since, now.until, now.page, now.nextSeconds, now.records, now.done, before.now],
  )) === 1;

/** @param fromFirstPage the page itself is no good any more; the span stays, so nothing is lost */
export const failFeed = (tx: Tx, before: FeedRow, seconds: number, fault: string, fromFirstPage: boolean): Promise<number> =>
  touched(
    tx,
    `update connection_feeds set failures = failures + 1, last_fault = $4, next_at = now() + make_interval(secs => $3), page = case when $5 and page is not distinct from $6 then null else page end, until = case when $5 and page is not distinct from $6 then null else until end
     where shop = $1 and feed = $2`,
    [before.shop, before.feed, seconds, fault, fromFirstPage && before.page !== null, before.page],
  );

/** Pull this shop at once, from `since` where one is given. */
export const hurryFeeds = (tx: Tx, shop: string, since: Date | null): Promise<number> =>
  touched(tx, 'update connection_feeds set next_at = now(), since = least(since, coalesce($2, since)), until = case when $2::timestamptz is null then until end, page = case when $2::timestamptz is null then page end where shop = $1', [shop, since]);
