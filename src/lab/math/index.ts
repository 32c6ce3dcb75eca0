export { ArrivalLog, arrivalsOf, type Arrivals } from './arrivals.js';
export { detectSpikes, type Detected } from './detect.js';
