// What of orders works without the service: the columns of their files.
export { checkOrderRow, digestOf, ORDER_COLUMNS, orderEvent, orderEventOf } from './orders.file.js';
