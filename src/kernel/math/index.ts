export { negativeBinomialLogMass, negativeBinomialMean, negativeBinomialQuantiles, standardNormalQuantile, type NegativeBinomial } from './negative-binomial.js';
export { splitByLargestRemainder } from './shares.js';
export { localTime, nextLocalHour } from './zoned.js';
export { randomFrom, type Random } from './random.js';
export { wilsonInterval } from './proportion.js';
