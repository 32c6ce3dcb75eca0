// What of the lab works without the service: the evaluation commands.
export { detect, type DetectOptions } from './detect.js';
export { type OnBadLine, type Reading } from './inputs.js';
export { returnRates, type RateFiles, type RateOptions } from './return-rates.js';
export { nowcast, type NowcastFiles, type NowcastOptions } from './nowcast.js';
export { forecast, type ForecastOptions } from './forecast.js';
export { FAMILIES, simulate, type Family, type SimulateOptions } from './simulate.js';
export { backtest, DEFAULT_POLICIES, plan, POLICIES, type BacktestOptions, type BacktestResult, type PlannedGroup, type PlannedLine, type PolicyName } from './backtest.js';
export { AREAS, evaluate, markdownOf, type Area, type EvaluateOptions, type Evaluation } from './evaluate.js';
export type { Finding } from './trials/finding.js';
export { oversellTable, type OversellRow } from './oversell.js';
