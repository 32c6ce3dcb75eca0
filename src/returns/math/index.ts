export { lagOf, priorOf, returnRateOf, shareBy, type BetaPrior, type Cohort, type Lag, type ReturnRate } from './rate.js';
export { isOutOfControl, lotEvidence, maturedExposure, type LotCount } from './lot-alarm.js';
export { askedBackWithin, betaBinomialQuantile, CAUTION, usableReflow, type DatedReflow, type ReflowInput } from './reflow.js';
