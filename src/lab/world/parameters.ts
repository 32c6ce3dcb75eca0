// What simulated worlds are made of: every number with where it is from. Log-normal parts are given by the standard deviation of
// the logarithm. [L] quantiles of 993 broadcasts of twenty of the largest live-commerce accounts, summer 2021; [M] other measured
// sources; [A] assumed: nothing better was found.

export const FAMILIES = ['cluster', 'doubly-stochastic', 'pulsed', 'replayed'] as const;
/**
 * How arrivals come about the same kind of curve: `cluster`: buyers draw buyers (a self-exciting process); `doubly-stochastic`: the
 * rate itself is random; `pulsed`: coupons bunch demand and pull it forward; `replayed`: the gaps between real orders, run at the
 * speed of the curve.
 */
export type Family = (typeof FAMILIES)[number];

export const PARAMETERS = {
  /** Median units of a broadcast of the middle anchor: an ordinary anchor, about 1/40 of the accounts of [L] (38.9k). */
  medianUnits: 900,
  /** Between anchors: [L] 1.87² − 1.53². */
  anchorSd: 1.07,
  /** Within an anchor, [L] 1.53 in all: what the whole broadcast has in common … */
  broadcastSd: 0.9,
  /** … and what each style has for itself: lasting popularity and the luck of one pitch; [L] 1.50 within anchor and category. */
  popularitySd: 1.2,
  pitchSd: 0.8,
  /** No broadcast has more units than this in expectation, so that a world stays of one size. */
  mostUnits: 60_000,
  /** [L] median 4.4 h, 25 to 75 % 3.2 to 6.4 h. */
  lengthHours: { median: 4.4, sd: 0.5, least: 1, most: 10 },
  /** Styles in a line-up; [L] 58 products are about so many styles in their colours and sizes. */
  styles: { median: 13, sd: 0.35, least: 5, most: 30 },
  /** [L] 5.1 minutes, 3.0 to 8.8. */
  pitchMinutes: { median: 5.1, sd: 0.8, least: 1, most: 20 },
  /** [L] peak over mean viewers 1.28 to 2.94. */
  peakOverMean: { least: 1.3, most: 2.4 },
  /** [A] 10 to 30 s to the full rate; about two minutes back. */
  rampSeconds: 20, fadeSeconds: 120,
  /** [A] rate of a pitch over the SKU's own lull in the broadcast, log-uniform by category: 3 to 50. */
  jump: { least: 6, most: 50 },
  /** [A] a style is pitched a second time (返场) with this chance, and sells then this share. */
  secondPitch: { chance: 0.25, share: 0.25 },
  /** [M, sources conflict] share sold after the end, half-life 6 to 24 h. */
  tail: { most: 0.2, halfLifeHours: 13 },
  /** Outside broadcasts, per day, as a share of what a broadcast sells; halves every 20 days. [A] */
  standing: { share: 0.02, halfLifeDays: 20 },
  /** Share of the styles of a broadcast that were never sold before. [A] */
  fresh: 0.5,
  /** [A] immigrants have .1 to .4 children on average, 20 to 60 s later. */
  branching: { least: 0.1, most: 0.4 }, kernelSeconds: 40,
  /** [A] variance/mean of a bin of 10 s. */
  dispersion: { least: 1.2, most: 2.7 },
  /** [A] 0 to 4 an hour, × 2 to × 8 for 30 to 90 s, 30 to 70 % of the extra pulled forward from the next 20 minutes. */
  coupons: { perHour: 2, least: 2, most: 8, secondsLeast: 30, secondsMost: 90, pulled: 0.5, pullMinutes: 20 },
  /** [A] units of an order: one, two, three or more. */
  quantities: [0.88, 0.09, 0.02, 0.01],
  /** [A] created and never paid. */
  unpaid: 0.08,
  /** Live 10 to 30 % [A]; Indian apparel 14.2 % of lines [M]. Most within minutes, the rest before shipment. */
  cancelled: { least: 0.08, most: 0.25, fastShare: 0.55, fastMinutes: 20, slowHours: 16 },
  /** Bulk purchases that are cancelled minutes later, per broadcast. [A; .5 % of orders in M] */
  bulk: { perBroadcast: 1, least: 100, most: 2_500, minutesLeast: 3, minutesMost: 25 },
  /** A giveaway of so many pieces, in one of three broadcasts. [A] */
  giveaway: { chance: 0.33, least: 50, most: 300 },
  /** [M] by category .15 / .30 / .55; styles differ with the strength of 25. */
  returnMeans: [0.15, 0.3, 0.55], returnStrength: 25,
  /** [A] sizes at the ends come back more; anchors differ by a fifth. */
  sizeFactor: [1.15, 0.95, 0.95, 1.15], anchorFactorSd: 0.12,
  /** Share of what came back that is sellable again, by category; the rest is B or C in halves. [A; yield .85 in the trade] */
  usable: [0.9, 0.85, 0.8],
  /** [M] shipped within 24 to 48 h, delivery 2 to 5 days, then a window of 7 days; 8 % later, quality mostly. */
  transitDays: { least: 2, most: 5 }, windowDays: 7, lateShare: 0.08,
  /** [M] defects Beta with mean 1 to 2.5 %; 3 % of lots are bad at 8 to 15 %. A defective unit comes back with this chance. */
  defects: { a: 1.5, b: 80, badShare: 0.03, badLeast: 0.08, badMost: 0.15, comesBack: 0.9 }, lotUnits: 300,
  /** [A] MOQ 50 to 500, lot 10 to 100, lead 3 / 7 / 15 days, premium 0 to 40 %. */
  moq: [50, 60, 100, 200, 300], lots: [10, 10, 20, 50], leadDays: [3, 7, 15], premiumBp: [0, 1_000, 2_000, 4_000], dailyCapacity: { least: 40, most: 400 },
  /** Initial stock as a share of what the first broadcast is thought to sell. [A] */
  stockShare: { least: 0.1, most: 0.8 },
  /** How wrong planners are about a style's popularity (standard deviation of the logarithm). [A] */
  planningSd: 0.8,
} as const;

/** What a category has in common. */
export interface Category {
  readonly id: string;
  readonly price: number;
  /** Rate of a pitch over the lull. */
  readonly jump: number;
  readonly returnMean: number;
  readonly usable: number;
  readonly cancelled: number;
}

export const SIZES = ['S', 'M', 'L', 'XL'] as const;
export const SIZE_RATIO = [2, 3, 3, 2] as const;
export const SHOP = 'live-1';
export const CURRENCY = 'CNY';
