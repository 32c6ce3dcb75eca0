import { Inject, Injectable } from '@nestjs/common';
import { AccessService, limitTo, type Principal } from '../access/index.js';
import { CatalogueService, existingSkus } from '../catalogue/index.js';
import { checkVersion, DomainError, invalid, Jobs, notFound, reject, type IntakeAnswer, type LinedRow, type Tx } from '../kernel/index.js';
import type { Broadcast } from './broadcasts.entity.js';
import { broadcastChanged } from './broadcasts.facts.js';
import { parseComponents } from './broadcasts.file.js';
import * as store from './broadcasts.repository.js';
import { linksOf, namedTwice, otherBundle, type Component, type LinkedItem } from './links.rules.js';
import type { BroadcastEdit, LineUpItemBody, NewBroadcast } from './broadcasts.dto.js';

@Injectable()
export class BroadcastsService {
  constructor(
    @Inject(AccessService) private readonly access: AccessService,
    @Inject(CatalogueService) private readonly catalogue: CatalogueService,
    @Inject(Jobs) private readonly jobs: Jobs,
  ) {}

  /** The broadcast, where it exists and is the caller's. */
  async mine(tx: Tx, principal: Principal, id: string): Promise<Broadcast> {
    const broadcast = await store.findBroadcast(tx, id);
    const only = limitTo(principal, 'anchor');
    if (broadcast === null || (only !== undefined && !only.includes(broadcast.anchor))) throw notFound(`the broadcast ${id}`);
    return broadcast;
  }

  async create(tx: Tx, actor: Principal, body: NewBroadcast): Promise<Broadcast> {
    const startsAt = new Date(body.startsAt);
    const endsAt = new Date(body.endsAt);
    if (endsAt <= startsAt) throw invalid('endsAt', 'must be after startsAt');
    await this.catalogue.shop(body.shop).catch(() => {
      throw invalid('shop', `the shop ${body.shop} does not exist; create it with PUT /v1/shops/${body.shop}`);
    });
    await store.insertAnchors(tx, [body.anchor]);
    if ((await store.insertBroadcast(tx, { id: body.id, anchor: body.anchor, shop: body.shop, startsAt, endsAt })) === 0) throw new DomainError(409, 'exists', `the broadcast ${body.id} exists already`);
    await this.access.audit(tx, actor, 'broadcast.created', body.id, undefined, body);
    return this.mine(tx, actor, body.id);
  }

  async edit(tx: Tx, actor: Principal, id: string, body: BroadcastEdit, expected: number | undefined): Promise<Broadcast> {
    const before = await this.mine(tx, actor, id);
    checkVersion(expected, before.version);
    if (before.cancelledAt !== null) throw new DomainError(409, 'cancelled', 'a cancelled broadcast cannot be changed');
    const after = {
      id,
      anchor: body.anchor ?? before.anchor,
      startsAt: body.startsAt === undefined ? before.startsAt : new Date(body.startsAt),
      endsAt: body.endsAt === undefined ? before.endsAt : new Date(body.endsAt),
      cancelledAt: body.cancelled === true ? new Date() : null,
    };
    if (after.endsAt <= after.startsAt) throw invalid('endsAt', 'must be after startsAt');
    if (body.anchor !== undefined) await store.insertAnchors(tx, [body.anchor]);
    if ((await store.updateBroadcast(tx, after, before.version)) === 0) throw new DomainError(412, 'precondition-failed', 'it was changed meanwhile; read it again');
    await this.access.audit(tx, actor, 'broadcast.changed', id, before, after);
    await this.tell(tx, [before, { ...after, shop: before.shop }]);
    return this.mine(tx, actor, id);
  }

  async putLineUp(tx: Tx, actor: Principal, id: string, items: readonly LineUpItemBody[], expected: number | undefined): Promise<Broadcast> {
    await store.lockBroadcasts(tx, [id]);
    const broadcast = await this.mine(tx, actor, id);
    checkVersion(expected, broadcast.version);
    const wanted = [...new Set(items.flatMap((item) => [item.sku, ...(item.components ?? []).map((c) => c.sku)]))];
    const known = await existingSkus(tx, wanted);
    items.forEach((item, i) => {
      if (!known.has(item.sku)) throw invalid(`items[${i}].sku`, `the SKU ${item.sku} does not exist`);
      const missing = (item.components ?? []).find((c) => !known.has(c.sku));
      if (missing !== undefined) throw invalid(`items[${i}].components`, `the SKU ${missing.sku} does not exist`);
      if (item.components !== undefined && item.link === undefined) throw invalid(`items[${i}].components`, 'need a link');
      const twice = namedTwice(item.components ?? []);
      if (twice !== undefined) throw invalid(`items[${i}].components`, `name the SKU ${twice} twice; give it once with its whole quantity`);
    });
    const linked = items.map(({ sku, link, components }): LinkedItem | undefined => (link === undefined ? undefined : { sku, link, components }));
    const other = otherBundle(linked);
    if (other !== -1) throw invalid(`items[${other}].components`, `differ from those of another item of the link ${linked[other]?.link ?? ''}; a link is one bundle`);
    const before = await store.lineUp(tx, id);
    await store.replaceLineUp(tx, id, items.map((item) => ({
      sku: item.sku, link: item.link ?? null, slot_at: new Date(item.slotAt), price: item.price, planned_units: item.plannedUnits, promise_days: item.promiseDays,
    })));
    await store.saveLinks(tx, broadcast.shop, linksOf(linked.filter((l) => l !== undefined)));
    await store.dropVariants(tx, broadcast.shop, before.flatMap((i) => i.link ?? []));
    await store.bumpBroadcasts(tx, [id]);
    await this.tell(tx, [broadcast]);
    await this.access.audit(tx, actor, 'line-up.set', id, undefined, { items: items.length });
    return this.mine(tx, actor, id);
  }

  /** Applies rows of a broadcasts file: one row is one line-up item of one broadcast; a repeated (broadcast, SKU) is edited. */
  async importRows(tx: Tx, actor: Principal, rows: readonly LinedRow[], answer: IntakeAnswer, create: boolean, currencyOf: (shop: string) => string): Promise<void> {
    const text = (r: LinedRow, name: string): string => String(r.row[name]);
    const componentsOf = (r: LinedRow): readonly Component[] => parseComponents(String(r.row['components'] ?? '')) ?? [];
    const skus = await existingSkus(tx, [...new Set(rows.flatMap((r) => [text(r, 'sku'), ...componentsOf(r).map((c) => c.sku)]))]);
    if (create) {
      await store.insertAnchors(tx, [...new Set(rows.map((r) => text(r, 'anchor')))]);
      for (const shop of new Set(rows.map((r) => text(r, 'shop')))) await this.catalogue.ensureShop(tx, actor, shop, currencyOf(shop));
    }
    const shops = await store.existingShops(tx, [...new Set(rows.map((r) => text(r, 'shop')))]);
    const anchors = await store.existingAnchors(tx, [...new Set(rows.map((r) => text(r, 'anchor')))]);
    const good = rows.filter((r) => {
      const missing = !shops.has(text(r, 'shop')) ? 'shop' : !anchors.has(text(r, 'anchor')) ? 'anchor' : !skus.has(text(r, 'sku')) ? 'sku' : undefined;
      if (missing !== undefined) {
        reject(answer, { line: r.line, code: `unknown-${missing}`, detail: `${missing}: ${text(r, missing)} does not exist` });
        return false;
      }
      const stranger = componentsOf(r).find((c) => !skus.has(c.sku));
      if (stranger !== undefined) {
        reject(answer, { line: r.line, code: 'unknown-sku', detail: `components: the SKU ${stranger.sku} does not exist` });
        return false;
      }
      return true;
    });
    const heads = new Map<string, LinedRow>();
    for (const r of good) if (!heads.has(text(r, 'broadcast'))) heads.set(text(r, 'broadcast'), r);
    const broadcasts = [...heads.keys()].sort();
    for (const id of broadcasts) {
      const r = heads.get(id) as LinedRow;
      await store.insertBroadcast(tx, { id, anchor: text(r, 'anchor'), shop: text(r, 'shop'), startsAt: new Date(Number(r.row['starts_at'])), endsAt: new Date(Number(r.row['ends_at'])) });
    }
    // Before positions are read: of two files that add to one broadcast the second waits, and goes on behind the first.
    await store.lockBroadcasts(tx, broadcasts);
    const positions = new Map<string, number>();
    const last = new Map<string, number>();
    const linkedBefore = new Map<string, string>();
    for (const p of await store.lastPositions(tx, broadcasts)) {
      positions.set(`${p.broadcast}\0${p.sku}`, p.position);
      if (p.link !== null) linkedBefore.set(`${p.broadcast}\0${p.sku}`, p.link);
      last.set(p.broadcast, Math.max(last.get(p.broadcast) ?? 0, p.position));
    }
    const items: store.ItemRow[] = [];
    const linked = new Map<string, LinkedItem[]>();
    const dropped = new Map<string, string[]>();
    for (const r of good) {
      const id = text(r, 'broadcast');
      const key = `${id}\0${text(r, 'sku')}`;
      const position = positions.get(key) ?? (last.get(id) ?? 0) + 1;
      positions.set(key, position);
      last.set(id, Math.max(last.get(id) ?? 0, position));
      const link = r.row['link'] === undefined ? null : text(r, 'link');
      const item = {
        broadcast: id, position, sku: text(r, 'sku'), link, slot_at: new Date(Number(r.row['slot_at'])), price: Number(r.row['price']),
        planned_units: Number(r.row['planned_units']), promise_days: Number(r.row['promise_days']),
      };
      const at = items.findIndex((known) => known.broadcast === id && known.position === position);
      if (at === -1) items.push(item);
      else items[at] = item;
      if (link !== null) linked.set(text(r, 'shop'), [...(linked.get(text(r, 'shop')) ?? []), { link, sku: text(r, 'sku'), components: componentsOf(r) }]);
      const old = linkedBefore.get(key);
      if (old !== undefined && old !== link) dropped.set(text(r, 'shop'), [...(dropped.get(text(r, 'shop')) ?? []), old]);
      answer.accepted++;
    }
    await store.appendItems(tx, items);
    for (const shop of [...shops].sort()) {
      await store.saveLinks(tx, shop, linksOf(linked.get(shop) ?? []));
      await store.dropVariants(tx, shop, dropped.get(shop) ?? []);
    }
    await store.bumpBroadcasts(tx, broadcasts);
    await this.tell(tx, await store.findBroadcasts(tx, broadcasts));
  }

  /** Lines sold while a broadcast was on air, or was thought to be, may be another's than was thought. */
  private async tell(tx: Tx, spans: readonly Pick<Broadcast, 'id' | 'shop' | 'startsAt' | 'endsAt'>[]): Promise<void> {
    await this.jobs.announce(tx, broadcastChanged, ...spans.map((s) => ({ broadcast: s.id, shop: s.shop, from: s.startsAt.toISOString(), to: s.endsAt.toISOString() })));
  }
}
