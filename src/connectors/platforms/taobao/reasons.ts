// Taobao gives a reason as a text of the category's own list: the text is read.
import { optionalText, type Fields } from '../payload.js';
import { reasonOf } from '../reasons-zh.js';

export const claimedReason = (refund: Fields): string | null => reasonOf(optionalText(refund, 'reason', 1_000));
