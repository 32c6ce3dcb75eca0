import { z } from 'zod';
import { termsChanged } from '../catalogue/index.js';
import { stockChanged } from '../inventory/index.js';
import { viewersTold } from '../broadcasts/index.js';
import { defineFact, defineJob } from '../kernel/index.js';

export const spikeDetected = defineFact(
  'forecast.spike-detected',
  z.object({ id: z.string(), shop: z.string(), sku: z.string(), broadcast: z.string(), detectedAt: z.string(), orders: z.number(), expectedOrders: z.number(), ratio: z.number() }),
);

/** Decisions about SKUs of one supplier changed, by groups, each of which shares a minimum order and lots; `takeNeeds` has the whole of it. */
export const needChanged = defineFact(
  'forecast.need-changed',
  z.object({
    world: z.enum(['live', 'replay']),
    supplier: z.string(),
    groups: z.array(z.object({ group: z.string(), at: z.string(), lines: z.array(z.object({ sku: z.string(), assessment: z.string(), firm: z.number().int(), recommended: z.number().int() })) })),
  }),
);

/** Assesses the dirty streams of one shard; enqueued by the ticker, never one per order. */
export const assess = defineJob({
  name: 'forecast.assess', queue: 'forecast', payload: z.object({ shard: z.number().int(), shards: z.number().int() }), identity: (p) => `${p.shard}/${p.shards}`,
});

/** Stock came in or was corrected: the need of its SKUs is looked at again. */
export const reassess = defineJob({ name: 'forecast.reassess', queue: 'forecast', on: stockChanged });

/** Who makes SKUs, or on which terms, changed: their need is decided anew in both worlds, which share one catalogue. */
export const reassessTerms = defineJob({ name: 'forecast.reassess-terms', queue: 'forecast', on: termsChanged });

/** A broadcast has ended: what a nowcast knows is learned anew from the latest ones of a world. */
export const learnFromBroadcasts = defineJob({ name: 'forecast.learn-from-broadcasts', queue: 'forecast', payload: z.object({ world: z.enum(['live', 'replay']) }), identity: (p) => p.world });

/** A day has begun: what sold outside broadcasts is summed up by day, and its forecast learned anew from what is complete. */
export const learnFromSales = defineJob({ name: 'forecast.learn-from-sales', queue: 'forecast', payload: z.object({ world: z.enum(['live', 'replay']) }), identity: (p) => p.world });

/** What a live log says of viewers exposes the streams of its broadcast from the next quarter of an hour on. */
export const followViewers = defineJob({ name: 'forecast.follow-viewers', queue: 'forecast', on: viewersTold });
