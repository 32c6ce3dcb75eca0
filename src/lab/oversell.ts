// Fake platforms that sell on their own: how many units more than there are they sell together, against how long we take to hear and
// to push, with and without buffers. The rules are those of the service.
import { drawPoisson, randomFrom, type Random } from '../kernel/math/index.js';
import { offersOf, type Offer, type Sharer } from '../connectors/math/index.js';

export interface OversellSetting {
  readonly pile: number;
  /** Units per second that buyers want at each shop while the show runs. */
  readonly demand: readonly number[];
  readonly seconds: number;
  /** Seconds from a sale until we hear of it, and the same from a push until it is shown. */
  readonly delay: number;
  readonly policy: 'no-buffer' | 'buffer';
  readonly risk: number;
}

export interface Oversold {
  readonly oversold: number;
  /** Units that nobody could buy although buyers came. */
  readonly unsold: number;
}

const STEP_SECONDS = 0.25;
const TICK_SECONDS = 1;
/** The faster of the rates over these spans is taken for the rate, as in the service: a minute is steady, ten seconds see a pitch begin. */
const RATE_SECONDS = [10, 60];

interface Platform {
  readonly shop: string;
  stock: number;
  sold: number;
  refused: number;
  pushed: number;
  readonly heard: { at: number; units: number }[];
  readonly pushes: { at: number; change: number }[];
}

const heardOf = (p: Platform, now: number, since = -Infinity): number => p.heard.reduce((sum, h) => sum + (h.at <= now && h.at > since ? h.units : 0), 0);

/** One show: both platforms sell from what they show; we hear late, and push late. */
export function sellShared(setting: OversellSetting, random: Random): Oversold {
  const platforms = setting.demand.map((_, i): Platform => ({ shop: `shop-${i + 1}`, stock: 0, sold: 0, refused: 0, pushed: 0, heard: [], pushes: [] }));
  const tick = (now: number): void => {
    const free = setting.pile - platforms.reduce((sum, p) => sum + heardOf(p, now), 0);
    const sharers = platforms.map((p): Sharer => ({
      shop: p.shop, shown: p.pushed - heardOf(p, now), perSecond: Math.max(...RATE_SECONDS.map((span) => heardOf(p, now, now - span) / span)), hearSeconds: setting.delay, pushSeconds: setting.delay, buffer: null,
    }));
    const offers: readonly Pick<Offer, 'change'>[] = setting.policy === 'buffer' ? offersOf(free, sharers, setting.risk) : sharers.map((s) => ({ change: Math.max(0, free) - s.shown }));
    offers.forEach(({ change }, i) => {
      const p = platforms[i];
      if (p === undefined || change === 0) return;
      p.pushed += change;
      p.pushes.push({ at: now + setting.delay, change });
    });
  };
  // Before the show every platform shows what it was told.
  tick(0);
  for (const p of platforms) p.stock = p.pushed;
  for (const p of platforms) p.pushes.length = 0;
  for (let step = 1; step * STEP_SECONDS <= setting.seconds; step++) {
    const now = step * STEP_SECONDS;
    platforms.forEach((p, i) => {
      while (p.pushes[0] !== undefined && p.pushes[0].at <= now) p.stock += p.pushes.shift()?.change ?? 0;
      const wanted = drawPoisson(random, (setting.demand[i] ?? 0) * STEP_SECONDS);
      const units = Math.max(0, Math.min(wanted, p.stock));
      p.refused += wanted - units;
      p.stock -= units;
      p.sold += units;
      if (units > 0) p.heard.push({ at: now + setting.delay, units });
    });
    if (now % TICK_SECONDS === 0) tick(now);
  }
  const sold = platforms.reduce((sum, p) => sum + p.sold, 0);
  return { oversold: Math.max(0, sold - setting.pile), unsold: Math.min(Math.max(0, setting.pile - sold), platforms.reduce((sum, p) => sum + p.refused, 0)) };
}

export interface OversellRow {
  readonly delay: number;
  readonly policy: OversellSetting['policy'];
  readonly oversold: { readonly mean: number; readonly worst: number };
  readonly unsold: number;
  readonly shows: number;
}

/** Shows by delay and policy, the same buyers for both. */
export function oversellTable(options: { pile: number; demand: readonly number[]; seconds: number; delays: readonly number[]; shows: number; seed: number; risk: number }): OversellRow[] {
  return options.delays.flatMap((delay) => (['no-buffer', 'buffer'] as const).map((policy): OversellRow => {
    const runs = Array.from({ length: options.shows }, (_, i) => sellShared({ pile: options.pile, demand: options.demand, seconds: options.seconds, delay, policy, risk: options.risk }, randomFrom(options.seed * 100_000 + i)));
    const mean = (pick: (o: Oversold) => number): number => Math.round((10 * runs.reduce((s, o) => s + pick(o), 0)) / runs.length) / 10;
    return { delay, policy, oversold: { mean: mean((o) => o.oversold), worst: Math.max(...runs.map((o) => o.oversold)) }, unsold: mean((o) => o.unsold), shows: runs.length };
  }));
}
