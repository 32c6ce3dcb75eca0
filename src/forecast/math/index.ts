export { cancellationToCome, HOLDING_MS, holdingCap } from './cancellation.js';
export { FLOOR_RATE, outsideOf, type Outside } from './baseline.js';
export {
  cappedOrders, dueShape, MOST_ORDERS_OF_A_DAY, MOST_TIMES_USUAL, TEACHING_DAYS, weeklyExposure, type ShopDay, type WeeklyShape,
} from './weekly-shape.js';
export { STEP_MS } from './daily-shape.js';
export { EVEN, exposureOf, type Exposure, type ExposureStep } from './exposure.js';
export { criticalFractile, decideGroup, expectedSales, type Item, type Quantity, type Terms } from './quantity.js';
export { LEVELS, pooled, remainingStanding, unitsPerLine } from './remaining.js';
export { Evidence } from './evidence.js';
export { currentState, storedState, type StoredStream } from './stored-state.js';
export { advanceStream, BIN_MS, binOf, DEFAULT_SPIKE_OPTIONS, dueAt, openStream, type Advanced, type Alarm, type Bin, type Origin, type SpikeOptions, type StreamState } from './spike.js';
export { croston, exponentialSmoothing, imapa, syntetosBoylan, teunterSyntetosBabai } from './intermittent.js';
export { gammaPoissonPredictive, gammaPosterior, type GammaRate } from './gamma-poisson.js';
export {
  countOutcome, countQuantity, negativeBinomialDemand, normalOutcome, normalQuantity, poissonDemand, sampleDemand, underOver, type Costs, type CountDemand, type NormalDemand, type Outcome,
} from './newsvendor.js';
export { firstOfTwo, firstOrderBySample, perfectInformationProfit, type Scenario, type SecondOrderPlan } from './second-order.js';
export { allocateAtCommonRisk, allocateWithMinimum, type CommonRisk } from './common-risk.js';
export { NAB_PROFILES, nabScore, type NabProfile, type NabSeries } from './nab-score.js';
export {
  focusBin, focusStart, MIXTURE, negativeBinomialCusum, poissonCusum, shiryaevRobertsBin, shiryaevRobertsLevel, shiryaevRobertsOrder, shiryaevRobertsStart, type FocusState, type ShiryaevRoberts,
} from './change-detection.js';
export { adaptiveNext, adaptiveStart, levelsToRead, type AdaptiveLevels } from './adaptive-levels.js';
export { rejectByEValues } from './e-values.js';
export { shareCapacity, type CapacityItem, type CapacityPlan } from './shared-capacity.js';
export { forecastSlowMovers, SLOW_MOVER_OPTIONS, type SlowMoverOptions } from './slow-movers.js';
export { regressSlowMovers } from './slow-movers-regression.js';
export { grossMargins, netMargins, type Margins, type ReturnTerms } from './returned-margin.js';
export { forecastCascade, TWITTER_DELAY, type Cascade, type CascadeEvent, type CascadeOptions, type ReactionDelay } from './self-excitation.js';
export { BEGINNING_PRIOR, beginningFeatures, STANDING_PRIOR, standingFeatures, usualUnits, type Beginning, type Features, type SalesPrior, type Standing } from './cold-start.js';
export { Market, type Growth } from './market.js';
export { fitSales, salesAtMost, salesDistribution, salesQuantiles, type Lesson, type Moments, type SalesModel } from './sales-model.js';
export {
  HORIZONS, learnHorizon, learnStanding, LEAST_HISTORY_DAYS, LESSON_STEP_DAYS, LESSONS, MOST_TEACHING, NOTHING_SINCE, PUBLISHED_STANDING, standingAtMost, standingModelOf, standingOf, standingToCome, sumsBefore, unitsBetween,
  type SalesDays, type SoldSince, type StandingModel, type StandingSchool, type StandingSku, type StandingSums,
} from './standing.js';
export { fitCounts, predicted, type CountModel, type CountRow, type NormalPrior } from './regression.js';
export { dueNow, servable, stillWaiting, unserved, type DatedDemand, type DatedUnits, type DueNow, type OrderTiming } from './timing.js';
export { lineUpOf, nowcastBroadcast, nowcastLineUp, PACE_MS, PUBLISHED_NOWCAST, type ItemState, type NowcastModel, type Remaining } from './nowcast.js';
export { inUnits, NOWCAST_LEVELS, nowcastQuantiles, unitsPerOrder } from './nowcast-units.js';
export { learnNowcast, type PastBroadcast, type PastItem } from './nowcast-learning.js';
export { curveOf, expectedUpTo, OrderTimes, pitchesOf, TAIL_MS, type Curve, type OnAir, type Pitch, type Profile, type Slot } from './nowcast-profile.js';
export type { ItemFacts } from './nowcast-prior.js';
