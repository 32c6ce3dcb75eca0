import { z } from 'zod';
import { defineFact, defineJob } from '../kernel/index.js';

export const spikeDetected = defineFact(
  'forecast.spike-detected',
  z.object({ id: z.string(), shop: z.string(), sku: z.string(), broadcast: z.string(), detectedAt: z.string(), orders: z.number(), expectedOrders: z.number(), ratio: z.number() }),
);

/** Decisions of one supplier changed: some groups of SKUs, each of which shares a minimum order and lots. */
const needLine = z.object({
  sku: z.string(),
  assessment: z.string(),
  firm: z.number().int(),
  recommended: z.number().int(),
  surplus: z.number().int(),
  committedNeed: z.number().int(),
  lateProduction: z.number().int(),
  p50: z.number().int(),
  p90: z.number().int(),
  spike: z.string().nullable(),
  /** Units of production, in time or late, that the need is net of. */
  production: z.number().int(),
  /** Calendar date of the supplier by which it is promised. */
  promise: z.string(),
  /** What a factory may know of why: counts and the broadcast, never prices or buyers. */
  evidence: z.object({
    gross: z.number().int(), paid: z.number().int(), cancelled: z.number().int(), open: z.number().int(), broadcast: z.string().nullable(), anchor: z.string().nullable(),
  }),
});
const needChangedPayload = z.object({
  world: z.enum(['live', 'replay']),
  supplier: z.string(),
  groups: z.array(z.object({ group: z.string(), at: z.string(), lines: z.array(needLine) })),
});
export type NeedChanged = z.infer<typeof needChangedPayload>;
export const needChanged = defineFact('forecast.need-changed', needChangedPayload);

/** Assesses the dirty streams of one shard; enqueued by the ticker, never one per order. */
export const assess = defineJob({
  name: 'forecast.assess', queue: 'forecast', payload: z.object({ shard: z.number().int(), shards: z.number().int() }), identity: (p) => `${p.shard}/${p.shards}`,
});
