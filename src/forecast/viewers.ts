// How a broadcast's streams are exposed: by its viewers, where a live log tells of them. A show that is watched by three times as many
// sells three times as much, and that is no spike of any SKU.
import { Injectable } from '@nestjs/common';
import { Handles, type JobRun, type Tx } from '../kernel/index.js';
import { shopNow } from '../orders/index.js';
import { exposureOf, STEP_MS, type Exposure } from './math/index.js';
import { followViewers } from './forecast.facts.js';
import * as store from './exposures.repository.js';

/** A reading that is older says nothing of what comes. */
const FRESH_MS = 2 * STEP_MS;
/** Viewers beyond this many times the first reading's, or below its inverse, are taken for it: the first reading may have come before anybody was there. */
const MOST_EXPOSED = 20;

@Injectable()
export class Viewers {
  @Handles(followViewers)
  async onViewersTold(run: JobRun<{ broadcast: string; shop: string; at: string; viewers: number }>): Promise<void> {
    const { broadcast, shop, viewers } = run.payload;
    const at = new Date(run.payload.at);
    await run.effect(async (tx) => {
      await store.changeExposures(tx);
      const now = (await shopNow(tx, [shop]))[0]?.now?.getTime() ?? at.getTime();
      if (at.getTime() < now - FRESH_MS) return;
      await store.setViewerStep(tx, { broadcast, from_at: new Date((Math.floor(Math.max(now, at.getTime()) / STEP_MS) + 1) * STEP_MS), viewers }, at);
    });
  }
}

/** Of broadcasts whose viewers are known; to be read while exposures are held. */
export async function viewerExposures(tx: Tx, broadcasts: readonly string[]): Promise<ReadonlyMap<string, Exposure>> {
  const steps = new Map<string, store.ViewerStep[]>();
  for (const step of await store.viewerSteps(tx, broadcasts)) steps.set(step.broadcast, [...(steps.get(step.broadcast) ?? []), step]);
  return new Map(Array.from(steps, ([broadcast, list]) => [broadcast, exposureOf(list.map(({ from_at, viewers }) => ({ from: from_at.getTime(), exposure: exposed(viewers, list[0]?.viewers ?? 0) })))]));
}

const exposed = (viewers: number, first: number): number => Math.min(MOST_EXPOSED, Math.max(1 / MOST_EXPOSED, viewers / Math.max(1, first)));
