import { z } from 'zod';
import { defineFact, defineJob } from '../kernel/index.js';

/** Stock came in, or a person corrected it; orders that take their units are not told one by one. */
export const stockChanged = defineFact('inventory.stock-changed', z.object({ world: z.enum(['live', 'replay']), cause: z.string(), skus: z.array(z.string()) }));

/** Takes up the orders that changed since the last time; enqueued by the tick, and by itself where more are waiting. */
export const settleOrders = defineJob({ name: 'inventory.settle-orders', queue: 'orders', payload: z.object({}), identity: () => 'all', identityUntil: 'claimed' });
