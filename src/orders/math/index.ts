export { BUCKET_MS, bucketOf, contributionOf, streamsOf, type StreamCount } from './contribution.js';
export { clockStart, kindOf, broadcastOf, lineTotals, foldEvent, foldInto, foldUnits, NO_ATTRIBUTES, setAside, stateKey, withAttributes, type Attribute, type EventType, type Kind, type LineState, type OrderEvent, type OwnLine, type Payment } from './settle.js';
