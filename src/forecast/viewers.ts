// How a broadcast's streams are exposed: by its viewers, where a live log tells of them. A show that is watched by three times as many
// sells three times as much, and that is no spike of any SKU.
import { Injectable } from '@nestjs/common';
import { Handles, type JobRun, type Tx } from '../kernel/index.js';
import { shopNow } from '../orders/index.js';
import { exposureOf, STEP_MS, type Exposure, type ExposureStep } from './math/index.js';
import { followViewers } from './forecast.facts.js';
import * as store from './exposures.repository.js';

/** A reading says nothing of what comes later than this. */
const FRESH_MS = 2 * STEP_MS;
/** A show that is watched by more times as many, or by fewer, than this is another show: what beyond it is sold is news. */
const MOST_EXPOSED = 5;

@Injectable()
export class Viewers {
  @Handles(followViewers)
  async onViewersTold(run: JobRun<{ broadcast: string; shop: string; at: string; viewers: number }>): Promise<void> {
    const { broadcast, shop, viewers } = run.payload;
    const at = new Date(run.payload.at);
    await run.effect(async (tx) => {
      // Assessments wait while exposures are changed, so what is too old to change any does not ask for it.
      if (at.getTime() < (await nowOf(tx, shop, at)) - FRESH_MS) return;
      await store.changeExposures(tx);
      const now = await nowOf(tx, shop, at);
      await store.setViewerStep(tx, { broadcast, from_at: new Date((Math.floor(Math.max(now, at.getTime()) / STEP_MS) + 1) * STEP_MS), viewers }, at);
    });
  }
}

const nowOf = async (tx: Tx, shop: string, at: Date): Promise<number> => (await shopNow(tx, [shop]))[0]?.now?.getTime() ?? at.getTime();

/** Of broadcasts whose viewers are known; to be read while exposures are held. */
export async function viewerExposures(tx: Tx, broadcasts: readonly string[]): Promise<ReadonlyMap<string, Exposure>> {
  const steps = new Map<string, store.ViewerStep[]>();
  for (const step of await store.viewerSteps(tx, broadcasts)) steps.set(step.broadcast, [...(steps.get(step.broadcast) ?? []), step]);
  return new Map(Array.from(steps, ([broadcast, list]) => [broadcast, exposureOf(exposed(list))]));
}

function exposed(list: readonly store.ViewerStep[]): ExposureStep[] {
  const first = list[0]?.viewers ?? 1;
  return list.flatMap(({ from_at, viewers }, i) => {
    const from = from_at.getTime();
    const forgotten = from + FRESH_MS;
    const step = { from, exposure: Math.min(MOST_EXPOSED, Math.max(1 / MOST_EXPOSED, viewers / first)) };
    // Where nobody counts any more, nothing is known.
    return (list[i + 1]?.from_at.getTime() ?? Infinity) > forgotten ? [step, { from: forgotten, exposure: 1 }] : [step];
  });
}
