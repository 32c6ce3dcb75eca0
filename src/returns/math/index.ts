export { lagOf, priorOf, returnRateOf, shareBy, type BetaPrior, type Cohort, type Lag, type ReturnRate } from './rate.js';
export { isOutOfControl, lotEvidence, maturedExposure, type LotCount } from './lot-alarm.js';
export { askedBackWithin, CAUTION, usableReflow, type DatedReflow, type ReflowInput } from './reflow.js';
export { acceptanceChance, AQLS, samplingPlan, type SamplingPlan, type Severity } from './acceptance-sampling.js';
export { judgeLot, type LotDefects } from './lot-defects.js';
export { laneyChart, type ControlChart, type Limits, type Sample } from './control-chart.js';
export { dispersedFunnelLimits, funnelDispersion, funnelLimits } from './funnel.js';
export { cumulativeIncidence, kaplanMeier, lagShare, type Ending, type IncidenceStep } from './survival.js';
export { bornhuetterFerguson, chainLadder, pooledRate, type ChainLadder, type Developing, type Triangle } from './chain-ladder.js';
