// What of the lab works without the service: the evaluation commands. Each brings its own modules when it is called: all of them
// together take longer to load than some commands take to answer.
export type { DetectOptions } from './detect.js';
export type { OnBadLine, Reading } from './inputs.js';
export type { RateFiles, RateOptions } from './return-rates.js';
export type { NowcastFiles, NowcastOptions } from './nowcast.js';
export type { ForecastOptions } from './forecast.js';
export type { Family, SimulateOptions } from './simulate.js';
export type { BacktestOptions, BacktestResult, PlannedGroup, PlannedLine, PolicyName } from './backtest.js';
export type { Area, EvaluateOptions, Evaluation } from './evaluate.js';
export type { Finding } from './trials/finding.js';
export type { OversellRow } from './oversell.js';

export const detect: typeof import('./detect.js').detect = async (...asked) => (await import('./detect.js')).detect(...asked);
export const returnRates: typeof import('./return-rates.js').returnRates = async (...asked) => (await import('./return-rates.js')).returnRates(...asked);
export const nowcast: typeof import('./nowcast.js').nowcast = async (...asked) => (await import('./nowcast.js')).nowcast(...asked);
export const forecast: typeof import('./forecast.js').forecast = async (...asked) => (await import('./forecast.js')).forecast(...asked);
export const simulate: typeof import('./simulate.js').simulate = async (...asked) => (await import('./simulate.js')).simulate(...asked);
export const backtest: typeof import('./backtest.js').backtest = async (...asked) => (await import('./backtest.js')).backtest(...asked);
export const plan: typeof import('./backtest.js').plan = async (...asked) => (await import('./backtest.js')).plan(...asked);
export const oversell = (): Promise<typeof import('./oversell.js')> => import('./oversell.js');
export const evaluation = (): Promise<typeof import('./evaluate.js')> => import('./evaluate.js');
