// Standing sales: summed up by day in a job of its own at the start of each day, and a model learned from them; remembered by every
// process. So an assessment reads one row of a SKU and what came since that day, whatever the history.
import { setImmediate } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import type { SkuTerms } from '../catalogue/index.js';
import { Handles, Jobs, newId, type JobRun, type Tx } from '../kernel/index.js';
import { allClocks, type ShopClockRow } from '../orders/index.js';
import { HORIZONS, learnHorizon, Market, MOST_TEACHING, standingModelOf, standingOf, type Standing, type StandingSchool } from './math/index.js';
import { learnFromSales } from './forecast.facts.js';
import * as store from './standing.repository.js';
import { PRIOR_STANDING, type NamedStanding } from './standing.rules.js';
import { learnWeeks } from './weekly.js';

type World = 'live' | 'replay';

const DAY_MS = 86_400_000;
/** Of a day orders still come for so long after it; what comes later has its SKU summed up anew. */
const SETTLING_DAYS = 2;
/** A year and what lies before it, for the season. */
const KEPT_DAYS = 800;
const MODELS_KEPT = 30;
/** Where nothing was summed up yet, an assessment looks back so far. */
const UNSUMMED_DAYS = 27;
/** Asked for at most so often, by the clock of the process. */
const ASK_AGAIN_MS = 60_000;

interface InForce {
  readonly id: string;
  readonly named: NamedStanding;
  readonly usual: store.UsualPrices;
}

@Injectable()
export class StandingService {
  private readonly askedAt = new Map<World, number>();
  private readonly inForce = new Map<World, InForce>();

  constructor(@Inject(Jobs) private readonly jobs: Jobs) {}

  /** The model in force; the published prior until an outcome is complete. */
  async current(tx: Tx, world: World): Promise<InForce> {
    const latest = await store.latestStanding(tx, world);
    if (latest === undefined) return { id: '', named: PRIOR_STANDING, usual: {} };
    const known = this.inForce.get(world);
    if (known?.id === latest.id) return known;
    const found = await store.findStanding(tx, latest.id);
    // A day on which no outcome was complete taught nothing.
    const current = { id: latest.id, named: found === undefined || found.model.lessons === 0 ? PRIOR_STANDING : { id: latest.id, asOf: dateOfDay(latest.day), model: found.model }, usual: found?.usual ?? {} };
    this.inForce.set(world, current);
    return current;
  }

  /** How SKUs sell outside broadcasts at the world's `now`; those that never did are absent. */
  async ofSkus(tx: Tx, world: World, usual: store.UsualPrices, shops: readonly string[], terms: readonly SkuTerms[], now: Date): Promise<Map<string, Standing>> {
    const at = now.getTime() / DAY_MS;
    // Before anything was summed up, or where a replay runs ahead of it, older windows are not read.
    const sold = await store.standingSold(tx, world, shops, terms.map((t) => t.sku), Math.floor(at) - UNSUMMED_DAYS);
    return new Map(terms.flatMap((t) => {
      const s = sold.get(t.sku);
      const standing = s === undefined ? undefined : standingOf(s.before, s.since, s.until, at, Math.max(1, t.price) / Math.max(1, usual[t.currency] ?? t.price));
      return standing === undefined ? [] : [[t.sku, standing] as const];
    }));
  }

  /** Asks for learning where a day has begun since; at most once a minute of wall time. */
  async remind(tx: Tx, world: World, now: Date): Promise<void> {
    const latest = await store.latestStanding(tx, world);
    if (latest !== undefined && (latest.learned_lately || latest.day >= Math.floor(now.getTime() / DAY_MS))) return;
    const asked = this.askedAt.get(world);
    if (asked !== undefined && performance.now() - asked < ASK_AGAIN_MS) return;
    this.askedAt.set(world, performance.now());
    await this.jobs.enqueue(tx, learnFromSales, [{ world }]);
  }

  @Handles(learnFromSales)
  async learn(run: JobRun<{ world: World }>): Promise<void> {
    const { world } = run.payload;
    await run.effect(async (tx) => {
      const clocks = (await allClocks(tx)).filter((c) => c.clock === world && c.now !== null);
      const now = nowOf(clocks);
      const latest = await store.latestStanding(tx, world);
      if (now === undefined || (latest !== undefined && latest.day >= Math.floor(now.getTime() / DAY_MS))) return;
      const day = Math.floor(now.getTime() / DAY_MS);
      const shops = clocks.map((c) => c.id);
      const from = latest === undefined ? day - KEPT_DAYS : latest.day - SETTLING_DAYS;
      await store.sumUpDays(tx, world, shops, from, day, day - KEPT_DAYS);
      await store.sumUpSkus(tx, world, shops, day, day - SETTLING_DAYS);
      const usual = await store.usualPrices(tx, world);
      const market = new Market();
      const days = await store.marketDays(tx, world, shops);
      for (const d of days) market.addSum((d.day + 0.5) * DAY_MS, d.units, d.lines);
      const skus = (await store.taughtSkus(tx, world, MOST_TEACHING)).map((k) => ({ sales: k, style: k.style, relativePrice: Math.max(1, k.price) / Math.max(1, usual[k.currency] ?? k.price) }));
      const school: StandingSchool = { skus, market, start: days[0]?.day ?? day, day };
      const before = (await this.current(tx, world)).named.model;
      const learned = [];
      for (const horizon of HORIZONS) {
        learned.push(learnHorizon(school, horizon, before));
        // Others are served between two fits.
        await setImmediate();
      }
      await store.insertStanding(tx, { id: newId('st'), world, day, model: standingModelOf(school, learned), usual });
      await store.forgetStanding(tx, world, MODELS_KEPT);
      await learnWeeks(tx, world, shops, from, day);
    });
  }
}

const dateOfDay = (day: number): string => new Date(day * DAY_MS).toISOString().slice(0, 10);

const nowOf = (clocks: readonly ShopClockRow[]): Date | undefined => clocks.reduce<Date | undefined>((latest, c) => (c.now !== null && (latest === undefined || c.now > latest) ? c.now : latest), undefined);
