import { z } from 'zod';
import { defineFact } from '../kernel/index.js';

/** Cases were opened, or the platform said something new of them. */
export const casesRecorded = defineFact('returns.cases-recorded', z.object({ shop: z.string(), cases: z.number().int(), units: z.number().int() }));
/** Goods of a case came in and wait for inspection. */
export const goodsReceived = defineFact('returns.goods-received', z.object({ return: z.string(), sku: z.string(), units: z.number().int() }));
/** Goods of a case were graded, and went where they were sent. */
export const goodsInspected = defineFact('returns.goods-inspected', z.object({ return: z.string(), sku: z.string(), units: z.number().int(), restocked: z.number().int() }));
