// What came of a policy, in money and units.

/** All that came of one policy. Money in minor units, units whole. */
export interface Account {
  revenue: number; refunds: number; production: number; initialStock: number; freight: number; grading: number; markdowns: number; lateness: number; cancellations: number; salvage: number;
  demanded: number; made: number; sold: number; given: number; lost: number; late: number; leftOver: number; returned: number; restocked: number; resold: number; signals: number; samples: number;
}

export const emptyAccount = (): Account => ({
  revenue: 0, refunds: 0, production: 0, initialStock: 0, freight: 0, grading: 0, markdowns: 0, lateness: 0, cancellations: 0, salvage: 0,
  demanded: 0, made: 0, sold: 0, given: 0, lost: 0, late: 0, leftOver: 0, returned: 0, restocked: 0, resold: 0, signals: 0, samples: 0,
});

export const profitOf = (a: Account): number => a.revenue - a.refunds + a.markdowns + a.salvage - a.initialStock - a.production - a.freight - a.grading - a.lateness - a.cancellations;
