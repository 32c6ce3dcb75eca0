export { ArrivalLog, arrivalsOf, type Arrivals } from './arrivals.js';
export { detectSpikes, type Detected } from './detect.js';
export { KEYS_BY, SalesBook, type KeyBy, type Place } from './sales.js';
