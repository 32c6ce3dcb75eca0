// What happened on screen, told while a broadcast runs or after it: kept as it was said, and told to those who ask who sold what.
import { Inject, Injectable } from '@nestjs/common';
import { AccessService, type Principal } from '../access/index.js';
import { CatalogueService, existingSkus } from '../catalogue/index.js';
import { DomainError, invalid, Jobs, notFound, type Tx } from '../kernel/index.js';
import type { Broadcast } from './broadcasts.entity.js';
import { broadcastChanged, viewersTold } from './broadcasts.facts.js';
import { existingLinks } from './broadcasts.repository.js';
import { BroadcastsService } from './broadcasts.service.js';
import type { LiveLogEntryBody } from './live-log.dto.js';
import * as store from './live-log.repository.js';
import { LIVE_LOG_FIELDS } from './live-log.rules.js';

/** Broadcasts begin early and run over; what lies further away is of another one, or of another time zone. */
const MARGIN_MS = 2 * 3_600_000;
/** Clocks differ by so much; what is told of later has not happened. A replayed shop's time is its own. */
const AHEAD_MS = 5 * 60_000;
const FIGURES = ['amount', 'units', 'viewers'] as const;

type Changed = Pick<store.LiveLogEntry, 'at' | 'kind' | 'viewers'>;
const isShowing = (e: Changed): boolean => e.kind === 'shown' || e.kind === 'pulled';

@Injectable()
export class LiveLogService {
  constructor(
    @Inject(BroadcastsService) private readonly broadcasts: BroadcastsService,
    @Inject(CatalogueService) private readonly catalogue: CatalogueService,
    @Inject(AccessService) private readonly access: AccessService,
    @Inject(Jobs) private readonly jobs: Jobs,
  ) {}

  /** Takes all entries or none. Answers how many were new or said something else than before. */
  async record(tx: Tx, actor: Principal, id: string, bodies: readonly LiveLogEntryBody[]): Promise<{ recorded: number; known: number }> {
    const broadcast = await this.broadcasts.mine(tx, actor, id);
    if (broadcast.cancelledAt !== null) throw new DomainError(409, 'cancelled', 'a cancelled broadcast has no live log');
    const skus = await existingSkus(tx, [...new Set(bodies.flatMap((b) => b.sku ?? []))]);
    const links = await existingLinks(tx, broadcast.shop, [...new Set(bodies.flatMap((b) => b.link ?? []))]);
    const latest = (await this.catalogue.shop(broadcast.shop, tx)).clock === 'live' ? Date.now() + AHEAD_MS : Infinity;
    const entries = new Map<string, store.LiveLogEntry>();
    bodies.forEach((body, i) => {
      const entry = checked(broadcast, body, `entries[${i}]`);
      if (entry.at.getTime() > latest) throw invalid(`entries[${i}].at`, 'lies in the future: a log tells what has happened');
      if (entry.sku !== null && !skus.has(entry.sku)) throw invalid(`entries[${i}].sku`, `the SKU ${entry.sku} does not exist`);
      if (entry.link !== null && !links.has(entry.link)) throw invalid(`entries[${i}].link`, `the shop ${broadcast.shop} has no link ${entry.link}; a line-up brings links in`);
      const key = [entry.at.getTime(), entry.kind, entry.sku ?? '', entry.link ?? ''].join('\0');
      const other = entries.get(key);
      if (other !== undefined && FIGURES.some((f) => other[f] !== entry[f])) throw invalid(`entries[${i}]`, 'says something else than an earlier entry of the same moment, kind and product');
      entries.set(key, entry);
    });
    const changed = await store.recordEntries(tx, id, [...entries.values()]);
    await this.tell(tx, broadcast, changed);
    await this.tellViewers(tx, broadcast, changed);
    return { recorded: changed.length, known: bodies.length - changed.length };
  }

  /** Takes an entry back that was a mistake. */
  async withdraw(tx: Tx, actor: Principal, id: string, entry: string): Promise<void> {
    const broadcast = await this.broadcasts.mine(tx, actor, id);
    const gone = /^\d{1,18}$/.test(entry) ? await store.withdrawEntry(tx, id, entry) : undefined;
    if (gone === undefined) throw notFound(`the entry ${entry} of the live log`);
    await this.access.audit(tx, actor, 'live-log.withdrawn', id, gone, undefined);
    await this.tell(tx, broadcast, [gone]);
  }

  private async tell(tx: Tx, broadcast: Broadcast, changed: readonly Changed[]): Promise<void> {
    const shown = changed.filter(isShowing).map((e) => e.at.getTime());
    if (shown.length === 0) return;
    await store.bumpLog(tx, broadcast.id);
    // A log that begins, or is none any more, takes its slots from the whole plan or gives them back.
    const begins = (await store.countShowings(tx, broadcast.id)) <= shown.length;
    const from = Math.min(...shown, ...(begins ? [broadcast.startsAt.getTime()] : []));
    await this.jobs.announce(tx, broadcastChanged, { broadcast: broadcast.id, shop: broadcast.shop, from: new Date(from).toISOString(), to: new Date(Math.max(from, broadcast.endsAt.getTime())).toISOString() });
  }

  /** Only while it is on air: who waits before the doors open is no measure of who watches. */
  private async tellViewers(tx: Tx, broadcast: Broadcast, changed: readonly Changed[]): Promise<void> {
    const readings = changed.flatMap((e) => (e.viewers !== null && e.viewers > 0 && e.at >= broadcast.startsAt && e.at < broadcast.endsAt ? [{ at: e.at, viewers: e.viewers }] : []));
    const latest = readings.reduce<(typeof readings)[number] | undefined>((last, r) => (last === undefined || r.at > last.at ? r : last), undefined);
    if (latest !== undefined) await this.jobs.announce(tx, viewersTold, { broadcast: broadcast.id, shop: broadcast.shop, at: latest.at.toISOString(), viewers: latest.viewers });
  }
}

function checked(broadcast: Broadcast, body: LiveLogEntryBody, field: string): store.LiveLogEntry {
  const at = new Date(body.at);
  const [earliest, latest] = [new Date(broadcast.startsAt.getTime() - MARGIN_MS), new Date(broadcast.endsAt.getTime() + MARGIN_MS)];
  if (at < earliest || at > latest) throw invalid(`${field}.at`, `must lie within two hours of the broadcast, from ${earliest.toISOString()} to ${latest.toISOString()}`);
  const { product, figure } = LIVE_LOG_FIELDS[body.kind];
  if (body.sku !== undefined && body.link !== undefined) throw invalid(`${field}.link`, 'must be left out where a SKU is named');
  const named = body.sku !== undefined || body.link !== undefined;
  if (product === 'needed' && !named) throw invalid(`${field}.sku`, `is needed for ${body.kind}, or a link`);
  if (product === 'none' && named) throw invalid(`${field}.${body.sku === undefined ? 'link' : 'sku'}`, `must be left out for ${body.kind}`);
  for (const name of FIGURES) {
    if (name === figure && body[name] === undefined) throw invalid(`${field}.${name}`, `is needed for ${body.kind}`);
    if (name !== figure && body[name] !== undefined) throw invalid(`${field}.${name}`, `must be left out for ${body.kind}`);
  }
  return { at, kind: body.kind, sku: body.sku ?? null, link: body.link ?? null, amount: body.amount ?? null, units: body.units ?? null, viewers: body.viewers ?? null };
}
