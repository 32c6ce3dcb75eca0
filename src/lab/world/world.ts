// A simulated world: a merchant, every order line with what became of it, every return, and the truth behind them.
import { drawBeta, drawIndex, drawPoisson, drawUniform, randomFrom, type Random } from '../../kernel/math/index.js';
import { arrivalTimes, weatherOf } from './arrivals.js';
import { bulksOf, giveawayOf, merchantOf, sizeShare, type Item, type Merchant, type Sku, type Style } from './merchant.js';
import { PARAMETERS as P, SIZE_RATIO, SIZES, type Family } from './parameters.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Every world begins here: a Monday, long ago enough to be over. */
export const WORLD_STARTS_AT = Date.parse('2026-03-02T00:00:00Z');
export const FEWEST_BROADCASTS = 1;
export const MOST_BROADCASTS = 1_000;

/** One order with its one line. Times in ms; null: it did not happen. */
export interface Line {
  readonly sku: number;
  /** −1 outside broadcasts. */
  readonly broadcast: number;
  readonly at: number;
  readonly paidAt: number | null;
  readonly cancelledAt: number | null;
  readonly shippedAt: number | null;
  readonly deliveredAt: number | null;
  readonly quantity: number;
  readonly unitPrice: number;
  readonly giveaway: boolean;
  /** −1: never left. */
  lot: number;
}

export interface Returned {
  readonly line: number;
  readonly quantity: number;
  readonly at: number;
  readonly receivedAt: number;
  readonly grade: 'A' | 'B' | 'C';
  readonly finding: 'defect' | 'no-fault' | 'worn' | 'too-small' | 'too-large';
  readonly reason: string;
}

export interface Lot {
  readonly id: string;
  readonly sku: number;
  readonly defectRate: number;
  readonly bad: boolean;
}

export interface World {
  readonly family: Family;
  readonly seed: number;
  readonly startsAt: number;
  readonly merchant: Merchant;
  /** In the order of their times; the n-th is order n + 1. */
  readonly lines: readonly Line[];
  readonly returns: readonly Returned[];
  readonly lots: readonly Lot[];
  readonly initialStock: readonly number[];
}

export interface WorldOptions {
  readonly family: Family;
  readonly seed: number;
  readonly broadcasts: number;
  /** For the family `replayed`: gaps of mean 1 between real orders. */
  readonly gaps?: readonly number[];
}

type Draft = Omit<Line, 'shippedAt' | 'deliveredAt' | 'lot' | 'paidAt' | 'cancelledAt'> & { paidAt: number | null; cancelledAt: number | null };

export function simulateWorld(options: WorldOptions): World {
  const { family, seed, broadcasts } = options;
  if (!Number.isSafeInteger(broadcasts) || broadcasts < FEWEST_BROADCASTS || broadcasts > MOST_BROADCASTS) throw new RangeError(`broadcasts must be a whole number from ${FEWEST_BROADCASTS} to ${MOST_BROADCASTS}`);
  if (family === 'replayed' && options.gaps === undefined) throw new RangeError('re-played arrivals need the gaps between real orders');
  const random = randomFrom(seed, `castline/world/${family}`);
  const merchant = merchantOf(random.split('merchant'), WORLD_STARTS_AT, broadcasts);
  const drafts = [...onAir(random, merchant, options), ...outside(random.split('outside'), merchant)];
  drafts.sort((a, b) => a.at - b.at || a.sku - b.sku);
  const shipping = random.split('ship');
  const lines = drafts.map((d, i) => shipped(shipping, i, d));
  const lots = lotsOf(random.split('lots'), lines, merchant.skus.length);
  return { family, seed, startsAt: WORLD_STARTS_AT, merchant, lines, lots, returns: returnsOf(random.split('returns'), lines, lots, merchant), initialStock: stockOf(random.split('stock'), merchant) };
}

/** Says of an order whether it is paid, and whether cancelled. */
function becomes(d: Draft, random: Random, style: Style): Draft {
  if (random.next() < P.unpaid) return d;
  d.paidAt = d.at + 1000 + Math.floor(random.exponential(15_000));
  if (random.next() >= style.category.cancelled) return d;
  const after = random.next() < P.cancelled.fastShare ? random.exponential(P.cancelled.fastMinutes * MINUTE) : random.exponential(P.cancelled.slowHours * HOUR);
  d.cancelledAt = d.paidAt + 1000 + Math.floor(after);
  return d;
}

const quantityOf = (random: Random): number => {
  const n = 1 + drawIndex(random, P.quantities);
  return n < P.quantities.length ? n : n + drawPoisson(random, 1.5);
};

const MEAN_QUANTITY = P.quantities.reduce((s, w, i) => s + w * (i + 1), 0);

function* onAir(random: Random, m: Merchant, options: WorldOptions): Generator<Draft> {
  for (const [b, broadcast] of m.broadcasts.entries()) {
    const own = random.split(`air ${b}`);
    const weather = weatherOf(own.split('weather'), broadcast.startsAt, broadcast.endsAt);
    const items = m.items.filter((i) => i.broadcast === b);
    for (const [n, item] of items.entries()) {
      const pitch = own.split(`pitch ${n}`);
      const what = own.split(`what ${n}`);
      const style = m.styles[item.style] as Style;
      for (const at of arrivalTimes(options.family, pitch, item.pitch, item.units / MEAN_QUANTITY, weather, options.gaps ?? [])) {
        yield becomes({ sku: skuOf(item.style, drawIndex(what, SIZE_RATIO)), broadcast: b, at, quantity: quantityOf(what), unitPrice: style.price, giveaway: false, paidAt: null, cancelledAt: null }, what, style);
      }
    }
    yield* extras(own.split('extras'), b, items, m);
  }
}

const skuOf = (style: number, size: number): number => style * SIZES.length + size;

/** Bulk purchases that are cancelled minutes later, and giveaways: orders that are no demand. */
function* extras(random: Random, b: number, items: readonly Item[], m: Merchant): Generator<Draft> {
  const { startsAt, endsAt } = m.broadcasts[b] as { startsAt: number; endsAt: number };
  const someItem = (): Item => items[random.below(items.length)] as Item;
  for (let n = bulksOf(random); n > 0; n--) {
    const item = someItem();
    const at = item.pitch.slotAt + Math.floor(random.next() * item.pitch.pitchMs);
    const quantity = Math.round(P.bulk.least * Math.exp(random.next() * Math.log(P.bulk.most / P.bulk.least)));
    const paidAt = at + 5_000;
    yield {
      sku: skuOf(item.style, random.below(SIZES.length)), broadcast: b, at, quantity, unitPrice: (m.styles[item.style] as Style).price, giveaway: false, paidAt,
      cancelledAt: paidAt + Math.floor(drawUniform(random, P.bulk.minutesLeast, P.bulk.minutesMost) * MINUTE),
    };
  }
  const pieces = giveawayOf(random);
  if (pieces === 0) return;
  const style = someItem().style;
  const from = startsAt + random.next() * (endsAt - startsAt) * 0.8;
  for (let i = 0; i < pieces; i++) {
    const at = Math.floor(from + random.next() * 3 * MINUTE);
    yield { sku: skuOf(style, drawIndex(random, SIZE_RATIO)), broadcast: b, at, quantity: 1, unitPrice: 0, giveaway: true, paidAt: at + 1000, cancelledAt: null };
  }
}

/** What sells when nobody pitches: little, from a style's first show on (or ever before), halving with the days. */
function* outside(random: Random, m: Merchant): Generator<Draft> {
  const end = Math.max(...m.broadcasts.map((b) => b.endsAt)) + 3 * DAY;
  for (const [style, s] of m.styles.entries()) {
    const own = random.split(s.id);
    const first = m.items.find((i) => i.style === style);
    const usual = first === undefined ? (P.medianUnits / P.styles.median) * s.popularity : Math.min(P.mostUnits / P.styles.median, Math.exp(first.lnMedian));
    const from = s.since === -1 ? WORLD_STARTS_AT : (m.broadcasts[s.since] as { endsAt: number }).endsAt;
    for (let day = 0; from + day * DAY < end; day++) {
      const mean = (P.standing.share * usual * Math.pow(0.5, day / P.standing.halfLifeDays)) / MEAN_QUANTITY;
      for (let n = drawPoisson(own, mean); n > 0; n--) {
        // The hours of the day: more at noon and in the evening of UTC+8, next to nothing at night.
        const hour = (own.next() + own.next() + own.next()) / 3;
        const at = Math.floor(from - (from % DAY) + day * DAY + ((hour * 22 + 20) % 24) * HOUR);
        if (at < from || at >= end) continue;
        yield becomes({ sku: skuOf(style, drawIndex(own, SIZE_RATIO)), broadcast: -1, at, quantity: quantityOf(own), unitPrice: s.price, giveaway: false, paidAt: null, cancelledAt: null }, own, s);
      }
    }
  }
}

/** Shipped a day or two after payment as if all were in stock, and delivered days later; a cancellation before that stands, a later one came too late to be one. */
function shipped(random: Random, i: number, d: Draft): Line {
  const { sku, broadcast, at, quantity, unitPrice, giveaway, paidAt, cancelledAt } = d;
  const left = (shippedAt: number | null, deliveredAt: number | null, cancelled: number | null): Line => ({ sku, broadcast, at, quantity, unitPrice, giveaway, paidAt, cancelledAt: cancelled, shippedAt, deliveredAt, lot: -1 });
  if (paidAt === null) return left(null, null, null);
  const own = random.split(String(i));
  const leaves = paidAt + Math.floor(drawUniform(own, 20, 44) * HOUR);
  if (cancelledAt !== null && cancelledAt < leaves) return left(null, null, cancelledAt);
  return left(leaves, leaves + Math.floor(drawUniform(own, P.transitDays.least, P.transitDays.most) * DAY), null);
}

/** Lots by SKU in the order in which units leave; every line is of one lot. */
function lotsOf(random: Random, lines: readonly Line[], skus: number): Lot[] {
  const lots: Lot[] = [];
  const left = new Array<number>(skus).fill(0);
  const current = new Array<number>(skus).fill(-1);
  const leavesAt = Float64Array.from(lines, (l) => l.shippedAt ?? NaN);
  const leaving = lines.map((_, i) => i).filter((i) => !Number.isNaN(leavesAt[i])).sort((a, b) => (leavesAt[a] as number) - (leavesAt[b] as number) || a - b);
  for (const i of leaving) {
    const line = lines[i] as Line;
    if ((left[line.sku] as number) <= 0) {
      const own = random.split(`${line.sku} ${lots.length}`);
      const bad = own.next() < P.defects.badShare;
      lots.push({
        id: `L${String(lots.length + 1).padStart(5, '0')}`, sku: line.sku, bad,
        defectRate: bad ? drawUniform(own, P.defects.badLeast, P.defects.badMost) : drawBeta(own, P.defects.a, P.defects.b),
      });
      current[line.sku] = lots.length - 1;
      left[line.sku] = P.lotUnits;
    }
    line.lot = current[line.sku] as number;
    left[line.sku] = (left[line.sku] as number) - line.quantity;
  }
  return lots;
}

/** Chance that a unit of a line comes back for other reasons than a defect. */
export function returnChance(m: Merchant, sku: Sku, broadcast: number): number {
  const style = m.styles[sku.style] as Style;
  const anchor = broadcast === -1 ? 1 : (m.anchors[(m.broadcasts[broadcast] as { anchor: number }).anchor]?.returnFactor ?? 1);
  return Math.min(0.95, style.returnRate * (P.sizeFactor[sku.size] as number) * anchor);
}

const drawBinomial = (random: Random, n: number, p: number): number => {
  let k = 0;
  for (let i = 0; i < n; i++) k += Number(random.next() < p);
  return k;
};

function returnsOf(random: Random, lines: readonly Line[], lots: readonly Lot[], m: Merchant): Returned[] {
  const returns: Returned[] = [];
  for (const [i, line] of lines.entries()) {
    if (line.deliveredAt === null || line.giveaway) continue;
    const own = random.split(String(i));
    const sku = m.skus[line.sku] as Sku;
    const style = m.styles[sku.style] as Style;
    const faulty = drawBinomial(own, line.quantity, (lots[line.lot] as Lot).defectRate * P.defects.comesBack);
    const others = drawBinomial(own, line.quantity - faulty, returnChance(m, sku, line.broadcast));
    const when = (late: boolean): { at: number; receivedAt: number } => {
      const days = late ? drawUniform(own, P.windowDays, 3 * P.windowDays) : P.windowDays * drawBeta(own, 1.2, 1.8);
      const at = (line.deliveredAt as number) + Math.floor(days * DAY);
      return { at, receivedAt: at + Math.floor(drawUniform(own, P.transitDays.least + 1, P.transitDays.most + 1) * DAY) };
    };
    if (faulty > 0) returns.push({ line: i, quantity: faulty, ...when(own.next() < 0.3), grade: 'C', finding: 'defect', reason: 'quality' });
    if (others > 0) {
      const u = own.next();
      const usable = style.category.usable;
      const [finding, reason] = sku.size === 0 && u < 0.3 ? (['too-small', 'size'] as const) : sku.size === SIZES.length - 1 && u < 0.3 ? (['too-large', 'size'] as const)
        : u < usable ? (['no-fault', 'no longer wanted'] as const) : (['worn', 'no longer wanted'] as const);
      returns.push({ line: i, quantity: others, ...when(own.next() < P.lateShare), grade: u < usable ? 'A' : own.next() < 0.5 ? 'B' : 'C', finding, reason });
    }
  }
  return returns.sort((a, b) => a.at - b.at || a.line - b.line);
}

function stockOf(random: Random, m: Merchant): number[] {
  const first = new Map<number, Item>();
  for (const item of m.items) if (!first.has(item.style)) first.set(item.style, item);
  return m.skus.map((sku, i) => {
    const own = random.split(String(i));
    const item = first.get(sku.style);
    const usual = item === undefined ? 20 : Math.min(2_000, Math.exp(item.lnMedian));
    return Math.round(usual * sizeShare(sku.size) * drawUniform(own, P.stockShare.least, P.stockShare.most));
  });
}
