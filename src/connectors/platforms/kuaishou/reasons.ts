// Kuaishou names a reason by a code, whose table is not public, and by a text: the text is read.
import { optionalText, type Fields } from '../payload.js';
import { reasonOf } from '../reasons-zh.js';

export const claimedReason = (refund: Fields): string | null => reasonOf(optionalText(refund, 'refundReasonDesc', 1_000));
