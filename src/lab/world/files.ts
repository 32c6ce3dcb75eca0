// A world as the files that merchants have: catalogue, broadcasts, orders, returns; and world.json and truth.csv beside them.
import { createWriteStream } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { once } from 'node:events';
import { CURRENCY, SHOP, SIZE_RATIO, SIZES } from './parameters.js';
import { priorOf } from './prior.js';
import { returnChance, type Line, type Lot, type World } from './world.js';
import { sizeShare, type Broadcast, type Item, type Sku, type Style } from './merchant.js';

const DAY = 86_400_000;
/** Outside broadcasts an order is to be shipped within two days. */
export const STANDING_PROMISE_DAYS = 2;
const CHUNK = 1 << 18;

const iso = (at: number): string => new Date(at).toISOString();
const orderId = (line: number): string => `O${String(line + 1).padStart(7, '0')}`;

/** Writes rows in large pieces and waits where the disk does. */
async function writeRows(file: string, header: string, rows: Iterable<string>): Promise<number> {
  const out = createWriteStream(file);
  const failed = once(out, 'error').then(([error]) => { throw error as Error; });
  failed.catch(() => undefined);
  let held = `${header}\n`;
  let count = 0;
  for (const row of rows) {
    held += `${row}\n`;
    count++;
    if (held.length < CHUNK) continue;
    if (!out.write(held)) await Promise.race([once(out, 'drain'), failed]);
    held = '';
  }
  out.end(held);
  await Promise.race([once(out, 'finish'), failed]);
  return count;
}

export const stageDaysOf = (leadDays: number): string => `cut:${Math.max(1, Math.round(0.3 * leadDays))}`;

function* catalogueRows(world: World): Generator<string> {
  const { merchant: m } = world;
  for (const [i, sku] of m.skus.entries()) {
    const s = m.styles[sku.style] as Style;
    yield [
      sku.sku, s.id, 'black', SIZES[sku.size], s.category.id, s.price, CURRENCY, s.supplier.id, s.unitCost, CURRENCY, s.salvage, s.supplier.moq, s.supplier.lotMultiple, s.supplier.leadDays,
      s.supplier.dailyCapacity, world.initialStock[i], 'colour', SIZE_RATIO[sku.size], s.trial ?? '', s.supplier.premiumBp, stageDaysOf(s.supplier.leadDays), 0, s.supplier.confirmingHour ?? '',
    ].join(',');
  }
}

function* broadcastRows(world: World): Generator<string> {
  const { merchant: m } = world;
  for (const item of m.items) {
    const b = m.broadcasts[item.broadcast] as Broadcast;
    const s = m.styles[item.style] as Style;
    for (const [size, name] of SIZES.entries()) {
      yield [
        b.id, m.anchors[b.anchor]?.id, SHOP, iso(b.startsAt), iso(b.endsAt), `${s.id}-${name}`, iso(item.pitch.slotAt), s.price, Math.round(item.plannedUnits * sizeShare(size)), item.promiseDays,
      ].join(',');
    }
  }
}

/** Days from payment to shipment that a style is promised in. */
export const promiseDays = (broadcast: number, style: number, items: ReadonlyMap<string, Item>): number => items.get(`${broadcast} ${style}`)?.promiseDays ?? STANDING_PROMISE_DAYS;

/** Ship-by of a line; null where it was never paid. */
const shipByOf = (line: Line, items: ReadonlyMap<string, Item>, sku: Sku): number | null => (line.paidAt === null ? null : line.paidAt + DAY * promiseDays(line.broadcast, sku.style, items));

export const itemsByPlace = (world: World): Map<string, Item> => new Map(world.merchant.items.map((i) => [`${i.broadcast} ${i.style}`, i]));

function* orderRows(world: World, report: (line: string) => void): Generator<string> {
  const { merchant: m, lines, lots } = world;
  const items = itemsByPlace(world);
  const TYPES = ['created', 'paid', 'cancelled', 'shipped', 'delivered'] as const;
  const times = (l: Line): (number | null)[] => [l.at, l.paidAt, l.cancelledAt, l.shippedAt, l.deliveredAt];
  const events: { readonly at: number; readonly line: number; readonly type: number }[] = [];
  lines.forEach((line, i) => times(line).forEach((at, type) => { if (at !== null) events.push({ at, line: i, type }); }));
  events.sort((a, b) => a.at - b.at || a.line - b.line || a.type - b.type);
  for (const [n, e] of events.entries()) {
    if (n > 0 && n % 250_000 === 0) report(`orders: ${n} of ${events.length} events written`);
    const line = lines[e.line] as Line;
    const sku = m.skus[line.sku] as Sku;
    const b = m.broadcasts[line.broadcast];
    const priced = e.type < 2;
    const shipBy = e.type === 1 ? shipByOf(line, items, sku) : null;
    yield [
      `${orderId(e.line)}-${TYPES[e.type] as string}`, iso(e.at), SHOP, orderId(e.line), '1', sku.sku, line.quantity, priced ? line.unitPrice : '', priced ? CURRENCY : '', TYPES[e.type],
      priced && line.giveaway ? 'giveaway' : '', shipBy === null ? '' : iso(shipBy), priced ? (b?.id ?? '') : '', priced && b !== undefined ? (m.anchors[b.anchor]?.id ?? '') : '',
      e.type === 3 ? (m.styles[sku.style] as Style).supplier.id : '', e.type === 3 ? (lots[line.lot] as Lot).id : '',
    ].join(',');
  }
}

function* returnRows(world: World): Generator<string> {
  for (const [i, r] of world.returns.entries()) {
    const line = world.lines[r.line] as Line;
    yield [
      `R${String(i + 1).padStart(7, '0')}`, iso(r.at), SHOP, orderId(r.line), '1', (world.merchant.skus[line.sku] as Sku).sku, r.quantity, r.reason, 'return', 'refunded', r.finding, r.grade, iso(r.receivedAt),
    ].join(',');
  }
}

function* truthRows(world: World): Generator<string> {
  const { merchant: m } = world;
  const sold = new Map<string, number>();
  for (const l of world.lines) if (l.paidAt !== null && !l.giveaway) sold.set(`${l.broadcast} ${l.sku}`, (sold.get(`${l.broadcast} ${l.sku}`) ?? 0) + l.quantity);
  for (const item of m.items) {
    const b = m.broadcasts[item.broadcast] as Broadcast;
    for (const size of SIZES.keys()) {
      const sku = item.style * SIZES.length + size;
      const place = `${b.id},${(m.skus[sku] as Sku).sku},`;
      yield `onset,${place},${iso(item.pitch.slotAt)},${item.pitch.jump.toFixed(3)}`;
      if (item.pitch.second !== null) yield `second-onset,${place},${iso(item.pitch.second.at)},${item.pitch.jump.toFixed(3)}`;
      yield `expected-units,${place},,${(item.units * sizeShare(size)).toFixed(3)}`;
      yield `paid-units,${place},,${sold.get(`${item.broadcast} ${sku}`) ?? 0}`;
    }
  }
  for (const sku of m.skus) {
    yield `return-rate,,${sku.sku},,,${returnChance(m, sku, -1).toFixed(5)}`;
    yield `cancellation-rate,,${sku.sku},,,${(m.styles[sku.style] as Style).category.cancelled.toFixed(5)}`;
  }
  for (const lot of world.lots) {
    yield `lot-defect-rate,,${(m.skus[lot.sku] as Sku).sku},${lot.id},,${lot.defectRate.toFixed(5)}`;
    if (lot.bad) yield `bad-lot,,${(m.skus[lot.sku] as Sku).sku},${lot.id},,1`;
  }
}

/** Writes the files of a world into a folder, which is made; answers the rows of each. */
export async function writeWorld(world: World, folder: string, report: (line: string) => void): Promise<Record<string, number>> {
  await mkdir(folder, { recursive: true });
  const at = (name: string): string => join(folder, name);
  const written = {
    catalogue: await writeRows(
      at('catalogue.csv'),
      'sku,style,colour,size,category,price,currency,supplier,unit_cost,cost_currency,salvage_value,moq,lot_multiple,lead_time_days,daily_capacity,initial_stock,moq_scope,size_ratio,trial_quantity,reorder_premium_bp,stage_days,frozen_fence_days,confirming_hour',
      catalogueRows(world),
    ),
    broadcasts: await writeRows(at('broadcasts.csv'), 'broadcast,anchor,shop,starts_at,ends_at,sku,slot_at,price,planned_units,promise_days', broadcastRows(world)),
    orders: await writeRows(at('orders.csv'), 'event_id,occurred_at,shop,order_id,line_id,sku,quantity,unit_price,currency,type,kind,ship_by,broadcast,anchor,supplier,lot', orderRows(world, report)),
    returns: await writeRows(at('returns.csv'), 'return_id,occurred_at,shop,order_id,line_id,sku,quantity,claimed_reason,kind,status,finding,grade,received_at', returnRows(world)),
    truth: await writeRows(at('truth.csv'), 'truth,broadcast,sku,lot,at,value', truthRows(world)),
  };
  await writeFile(at('world.json'), `${JSON.stringify(priorOf(world), null, 1)}\n`);
  return written;
}
