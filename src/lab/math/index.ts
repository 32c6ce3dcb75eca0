export { ArrivalLog, arrivalsOf, type Arrivals } from './arrivals.js';
export { detectSpikes, type Detected } from './detect.js';
export { KEYS_BY, SalesBook, type KeyBy, type Place } from './sales.js';
export { BroadcastSales, type SkuSales } from './broadcast-sales.js';
export { airOf, nowcasts, pastBroadcasts, taught, type Known, type PlannedBroadcast, type SkuNowcast } from './nowcast.js';
export { beginningOf, EARLY_MS, forecastAt, forecastLaunches, launchesOf, type Launch, type SkuForecast } from './forecast.js';
export { DAY_MS, firstFrom, netUnits, SalesLog, type SaleLine } from './sales-log.js';
