// Nowcasts of simulated broadcasts, beside the nowcast of whoever knows how the world was made: how much worse, and how honest.
import { randomFrom } from '../../kernel/math/index.js';
import { nowcasts, type Known, type PlannedBroadcast, type SkuSales } from '../math/index.js';
import type { Family } from '../world/parameters.js';
import { simulateWorld, type World } from '../world/world.js';
import { SIZES } from '../world/parameters.js';
import { sizeShare, type Broadcast, type Item, type Style } from '../world/merchant.js';
import { ceiling, type Knowledge } from './nowcast-ceiling.js';
import type { Finding, Trial } from './finding.js';

const LEVELS = [0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95];
const SHARES = [0.1, 0.25, 0.5] as const;
const FAMILIES: readonly Family[] = ['cluster', 'doubly-stochastic', 'pulsed'];
const SEEDS = [11, 12, 13, 21, 22, 23];
/** Broadcasts of each world that are history, and those that are nowcast. */
const HISTORY = 20;
const JUDGED = 6;

interface Sale {
  readonly at: number;
  readonly units: number;
}

/** Paid sales by broadcast ('' outside) and SKU, ascending. */
type Book = ReadonlyMap<string, ReadonlyMap<string, readonly Sale[]>>;

function bookOf(world: World): Book {
  const { merchant: m } = world;
  const book = new Map<string, Map<string, Sale[]>>();
  for (const l of world.lines) {
    if (l.paidAt === null || l.giveaway) continue;
    const broadcast = l.broadcast === -1 ? '' : (m.broadcasts[l.broadcast] as Broadcast).id;
    const skus = book.get(broadcast) ?? new Map<string, Sale[]>();
    const sku = m.skus[l.sku]?.sku ?? '';
    const sales = skus.get(sku) ?? [];
    sales.push({ at: l.paidAt, units: l.quantity });
    book.set(broadcast, skus.set(sku, sales));
  }
  for (const skus of book.values()) for (const sales of skus.values()) sales.sort((a, b) => a.at - b.at);
  return book;
}

const styleId = (world: World, item: Item): string => (world.merchant.styles[item.style] as Style).id;

function plansOf(world: World): PlannedBroadcast[] {
  const { merchant: m } = world;
  return m.broadcasts.map((b, n) => ({
    broadcast: b.id, anchor: m.anchors[b.anchor]?.id ?? '', air: { startsAt: b.startsAt, endsAt: b.endsAt },
    rows: m.items.filter((i) => i.broadcast === n).flatMap((i) => SIZES.map((size, s) => ({
      sku: `${styleId(world, i)}-${size}`, slotAt: i.pitch.slotAt, price: (m.styles[i.style] as Style).price, plannedUnits: Math.round(i.plannedUnits * sizeShare(s)),
    }))),
  }));
}

/** What a merchant knows at a moment: of the broadcasts that are given, and what sold outside. */
function knownAt(book: Book, plans: readonly PlannedBroadcast[], categories: ReadonlyMap<string, string>, at: number): Known {
  const sales = new Map<string, Map<string, SkuSales>>();
  const anchors = new Map(plans.map((p) => [p.broadcast, p.anchor]));
  for (const [broadcast, skus] of book) {
    if (broadcast !== '' && !anchors.has(broadcast)) continue;
    const known = new Map<string, SkuSales>();
    for (const [sku, all] of skus) {
      const seen = all.filter((s) => s.at <= at);
      if (seen.length === 0) continue;
      known.set(sku, {
        sku, orders: seen.map((s) => s.at), units: seen.reduce((s, x) => s + x.units, 0), lines: seen.length, logUnits: seen.reduce((s, x) => s + Math.log(x.units), 0), price: 0,
        anchor: anchors.get(broadcast) ?? '',
      });
    }
    if (known.size > 0) sales.set(broadcast, known);
  }
  return { at, sales, planned: new Map(plans.map((p) => [p.broadcast, p])), categories };
}

const pinball = (y: number, quantiles: readonly number[]): number =>
  LEVELS.reduce((s, level, i) => { const q = quantiles[i] as number; return s + (y >= q ? level * (y - q) : (1 - level) * (q - y)); }, 0) / LEVELS.length;
const inside = (y: number, quantiles: readonly number[]): number => Number(y >= (quantiles[1] as number) && y <= (quantiles[5] as number));

interface Score {
  n: number;
  ours: number;
  /** Whoever knows how the world was made, and whoever knows what a line-up says. */
  best: number;
  fair: number;
  inside: number;
  bestInside: number;
}
const NO_SCORE = (): Score => ({ n: 0, ours: 0, best: 0, fair: 0, inside: 0, bestInside: 0 });

function add(score: Score, y: number, ours: readonly number[], best: readonly number[], fair: readonly number[]): void {
  score.n += 1;
  score.ours += pinball(y, ours);
  score.best += pinball(y, best);
  score.fair += pinball(y, fair);
  score.inside += inside(y, ours);
  score.bestInside += inside(y, best);
}

interface Scores {
  readonly all: Score;
  readonly fresh: Score;
  readonly cold: Score;
  /** Of each world for itself: ours beside the perfect prior's, beside equal information, and beside no history. */
  readonly worlds: { readonly best: number; readonly fair: number; readonly cold: number }[];
  broken: number;
}

/** One broadcast at one moment, with what came before it and without. */
function judge(world: World, book: Book, plans: readonly PlannedBroadcast[], categories: ReadonlyMap<string, string>, n: number, share: number, scores: Scores): void {
  const plan = plans[n] as PlannedBroadcast;
  const at = plan.air.startsAt + share * (plan.air.endsAt - plan.air.startsAt);
  const items = world.merchant.items.filter((i) => i.broadcast === n);
  const sales = book.get(plan.broadcast);
  const salesOf = (item: Item, size: string): readonly Sale[] => sales?.get(`${styleId(world, item)}-${size}`) ?? [];
  const until = (list: readonly Sale[]): readonly Sale[] => list.filter((s) => s.at <= at);
  const soFar = items.map((i) => SIZES.reduce((s, size) => s + until(salesOf(i, size)).length, 0));
  const fresh = items.map((i) => (world.merchant.styles[i.style] as Style).since === n);
  const usual = Math.log((world.merchant.anchors[(world.merchant.broadcasts[n] as Broadcast).anchor]?.units ?? 1) / items.length);
  const knowing = (knowledge: Knowledge): number[][][] => ceiling(randomFrom(world.seed, `nowcast/${n}/${share}`), items, at, soFar, fresh, usual, knowledge, LEVELS);
  const [best, fair] = [knowing('world'), knowing('line-up')];
  const warm = new Map(nowcasts(knownAt(book, plans.slice(0, n + 1), categories, at), LEVELS).map((x) => [x.sku, x]));
  const cold = new Map(nowcasts(knownAt(new Map([[plan.broadcast, sales ?? new Map<string, Sale[]>()]]), [plan], new Map(), at), LEVELS).map((x) => [x.sku, x]));
  items.forEach((item, i) => SIZES.forEach((size, s) => {
    const all = salesOf(item, size);
    const y = all.reduce((sum, x) => sum + x.units, 0);
    const observed = until(all).reduce((sum, x) => sum + x.units, 0);
    const sku = `${styleId(world, item)}-${size}`;
    const [bestQuantiles, fairQuantiles] = [best, fair].map((all) => ((all[i] as number[][])[s] as number[]).map((q) => observed + q)) as [number[], number[]];
    for (const [found, score] of [[warm, scores.all], [cold, scores.cold]] as const) {
      const { quantiles } = found.get(sku) as { quantiles: readonly number[] };
      if (!quantiles.every((q, k) => Number.isFinite(q) && q >= (quantiles[k - 1] ?? observed))) scores.broken += 1;
      add(score, y, quantiles, bestQuantiles, fairQuantiles);
      if (score === scores.all && fresh[i] === true) add(scores.fresh, y, quantiles, bestQuantiles, fairQuantiles);
    }
  }));
}

const percent = (ours: number, best: number): string => `${ours >= best ? '+' : '−'}${(100 * Math.abs(ours / best - 1)).toFixed(1)} %`;
const said = (s: Score): string => `pinball ${(s.ours / s.n).toFixed(2)} beside ${(s.best / s.n).toFixed(2)} (${percent(s.ours, s.best)}), coverage of 80 % ${(s.inside / s.n).toFixed(3)} beside ${(s.bestInside / s.n).toFixed(3)}`;

/** One broadcast of ten times the usual units outweighs all others in a sum: here it counts once. */
const alike = (ratios: readonly number[]): string => percent(Math.exp(ratios.reduce((s, r) => s + Math.log(r), 0) / ratios.length), 1);

export interface NowcastTrialOptions {
  readonly seeds: readonly number[];
  readonly history: number;
  readonly judged: number;
}

/** The scores of one family, by share of the broadcast that is over. */
export function scoresOf(family: Family, options: NowcastTrialOptions, report: (line: string) => void): Map<number, Scores> {
  const scores = new Map(SHARES.map((share): [number, Scores] => [share, { all: NO_SCORE(), fresh: NO_SCORE(), cold: NO_SCORE(), worlds: [], broken: 0 }]));
  for (const seed of options.seeds) {
    const world = simulateWorld({ family, seed, broadcasts: options.history + options.judged });
    const [book, plans] = [bookOf(world), plansOf(world)];
    const categories = new Map(world.merchant.skus.map((s) => [s.sku, (world.merchant.styles[s.style] as Style).category.id]));
    const before = new Map(Array.from(scores, ([share, s]) => [share, { ours: s.all.ours, best: s.all.best, fair: s.all.fair, cold: s.cold.ours }]));
    for (let n = options.history; n < options.history + options.judged; n++) for (const [share, s] of scores) judge(world, book, plans, categories, n, share, s);
    for (const [share, { all, cold, worlds }] of scores) {
      const b = before.get(share) as { ours: number; best: number; fair: number; cold: number };
      const ours = all.ours - b.ours;
      worlds.push({ best: ours / (all.best - b.best), fair: ours / (all.fair - b.fair), cold: ours / (cold.ours - b.cold) });
    }
    report(`nowcast: ${family}, seed ${seed}`);
  }
  return scores;
}

export const nowcastTrial: Trial = (_data, report) => {
  const findings: Finding[] = [];
  const drawn = `seeds ${SEEDS.join(', ')}, ${HISTORY} finished broadcasts, ${JUDGED} judged each`;
  let broken = 0;
  for (const family of FAMILIES) {
    for (const [share, { all, fresh, cold, worlds, broken: bad }] of scoresOf(family, { seeds: SEEDS, history: HISTORY, judged: JUDGED }, report)) {
      broken += bad;
      const over = `${(100 * share).toFixed(0)} % elapsed`;
      const coverage = all.inside / all.n;
      findings.push(
        { area: 'nowcast', figure: `${family}, ${over}: pinball beside the perfect prior's (${drawn}; ${all.n} SKUs)`, asked: 'within 10 %', reached: said(all), met: all.ours <= 1.1 * all.best },
        {
          area: 'nowcast', figure: `${family}, ${over}: pinball beside one who knows the prior, but of this broadcast only what its line-up says (no viewers, no lengths of pitches, of new styles the plan alone)`,
          asked: 'within 10 % (equal information)', reached: `${(all.ours / all.n).toFixed(2)} beside ${(all.fair / all.n).toFixed(2)} (${percent(all.ours, all.fair)})`, met: all.ours <= 1.1 * all.fair,
        },
        { area: 'nowcast', figure: `${family}, ${over}: coverage of 80 %`, asked: '.77 to .83', reached: coverage.toFixed(3), met: coverage >= 0.77 && coverage <= 0.83 },
        { area: 'nowcast', figure: `${family}, ${over}: SKUs never seen before (${fresh.n})`, asked: '', reached: said(fresh) },
        { area: 'nowcast', figure: `${family}, ${over}: no history at all, the published prior alone`, asked: '', reached: said(cold) },
        {
          area: 'nowcast', figure: `${family}, ${over}: each world counted alike (geometric mean over the ${worlds.length} seeds): pinball beside the perfect prior's; equal information; no history`, asked: '',
          reached: `${alike(worlds.map((w) => w.best))}; ${alike(worlds.map((w) => w.fair))}; ${alike(worlds.map((w) => w.cold))}`,
        },
      );
    }
  }
  findings.push({ area: 'nowcast', figure: 'quantiles that are infinite, below what is observed, or cross', asked: 'none', reached: String(broken), met: broken === 0 });
  return findings;
};
