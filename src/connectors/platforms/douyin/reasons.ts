// Douyin names a reason by a code, whose table is not public, and by a text: the text is read.
import { listOf, optionalText, type Fields } from '../payload.js';
import { reasonOf } from '../reasons-zh.js';

/** The labels under a reason are finer than the reason (size too small under "no reason given"): they are read first. */
export function claimedReason(info: Fields): string | null {
  const labels = listOf(info['reason_second_labels'], 'reason_second_labels').map((label) => reasonOf(optionalText(label, 'name')));
  return labels.find((word) => word !== null && word !== 'other') ?? reasonOf(optionalText(info, 'reason', 1_000)) ?? labels[0] ?? null;
}
