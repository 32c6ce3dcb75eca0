import { z } from 'zod';
import { defineFact } from '../kernel/index.js';

/**
 * When a broadcast was on air, what it planned or what it showed is known better than before: lines sold in this span of it may be
 * another broadcast's. Times as in RFC 3339.
 */
export const broadcastChanged = defineFact('broadcasts.broadcast-changed', z.object({ broadcast: z.string(), shop: z.string(), from: z.string(), to: z.string() }));

/** How many people watched a broadcast at a moment, as its live log says; of several readings told at once the latest. */
export const viewersTold = defineFact('broadcasts.viewers-told', z.object({ broadcast: z.string(), shop: z.string(), at: z.string(), viewers: z.number().int().nonnegative() }));
