// What of broadcasts works without the service: the columns of their files.
export { BROADCAST_COLUMNS, checkBroadcastRow, parseComponents } from './broadcasts.file.js';
