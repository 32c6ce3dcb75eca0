// A simulated world as a scene, without the detour over files.
import type { SkuTerms } from '../../catalogue/index.js';
import { groupOf } from '../../forecast/offline.js';
import { itemsByPlace, promiseDays, stageDaysOf } from '../world/files.js';
import { CURRENCY, SHOP, SIZE_RATIO, SIZES } from '../world/parameters.js';
import { sizeShare, type Broadcast, type Sku, type Style } from '../world/merchant.js';
import { priorOf } from '../world/prior.js';
import type { Line, World } from '../world/world.js';
import { DEFAULT_ASSUMPTIONS, type Assumptions } from './assumptions.js';
import { patienceOf, type DemandLine, type DemandReturn, type LineUpItem, type Scene, type SceneSku } from './scene.js';

const DAY_MS = 86_400_000;

/** Catalogue row of a SKU as the service knows it; suppliers of files have no time zone of their own: UTC. */
export function termsOfWorld(world: World, i: number): SkuTerms {
  const sku = world.merchant.skus[i] as Sku;
  const s = world.merchant.styles[sku.style] as Style;
  return {
    sku: sku.sku, style: s.id, colour: 'black', size: SIZES[sku.size] as string, category: s.category.id, price: s.price, currency: CURRENCY, size_ratio: SIZE_RATIO[sku.size] as number,
    supplier: s.supplier.id, unit_cost: s.unitCost, cost_currency: CURRENCY, salvage_value: s.salvage, moq: s.supplier.moq, lot_multiple: s.supplier.lotMultiple, moq_scope: 'colour',
    lead_time_days: s.supplier.leadDays, daily_capacity: s.supplier.dailyCapacity, frozen_fence_days: 0, confirming_hour: s.supplier.confirmingHour, trial_quantity: s.trial,
    reorder_premium_bp: s.supplier.premiumBp, stage_days: { cut: Number(stageDaysOf(s.supplier.leadDays).split(':')[1]) }, supplier_time_zone: 'UTC', standing: 'normal',
  };
}

export function sceneOfWorld(world: World, assumptions: Assumptions = DEFAULT_ASSUMPTIONS): Scene {
  const { merchant: m } = world;
  const items = itemsByPlace(world);
  // By broadcast (from −1 on) and style: one look for each order.
  const promises: (number | undefined)[] = [];
  const promiseOf = (l: Line): number => {
    const { style } = m.skus[l.sku] as Sku;
    return (promises[(l.broadcast + 1) * m.styles.length + style] ??= promiseDays(l.broadcast, style, items));
  };
  const returns = new Map<number, DemandReturn[]>();
  for (const r of world.returns) {
    const line = world.lines[r.line] as Line;
    const one: DemandReturn = { kind: 'return', quantity: r.quantity, lag: r.at - (line.deliveredAt as number), underWay: r.receivedAt - r.at, grade: r.grade };
    const list = returns.get(r.line);
    if (list === undefined) returns.set(r.line, [one]);
    else list.push(one);
  }
  const lines = world.lines.map((l, i): DemandLine => ({
    sku: l.sku, broadcast: m.broadcasts[l.broadcast]?.id ?? '', createdAt: l.at, paidAt: l.paidAt, ordered: l.quantity, quantity: l.paidAt === null ? 0 : l.quantity, unitPrice: l.unitPrice, sale: !l.giveaway,
    shipBy: (l.paidAt ?? l.at) + promiseOf(l) * DAY_MS, buyer: '', cancelled: l.cancelledAt === null ? [] : [{ at: l.cancelledAt, quantity: l.quantity }], returns: returns.get(i) ?? [],
    patience: patienceOf(`${SHOP}\0O${String(i + 1).padStart(7, '0')}`, assumptions.patienceDays),
  }));
  return {
    skus: m.skus.map((_, i): SceneSku => {
      const terms = termsOfWorld(world, i);
      return { terms, initialStock: world.initialStock[i] as number, group: groupOf(terms), unitCost: terms.unit_cost, salvage: terms.salvage_value };
    }),
    items: m.items.flatMap((item) => SIZES.map((size, s): LineUpItem => {
      const b = m.broadcasts[item.broadcast] as Broadcast;
      const style = m.styles[item.style] as Style;
      return {
        broadcast: b.id, anchor: m.anchors[b.anchor]?.id ?? '', shop: SHOP, starts_at: new Date(b.startsAt), ends_at: new Date(b.endsAt), sku: `${style.id}-${size}`, slot_at: new Date(item.pitch.slotAt),
        promise_days: item.promiseDays, planned_units: Math.round(item.plannedUnits * sizeShare(s)), price: style.price,
      };
    })),
    lines, startsAt: world.lines[0]?.at ?? world.startsAt, endsAt: world.lines.reduce((latest, l) => Math.max(latest, l.at, l.paidAt ?? 0, l.cancelledAt ?? 0), Math.max(world.startsAt, ...m.broadcasts.map((b) => b.endsAt))), assumptions, prior: priorOf(world),
  };
}
