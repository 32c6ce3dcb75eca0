import { z } from 'zod';
import { skusAdded } from '../catalogue/index.js';
import { defineJob } from '../kernel/index.js';

/** Fetches what webhooks named. One run per shop: two would fetch the same and share one rate; a hint that comes meanwhile is seen by the run or by the next tick. */
export const fetchHints = defineJob({ name: 'connectors.fetch-hints', queue: 'connectors', payload: z.object({ shop: z.string() }), identity: (p) => p.shop, maxAttempts: 3 });

/** Pulls what changed in one feed of a shop, page by page. */
export const pullFeed = defineJob({ name: 'connectors.pull-feed', queue: 'connectors', payload: z.object({ shop: z.string(), feed: z.string() }), identity: (p) => `${p.shop}/${p.feed}`, maxAttempts: 3 });

/** New SKUs may be what quarantined lines were waiting for. */
export const redriveUnmapped = defineJob({ name: 'connectors.redrive-unmapped', queue: 'connectors', on: skusAdded });

/**
 * One pass over the lines that no SKU was known for, in runs shorter than a lease: `after` is where the run before stopped, `upTo` the
 * newest record when the pass began ('' at its start). Passes that were asked for while one waits are that one.
 */
export const redrivePass = defineJob({
  name: 'connectors.redrive-pass', queue: 'connectors', payload: z.object({ after: z.string(), upTo: z.string() }), identity: (p) => `${p.upTo}/${p.after}`, identityUntil: 'claimed',
});

/** Tells a shop's platform the changes that wait. */
export const pushStock = defineJob({ name: 'connectors.push-stock', queue: 'connectors', payload: z.object({ shop: z.string() }), identity: (p) => p.shop, maxAttempts: 3 });
