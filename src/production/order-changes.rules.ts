// What a change may ask of an order, and when an order has moved on from under a change that is still open.
import type { Kind, Split } from './production.rules.js';

export interface ChangedLine {
  readonly quantity: number;
  readonly quantityBefore: number;
  readonly due: string;
  readonly dueBefore: string | null;
}

/** Units of a line that are made or came in already: they are not taken back. */
export const floorOf = (line: { readonly produced: number; readonly received: number } | undefined): number => Math.max(line?.produced ?? 0, line?.received ?? 0);

/** What is wrong with a change of a line, as [field, reason]; undefined where it is what its kind says. @param floor units that are made or in already */
export function faultOfChange(kind: Kind, { quantity, quantityBefore, due, dueBefore }: ChangedLine, floor: number): readonly [field: 'quantity' | 'due', reason: string] | undefined {
  const from = dueBefore ?? due;
  switch (kind) {
    case 'increase':
      return quantity <= quantityBefore ? ['quantity', `must be above ${quantityBefore} to increase`] : undefined;
    case 'decrease':
      if (quantity >= quantityBefore || quantity < floor) return ['quantity', `must be below ${quantityBefore} and not below the ${floor} produced or received`];
      return due === from ? undefined : ['due', `a decrease moves no date: leave it at ${from}, or ask for an expedite or a delay`];
    case 'expedite':
    case 'delay':
      if (quantity !== quantityBefore) return ['quantity', `an ${kind === 'delay' ? 'order that is delayed' : 'expedite'} keeps its ${quantityBefore} units: ask for an increase or a decrease`];
      if (kind === 'expedite') return due >= from ? ['due', `must be before ${from}`] : undefined;
      return due <= from ? ['due', `must be after ${from}`] : undefined;
    default:
      return undefined;
  }
}

const RUNNING = ['confirmed', 'in-production', 'received'] as const;

/** Orders that a change of each kind can be applied to. */
export const APPLIES_TO: Readonly<Record<Kind, readonly string[]>> = {
  create: ['proposed'], increase: RUNNING, decrease: RUNNING, expedite: RUNNING, delay: RUNNING, hold: RUNNING, resume: ['on-hold'], cancel: ['confirmed', 'in-production', 'on-hold'],
};

interface OrderLine {
  readonly line_id: string;
  readonly quantity: number;
  readonly produced: number;
  readonly received: number;
}

/** Why a change can no longer be applied to its order as that stands now; undefined where it can. */
export function overtaken(
  kind: Kind, status: string, asked: readonly { readonly line_id: string; readonly quantity: number; readonly quantity_before: number }[], standing: readonly OrderLine[],
): string | undefined {
  if (!APPLIES_TO[kind].includes(status)) return `the order is ${status}`;
  if (kind !== 'increase' && kind !== 'decrease') return undefined;
  for (const l of asked) {
    const now = standing.find((x) => x.line_id === l.line_id);
    if (now === undefined) continue;
    if (now.quantity !== l.quantity_before) return `${l.line_id} is ${now.quantity} units now, not ${l.quantity_before}`;
    if (l.quantity < floorOf(now)) return `${floorOf(now)} units of ${l.line_id} are made or received already`;
  }
  return undefined;
}

/** Splits of agreed lines must add up to what is agreed, and not to less than is there already. */
export const isWhole = (agreed: { readonly quantity: number; readonly splits: readonly Split[] }, floor: number): boolean =>
  agreed.splits.every((s) => s.quantity >= 0) && agreed.splits.reduce((s, x) => s + x.quantity, 0) === agreed.quantity && agreed.quantity >= floor;
