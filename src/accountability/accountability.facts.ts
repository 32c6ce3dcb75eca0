import { z } from 'zod';
import { defineFact, defineJob } from '../kernel/index.js';
import { caseVoided, goodsInspected } from '../returns/index.js';

/** Who answers for units of a return was said, by policy or by a person. */
export const responsibilityProposed = defineFact('accountability.responsibility-proposed', z.object({ return: z.string(), sku: z.string(), units: z.number().int(), parties: z.array(z.string()) }));

/** Units were charged without their goods, which came after all, or were never lost: a person says what becomes of the chargeback, and then of the units. */
export const decisionAwaited = defineFact('accountability.decision-awaited', z.object({ return: z.string(), sku: z.string(), chargeback: z.string(), reason: z.enum(['goods-came', 'nothing-lost']) }));

const chargeback = z.object({
  chargeback: z.string(), version: z.number().int(), party: z.string(), partyId: z.string(),
  /** The party where it is a supplier: whom factories' streams and webhooks are for. */
  supplier: z.string().nullable(), status: z.string(), units: z.number().int(), amount: z.number().int(), currency: z.string(),
});
/** A chargeback was sent to its party. */
export const chargebackNotified = defineFact('accountability.chargeback-notified', chargeback);
/** Answered, judged, posted, settled or withdrawn: its status says which. */
export const chargebackMoved = defineFact('accountability.chargeback-moved', chargeback);

/** Judges inspected units by the policy and asks their parties. */
export const assignResponsibility = defineJob({ name: 'accountability.assign-responsibility', queue: 'production', on: goodsInspected });

/** A draft's time to be sent has come, or a party's time to answer is over. */
export const chargebackDue = defineJob({
  name: 'accountability.chargeback-due', queue: 'production', payload: z.object({ chargeback: z.string(), version: z.number().int(), now: z.string() }), identity: (p) => `${p.chargeback}/${p.version}`,
});

/** Takes back what was asked for a case by which nothing was lost. */
export const forgetClaims = defineJob({ name: 'accountability.forget-claims', queue: 'production', on: caseVoided });
