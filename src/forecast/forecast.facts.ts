import { z } from 'zod';
import { defineFact, defineJob } from '../kernel/index.js';

export const spikeDetected = defineFact(
  'forecast.spike-detected',
  z.object({ id: z.string(), shop: z.string(), sku: z.string(), broadcast: z.string(), detectedAt: z.string(), orders: z.number(), expectedOrders: z.number(), ratio: z.number() }),
);

/** The decision for one group of SKUs (whose minimum and lots bind their sum) of one supplier changed. */
const needChangedPayload = z.object({
  world: z.enum(['live', 'replay']),
  supplier: z.string(),
  group: z.string(),
  at: z.string(),
  lines: z.array(
    z.object({
      sku: z.string(), assessment: z.string(), firm: z.number().int(), recommended: z.number().int(), surplus: z.number().int(), committedNeed: z.number().int(),
      lateProduction: z.number().int(), p50: z.number().int(), p90: z.number().int(), spike: z.string().nullable(), promise: z.string(),
    }),
  ),
});
export type NeedChanged = z.infer<typeof needChangedPayload>;
export const needChanged = defineFact('forecast.need-changed', needChangedPayload);

/** Assesses the dirty streams of one shard; enqueued by the ticker, never one per order. */
export const assess = defineJob({
  name: 'forecast.assess', queue: 'forecast', payload: z.object({ shard: z.number().int(), shards: z.number().int() }), identity: (p) => `${p.shard}/${p.shards}`,
});
