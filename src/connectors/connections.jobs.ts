import { z } from 'zod';
import { skusAdded } from '../catalogue/index.js';
import { defineJob } from '../kernel/index.js';

/** Fetches what webhooks named. Asked for while one runs, it is another piece of work: a hint that came meanwhile is not lost. */
export const fetchHints = defineJob({ name: 'connectors.fetch-hints', queue: 'connectors', payload: z.object({ shop: z.string() }), identity: (p) => p.shop, identityUntil: 'claimed', maxAttempts: 3 });

/** Pulls what changed in one feed of a shop, page by page. */
export const pullFeed = defineJob({ name: 'connectors.pull-feed', queue: 'connectors', payload: z.object({ shop: z.string(), feed: z.string() }), identity: (p) => `${p.shop}/${p.feed}`, maxAttempts: 3 });

/** New SKUs may be what quarantined lines were waiting for. */
export const redriveUnmapped = defineJob({ name: 'connectors.redrive-unmapped', queue: 'connectors', on: skusAdded });

/** Tells a shop's platform the changes that wait. */
export const pushStock = defineJob({ name: 'connectors.push-stock', queue: 'connectors', payload: z.object({ shop: z.string() }), identity: (p) => p.shop, identityUntil: 'claimed', maxAttempts: 3 });
