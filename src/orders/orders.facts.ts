import { z } from 'zod';
import { defineFact, defineJob } from '../kernel/index.js';
import { skusAdded } from '../catalogue/index.js';

/** One batch of order events of one shop was taken in; screens follow it, nothing is computed from it. */
export const eventsRecorded = defineFact('orders.events-recorded', z.object({ shop: z.string(), events: z.number().int(), orders: z.number().int(), skus: z.number().int() }));

export const redriveQuarantine = defineJob({ name: 'orders.redrive-quarantine', queue: 'orders', on: skusAdded });
