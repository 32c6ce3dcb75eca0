// Who sells what in a simulated world: categories, anchors, suppliers, styles, broadcasts and their line-ups.
import { drawBeta, drawIndex, drawLogNormal, drawNormal, drawPoisson, drawUniform, type Random } from '../../kernel/math/index.js';
import { PARAMETERS as P, SIZE_RATIO, SIZES, type Category } from './parameters.js';
import type { Pitch } from './curve.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export interface Anchor {
  readonly id: string;
  /** Median units of its broadcasts. */
  readonly units: number;
  readonly returnFactor: number;
}

export interface Supplier {
  readonly id: string;
  readonly leadDays: number;
  readonly moq: number;
  readonly lotMultiple: number;
  readonly premiumBp: number;
  readonly confirmingHour: number | null;
  /** Units a day of one SKU. */
  readonly dailyCapacity: number;
}

export interface Style {
  readonly id: string;
  readonly category: Category;
  readonly supplier: Supplier;
  readonly price: number;
  readonly unitCost: number;
  readonly salvage: number;
  /** What it sells against the usual style of a broadcast; lasting. */
  readonly popularity: number;
  readonly returnRate: number;
  /** Broadcast that sold it first; −1: it sold before the world began. */
  readonly since: number;
  readonly trial: number | null;
}

export interface Sku {
  readonly sku: string;
  readonly style: number;
  readonly size: number;
}

export interface Broadcast {
  readonly id: string;
  readonly anchor: number;
  readonly startsAt: number;
  readonly endsAt: number;
  /** What this one sold against the anchor's usual. */
  readonly luck: number;
  readonly peak: number;
}

/** A style in a broadcast. */
export interface Item {
  readonly broadcast: number;
  readonly style: number;
  readonly pitch: Pitch;
  /**
   * What one may know before the show: ln of the median of its units, and the standard deviation of the logarithm. The anchor's
   * usual and the popularity of a style that was sold before are known; of a new style there is the planner's guess alone.
   */
  readonly lnMedian: number;
  readonly lnSd: number;
  /** Units expected once luck and pitch are drawn. */
  readonly units: number;
  readonly plannedUnits: number;
  readonly promiseDays: number;
}

export interface Merchant {
  readonly categories: readonly Category[];
  readonly anchors: readonly Anchor[];
  readonly suppliers: readonly Supplier[];
  readonly styles: readonly Style[];
  readonly skus: readonly Sku[];
  readonly broadcasts: readonly Broadcast[];
  readonly items: readonly Item[];
}

const clamp = (x: number, least: number, most: number): number => Math.min(most, Math.max(least, x));
const logUniform = (random: Random, least: number, most: number): number => least * Math.exp(random.next() * Math.log(most / least));
const pick = <T>(random: Random, list: readonly T[]): T => list[random.below(list.length)] as T;

const NAMES = ['knitwear', 'dresses', 'trousers', 'outerwear', 'basics'];

function categoriesOf(random: Random): Category[] {
  return NAMES.map((id, i) => {
    const own = random.split(id);
    const usual = i % P.returnMeans.length;
    return {
      id, price: Math.round(logUniform(own, 4_900, 39_900) / 100) * 100, jump: logUniform(own, P.jump.least, P.jump.most), returnMean: P.returnMeans[usual] as number,
      usable: P.usable[usual] as number, cancelled: drawUniform(own, P.cancelled.least, P.cancelled.most),
    };
  });
}

function styleOf(random: Random, n: number, since: number, categories: readonly Category[], suppliers: readonly Supplier[]): Style {
  const id = `K${String(n + 1).padStart(3, '0')}`;
  const own = random.split(id);
  const category = pick(own, categories);
  const price = Math.max(100, Math.round(drawLogNormal(own, category.price, 0.3) / 100) * 100);
  const unitCost = Math.round(price * drawUniform(own, 0.25, 0.45));
  return {
    id, category, supplier: pick(own, suppliers), price, unitCost, salvage: Math.round(unitCost * drawUniform(own, 0.2, 0.6)), popularity: Math.exp(P.popularitySd * drawNormal(own)),
    returnRate: clamp(drawBeta(own, P.returnStrength * category.returnMean, P.returnStrength * (1 - category.returnMean)), 0.01, 0.9), since,
    trial: own.next() < 0.25 ? 50 * (1 + own.below(6)) : null,
  };
}

/** Everything but orders: it all follows from the generator's name and the number of broadcasts. */
export function merchantOf(random: Random, startsAt: number, broadcastCount: number): Merchant {
  const categories = categoriesOf(random.split('categories'));
  const anchors = Array.from({ length: Math.max(2, Math.min(6, Math.ceil(broadcastCount / 5))) }, (_, i): Anchor => {
    const own = random.split(`anchor ${i}`);
    return { id: `anchor-${i + 1}`, units: drawLogNormal(own, P.medianUnits, P.anchorSd), returnFactor: Math.exp(P.anchorFactorSd * drawNormal(own)) };
  });
  const suppliers = Array.from({ length: 6 }, (_, i): Supplier => {
    const own = random.split(`supplier ${i}`);
    return {
      id: `factory-${i + 1}`, leadDays: P.leadDays[i % P.leadDays.length] as number, moq: pick(own, P.moq), lotMultiple: pick(own, P.lots), premiumBp: pick(own, P.premiumBp),
      confirmingHour: own.next() < 0.5 ? 1 + own.below(3) : null, dailyCapacity: 10 * Math.round(logUniform(own, P.dailyCapacity.least, P.dailyCapacity.most) / 10),
    };
  });
  const styles: Style[] = [];
  const broadcasts: Broadcast[] = [];
  const items: Item[] = [];
  const addStyle = (since: number): number => styles.push(styleOf(random.split('styles'), styles.length, since, categories, suppliers)) - 1;
  for (let i = 0; i < 8; i++) addStyle(-1);
  let day = 14;
  for (let b = 0; b < broadcastCount; b++) {
    const own = random.split(`broadcast ${b}`);
    const hours = clamp(drawLogNormal(own, P.lengthHours.median, P.lengthHours.sd), P.lengthHours.least, P.lengthHours.most);
    // Shows begin in the evening of the shop's time zone (UTC+8), to a quarter of an hour.
    const from = startsAt + day * DAY + (10 + own.below(8) / 4) * HOUR;
    const to = from + Math.round((hours * HOUR) / (15 * MINUTE)) * 15 * MINUTE;
    const broadcast: Broadcast = {
      id: `B${String(b + 1).padStart(4, '0')}`, anchor: own.below(anchors.length), startsAt: from, endsAt: to, luck: Math.exp(P.broadcastSd * drawNormal(own)),
      peak: drawUniform(own, P.peakOverMean.least, P.peakOverMean.most),
    };
    broadcasts.push(broadcast);
    items.push(...lineUpOf(own.split('line-up'), b, broadcast, anchors[broadcast.anchor] as Anchor, styles, addStyle));
    day += 1 + Number(own.next() < 0.4);
  }
  const skus = styles.flatMap((_, style) => SIZES.map((_, size): Sku => ({ sku: `${(styles[style] as Style).id}-${SIZES[size] as string}`, style, size })));
  return { categories, anchors, suppliers, styles, skus, broadcasts, items };
}

function lineUpOf(random: Random, b: number, broadcast: Broadcast, anchor: Anchor, styles: Style[], addStyle: (since: number) => number): Item[] {
  const length = broadcast.endsAt - broadcast.startsAt;
  const count = Math.round(clamp(drawLogNormal(random, P.styles.median, P.styles.sd), P.styles.least, P.styles.most));
  const known = styles.map((_, i) => i);
  const chosen: number[] = [];
  for (let i = 0; i < count; i++) {
    if (random.next() < P.fresh || known.length === 0) chosen.push(addStyle(b));
    // What sold well is shown again.
    else chosen.push(known.splice(drawIndex(random, known.map((s) => Math.sqrt((styles[s] as Style).popularity))), 1)[0] as number);
  }
  const room = length / count;
  return chosen.map((style, i): Item => {
    const own = random.split(String(i));
    const s = styles[style] as Style;
    const slotAt = broadcast.startsAt + Math.floor((i * room) / 1000) * 1000;
    const pitchMs = Math.min(room, clamp(drawLogNormal(own, P.pitchMinutes.median, P.pitchMinutes.sd), P.pitchMinutes.least, P.pitchMinutes.most) * MINUTE);
    const left = broadcast.endsAt - slotAt - pitchMs;
    const again = own.next() < P.secondPitch.chance && left > 20 * MINUTE;
    const pitch: Pitch = {
      startsAt: broadcast.startsAt, endsAt: broadcast.endsAt, slotAt, pitchMs, jump: s.category.jump, peak: broadcast.peak,
      second: again ? { at: slotAt + pitchMs + Math.floor(own.next() * (left - 10 * MINUTE)), share: P.secondPitch.share } : null, tail: drawUniform(own, 0, P.tail.most),
    };
    const usual = Math.log(anchor.units / count);
    const popularity = Math.log(s.popularity);
    const most = P.mostUnits / count;
    const units = Math.min(most, Math.exp(usual + popularity + P.pitchSd * drawNormal(own)) * broadcast.luck);
    const spread = P.broadcastSd ** 2 + P.pitchSd ** 2;
    const guess = popularity + P.planningSd * drawNormal(own);
    // A new style: the distribution of popularity, and the guess about it (normal prior and normal error).
    const trust = P.popularitySd ** 2 / (P.popularitySd ** 2 + P.planningSd ** 2);
    const fresh = s.since === b;
    return {
      broadcast: b, style, pitch, lnMedian: usual + (fresh ? trust * guess : popularity), lnSd: Math.sqrt(spread + (fresh ? (1 - trust) * P.popularitySd ** 2 : 0)), units,
      plannedUnits: Math.max(1, Math.round(Math.min(most, Math.exp(usual + guess + spread / 2)))),
      promiseDays: pick(own, [2, 3, 7, 15]),
    };
  });
}

/** Expected share of a size in what a style sells. */
export const sizeShare = (size: number): number => (SIZE_RATIO[size] as number) / SIZE_RATIO.reduce((s, n) => s + n, 0);

/** Pieces of a giveaway in a broadcast; 0: none. */
export const giveawayOf = (random: Random): number => (random.next() < P.giveaway.chance ? P.giveaway.least + random.below(P.giveaway.most - P.giveaway.least) : 0);

export const bulksOf = (random: Random): number => drawPoisson(random, P.bulk.perBroadcast);
