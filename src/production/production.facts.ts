import { z } from 'zod';
import { defineFact, defineJob } from '../kernel/index.js';
import { needChanged } from '../forecast/index.js';

const signal = z.object({ signal: z.string(), version: z.number().int(), supplier: z.string(), kind: z.string(), commitment: z.string() });

/** A version of an adjustment was issued to its supplier. */
export const signalIssued = defineFact('production.signal-issued', signal);
export const signalAnswered = defineFact('production.signal-answered', signal.extend({ verdict: z.string() }));
/** A change is in force: the production order has new quantities or dates. */
export const adjustmentApplied = defineFact('production.adjustment-applied', signal.extend({ productionOrder: z.string() }));
/** Ended without effect: rejected, expired or withdrawn. */
export const adjustmentEnded = defineFact('production.adjustment-ended', signal.extend({ status: z.string() }));

/** Plans what changed for a supplier since the last time; many changes make one job. */
export const proposeChange = defineJob({ name: 'production.propose-change', queue: 'production', on: needChanged, identity: (p) => `${p.world} ${p.supplier}`, identityUntil: 'claimed' });

/** A factory reported how far an order is. */
export const progressReported = defineFact('production.progress-reported', z.object({ productionOrder: z.string(), supplier: z.string(), stage: z.string() }));
/** A lot of an order came in and is in stock. */
export const lotReceived = defineFact('production.lot-received', z.object({ productionOrder: z.string(), supplier: z.string(), lot: z.string(), units: z.number().int() }));

/** A clock ran out: a heads-up becomes firm at the confirming hour, an unanswered version expires. */
export const fallDue = defineJob({
  name: 'production.fall-due', queue: 'production', payload: z.object({ signal: z.string(), version: z.number().int(), now: z.string() }), identity: (p) => `${p.signal}/${p.version}`,
});

/** Looks at what is recommended and not ordered, where the merchant's policy may sign for it; about once a minute of wall time. */
export const commitRecommended = defineJob({ name: 'production.commit-recommended', queue: 'production', payload: z.object({ world: z.enum(['live', 'replay']), now: z.string() }), identity: (p) => p.world });

const sample = z.object({ sampleRequest: z.string(), version: z.number().int(), round: z.number().int(), supplier: z.string(), style: z.string(), kind: z.string(), status: z.string() });
/** A version of a sample request goes to its supplier. */
export const sampleRequested = defineFact('production.sample-requested', sample);
export const sampleMoved = defineFact('production.sample-moved', sample);
/** Production of a style may go on beyond the trial quantity: a sample was approved or sealed, or a person said so. */
export const sampleCleared = defineFact('production.sample-cleared', z.object({ world: z.enum(['live', 'replay']), supplier: z.string(), style: z.string(), cause: z.string() }));

/** Plans what waited for a sample. */
export const resumeProduction = defineJob({ name: 'production.resume-production', queue: 'production', on: sampleCleared });
/** Nobody answered a sample request in time. */
export const expireSample = defineJob({ name: 'production.expire-sample', queue: 'production', payload: z.object({ sampleRequest: z.string(), version: z.number().int() }), identity: (p) => `${p.sampleRequest}/${p.version}` });
/** Looks at the line-ups of coming broadcasts, at most every ten seconds of wall time. */
export const mindLineUps = defineJob({ name: 'production.mind-line-ups', queue: 'production', payload: z.object({ world: z.enum(['live', 'replay']), now: z.string() }), identity: (p) => p.world });
