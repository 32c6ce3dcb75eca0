export { cancellationToCome, HOLDING_MS, holdingCap } from './cancellation.js';
export { baselineRate, FLOOR_RATE, meanRate } from './baseline.js';
export { criticalFractile, decideGroup, expectedSales, type Item, type Quantity, type Terms } from './quantity.js';
export { LEVELS, nowcast, pooled, RECENT_MS, remainingInBroadcast, remainingStanding, unitsPerLine } from './remaining.js';
export { advanceStream, BIN_MS, binOf, DEFAULT_SPIKE_OPTIONS, dueAt, openStream, type Advanced, type Alarm, type Bin, type Origin, type SpikeOptions, type StreamState } from './spike.js';
export { BEGINNING_PRIOR, beginningFeatures, fitSales, salesQuantiles, STANDING_PRIOR, standingFeatures, type Beginning, type Features, type Standing } from './cold-start.js';
export { fitCounts, predicted, type CountModel, type CountRow, type NormalPrior } from './regression.js';
