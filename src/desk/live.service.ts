// The live view: what a broadcast sells right now, by SKU. Reads alone.
import { Inject, Injectable } from '@nestjs/common';
import type { Principal } from '../access/index.js';
import { BroadcastsService, lineUp, planVersion, shownIn } from '../broadcasts/index.js';
import { CatalogueService } from '../catalogue/index.js';
import { NowcastService, quantilesOf, unitsOf } from '../forecast/index.js';
import { LEVELS, PACE_MS } from '../forecast/math/index.js';
import { levelsOf } from '../inventory/index.js';
import type { Tx } from '../kernel/index.js';
import { demandOf, shopNow } from '../orders/index.js';
import { alertOf, minutesOf, nowcastShown, percentSold, soldUnits } from './live.rules.js';
import * as store from './live.repository.js';
import { phaseOf } from './stock-check.rules.js';

const RATE_MINUTES = 5;
const NONE: Omit<store.RunningSku, 'sku'> = { orders: 0, withdrawn: 0, units: 0, paid: 0, cancelled: 0, last: 0, recent: 0, peak_at: null, peak_orders: 0 };

@Injectable()
export class LiveService {
  constructor(
    @Inject(BroadcastsService) private readonly broadcasts: BroadcastsService,
    @Inject(CatalogueService) private readonly catalogue: CatalogueService,
    @Inject(NowcastService) private readonly nowcast: NowcastService,
  ) {}

  async picture(tx: Tx, principal: Principal, id: string): Promise<object> {
    const broadcast = await this.broadcasts.mine(tx, principal, id);
    const shop = await this.catalogue.shop(broadcast.shop, tx);
    const [clocks, items, log] = await Promise.all([shopNow(tx, [shop.id]), lineUp(tx, id), shownIn(tx, [id])]);
    // A replay that has not begun stands before its first broadcast, whatever the year on the wall.
    const now = clocks[0]?.now ?? new Date(Math.min(Date.now(), broadcast.startsAt.getTime()));
    const showings = log.filter((e) => e.kind === 'shown' && e.at <= now);
    const [running, spikes] = await Promise.all([store.runningSkus(tx, shop.id, id, now, RATE_MINUTES * 60, PACE_MS / 1000), store.spikesOn(tx, shop.id, id)]);
    const counts = new Map(running.map((r) => [r.sku, r]));
    // In the order of the line-up, then what was sold without having been planned.
    const skus = [...new Set([...items.map((i) => i.sku), ...running.map((r) => r.sku)])];
    const [levels, demand, named] = await Promise.all([levelsOf(tx, shop.clock, skus), demandOf(tx, skus), this.nowcast.current(tx, shop.clock)]);
    const nowcasts = (await this.nowcast.ofItems(tx, named.model, [{ broadcast: id, version: planVersion(broadcast) }], new Map([[shop.id, now]]), (_, sku) => counts.get(sku)?.recent ?? 0)).get(id);

    const shown = skus.map((sku) => {
      const rows = items.filter((i) => i.sku === sku);
      const c = counts.get(sku) ?? NONE;
      const sold = soldUnits(c);
      const available = Math.max(0, levels.reduce((s, l) => (l.sku === sku ? s + l.on_hand - l.reserved - l.waiting - l.unclaimed : s), 0));
      const lines = demand.find((d) => d.sku === sku && d.shop === shop.id);
      const spike = spikes.find((s) => s.sku === sku);
      const slotAt = rows.reduce<Date | null>((least, r) => (least === null || r.slot_at < least ? r.slot_at : least), null);
      const shownAt = showings.findLast((s) => s.skus.includes(sku))?.at ?? null;
      const there = nowcasts?.get(sku);
      const which = nowcastShown({ paid: c.paid, orders: c.orders, slotAt: shownAt ?? slotAt, learned: named.model.broadcasts > 0 }, broadcast, now);
      const perOrder = unitsOf(named.model, { lines: lines?.lines ?? 0, lineUnits: lines?.line_units ?? 0, lineLogMilli: lines?.line_log_milli ?? 0 });
      const quantiles = which === 'none' || there === undefined ? null : which === 'paid' ? Object.fromEntries(LEVELS.map((level) => [String(level), c.paid])) : quantilesOf(named.model, there, perOrder, c.paid, LEVELS);
      return {
        sku, position: rows[0]?.position ?? null, link: rows[0]?.link ?? null, slotAt, shownAt, plannedUnits: rows.reduce((s, r) => s + r.planned_units, 0),
        orders: c.orders, withdrawnOrders: c.withdrawn, orderedUnits: c.units, paidUnits: c.paid, cancelledUnits: c.cancelled, soldUnits: sold,
        rate: { perMinute: c.last / RATE_MINUTES, overMinutes: RATE_MINUTES, peak: c.peak_at === null ? null : { minute: c.peak_at, orders: c.peak_orders } },
        spike: spike === undefined ? null : { id: spike.id, onset: spike.onset, detectedAt: spike.detected_at, ratio: spike.ratio },
        nowcast: quantiles === null ? null : { grossPaidUnits: quantiles, model: named.id },
        stock: { available, percentSold: percentSold(sold, available) }, alert: alertOf(sold, available),
      };
    });
    const total = (pick: (s: (typeof shown)[number]) => number): number => shown.reduce((sum, s) => sum + pick(s), 0);
    return {
      broadcast: id, anchor: broadcast.anchor, shop: shop.id, world: shop.clock, phase: phaseOf(broadcast, now), at: now, startsAt: broadcast.startsAt, endsAt: broadcast.endsAt, minutes: minutesOf(broadcast, now),
      // An order of two SKUs counts once in each of them, and so twice here.
      totals: {
        orders: total((s) => s.orders), withdrawnOrders: total((s) => s.withdrawnOrders), orderedUnits: total((s) => s.orderedUnits), paidUnits: total((s) => s.paidUnits),
        cancelledUnits: total((s) => s.cancelledUnits), soldUnits: total((s) => s.soldUnits), perMinute: total((s) => s.rate.perMinute * RATE_MINUTES) / RATE_MINUTES,
      },
      alerts: shown.flatMap((s) => (s.alert === null ? [] : [{ sku: s.sku, threshold: s.alert, percentSold: s.stock.percentSold, available: s.stock.available }])),
      items: shown,
    };
  }
}
