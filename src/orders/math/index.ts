export { BUCKET_MS, bucketOf, contributionOf, streamsOf, type StreamCount } from './contribution.js';
export { clockStart, kindOf, broadcastOf, lineTotals, foldEvent, setAside, stateKey, type Attribute, type EventType, type Kind, type LineState, type OrderEvent, type Payment } from './settle.js';
