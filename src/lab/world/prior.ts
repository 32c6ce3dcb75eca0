// How a world was made, as world.json says it: all that lasts and all chances, but none of the draws of a single broadcast or order.
import { returnChance, type World } from './world.js';
import { sizeShare, type Style } from './merchant.js';
import { PARAMETERS, SIZES } from './parameters.js';

export const WORLD_FORMAT = 'castline-world.v1';
export const GENERATOR = 'xoshiro128** (Blackman and Vigna, 2018), seeded by SplitMix32 from seed and path; every part of the world has a path of its own';

export interface ItemPrior {
  readonly broadcast: string;
  readonly sku: string;
  /** Units of the SKU in the broadcast, tail included: log-normal with this median and standard deviation of the logarithm. */
  readonly medianUnits: number;
  readonly lnSd: number;
  readonly slotAt: number;
  readonly pitchMs: number;
  /** Rate in the pitch over the rate in the lull; peak over mean viewers. */
  readonly jump: number;
  readonly peak: number;
}

export interface SkuPrior {
  readonly sku: string;
  /** Chance that a paid order is cancelled before it ships. */
  readonly cancelled: number;
  /** Chance that a unit comes back, defects of usual lots included; by the broadcasts of an average anchor. */
  readonly returned: number;
  /** Share of what came back that is sellable again. */
  readonly usable: number;
  /** Units a day outside broadcasts at first; and since when. */
  readonly standingPerDay: number;
  readonly since: number;
}

export interface WorldPrior {
  readonly format: typeof WORLD_FORMAT;
  readonly family: string;
  readonly seed: number;
  readonly generator: string;
  readonly broadcasts: number;
  /** Chance that an order is paid; units of an order. */
  readonly paid: number;
  readonly standingHalfLifeDays: number;
  readonly items: readonly ItemPrior[];
  readonly skus: readonly SkuPrior[];
  readonly parameters: typeof PARAMETERS;
}

export function priorOf(world: World): WorldPrior {
  const { merchant: m } = world;
  const paid = 1 - PARAMETERS.unpaid;
  const { defects } = PARAMETERS;
  const defect = (1 - defects.badShare) * (defects.a / (defects.a + defects.b)) + defects.badShare * ((defects.badLeast + defects.badMost) / 2);
  return {
    format: WORLD_FORMAT, family: world.family, seed: world.seed, generator: GENERATOR, broadcasts: m.broadcasts.length, paid, standingHalfLifeDays: PARAMETERS.standing.halfLifeDays,
    items: m.items.flatMap((item) => SIZES.map((size, s): ItemPrior => ({
      broadcast: m.broadcasts[item.broadcast]?.id ?? '', sku: `${(m.styles[item.style] as Style).id}-${size}`, medianUnits: paid * Math.exp(item.lnMedian) * sizeShare(s), lnSd: item.lnSd,
      slotAt: item.pitch.slotAt, pitchMs: item.pitch.pitchMs, jump: item.pitch.jump, peak: item.pitch.peak,
    }))),
    skus: m.skus.map((sku): SkuPrior => {
      const style = m.styles[sku.style] as Style;
      const first = m.items.find((i) => i.style === sku.style);
      const chance = returnChance(m, sku, -1);
      return {
        sku: sku.sku, cancelled: style.category.cancelled, returned: chance + (1 - chance) * defect * defects.comesBack, usable: style.category.usable,
        standingPerDay: PARAMETERS.standing.share * paid * sizeShare(sku.size) * (first === undefined ? (PARAMETERS.medianUnits / PARAMETERS.styles.median) * style.popularity : Math.exp(first.lnMedian)),
        since: style.since === -1 ? world.startsAt : (m.broadcasts[style.since]?.endsAt ?? world.startsAt),
      };
    }),
    parameters: PARAMETERS,
  };
}
