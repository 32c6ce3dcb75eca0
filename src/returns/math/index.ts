export { CohortSums, type SoldUnits } from './cohorts.js';
export { lagOf, priorOf, ratesByKey, returnRateOf, shareBy, type BetaPrior, type Cohort, type Lag, type ReturnRate } from './rate.js';
