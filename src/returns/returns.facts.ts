import { z } from 'zod';
import { defineFact, defineJob } from '../kernel/index.js';

/** Cases were opened, or the platform said something new of them. */
export const casesRecorded = defineFact('returns.cases-recorded', z.object({ shop: z.string(), cases: z.number().int(), units: z.number().int() }));
/** Goods of a case came in and wait for inspection. */
export const goodsReceived = defineFact('returns.goods-received', z.object({ return: z.string(), sku: z.string(), units: z.number().int() }));
/** Goods of a case were graded, and went where they were sent. */
export const goodsInspected = defineFact('returns.goods-inspected', z.object({ return: z.string(), sku: z.string(), units: z.number().int(), restocked: z.number().int() }));

/** A lot is out of control: more of it comes back faulty than the limit allows. */
export const alarmRaised = defineFact('returns.alarm-raised', z.object({ alarm: z.string(), lot: z.string(), supplier: z.string().nullable(), skus: z.array(z.string()), defects: z.number().int(), left: z.number().int(), quarantined: z.number().int() }));
export const alarmClosed = defineFact('returns.alarm-closed', z.object({ alarm: z.string(), lot: z.string(), supplier: z.string().nullable(), status: z.string(), readmitted: z.number().int() }));

/** Looks at the lots of inspected goods. */
export const watchLots = defineJob({ name: 'returns.watch-lots', queue: 'production', on: goodsInspected });
/** Works out what is expected back of a SKU; asked for whenever its returns change, and once for many changes. */
export const expectReflow = defineJob({
  name: 'returns.expect-reflow', queue: 'production', payload: z.object({ world: z.enum(['live', 'replay']), sku: z.string() }), identity: (p) => `${p.world} ${p.sku}`, identityUntil: 'claimed',
});
/** The platform refused a case, its buyer withdrew it, or the merchant won the appeal: nothing is lost by it without goods. */
export const caseVoided = defineFact('returns.case-voided', z.object({ return: z.string(), status: z.string() }));
