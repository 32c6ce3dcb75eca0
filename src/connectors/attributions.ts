// Which broadcast sold a line of a platform's order, decided when the line is first told and stored with its method.
import { Injectable } from '@nestjs/common';
import { slotsBetween } from '../broadcasts/index.js';
import type { Tx } from '../kernel/index.js';
import { attribution, TAIL_MS, type Attribution, type Planned } from './attribution.rules.js';
import * as store from './attribution.repository.js';
import type { LiveClue } from './platforms/platform.js';

export interface ToAttribute {
  readonly at: number;
  readonly skus: readonly string[];
  readonly live: LiveClue | null;
}

/** Lines sold further apart than this are looked at on their own: a pull of a month must not read a month's line-ups at once. */
const SPAN_MS = 6 * 3_600_000;

@Injectable()
export class Attributions {
  /** For each line its broadcast, or null. */
  async of(tx: Tx, shop: string, lines: readonly ToAttribute[]): Promise<(Attribution | null)[]> {
    const result = new Array<Attribution | null>(lines.length).fill(null);
    if (lines.length === 0) return result;
    const rooms = await store.roomsOf(tx, shop, [...new Set(lines.map((l) => l.live?.room ?? '').filter((r) => r !== ''))]);
    const inOrder = lines.map((line, i) => ({ line, i })).sort((a, b) => a.line.at - b.line.at);
    for (let from = 0; from < inOrder.length; ) {
      const first = inOrder[from]?.line.at ?? 0;
      let to = from;
      while (to < inOrder.length && (inOrder[to]?.line.at ?? 0) - first <= SPAN_MS) to++;
      const group = inOrder.slice(from, to);
      const planned = await this.plannedBetween(tx, shop, first, group.at(-1)?.line.at ?? first);
      for (const { line, i } of group) result[i] = attribution(line.at, line.skus, line.live, planned, rooms);
      from = to;
    }
    return result;
  }

  private async plannedBetween(tx: Tx, shop: string, from: number, to: number): Promise<Planned[]> {
    const planned = new Map<string, { broadcast: string; anchor: string; startsAt: number; endsAt: number; slots: { sku: string; at: number }[] }>();
    for (const r of await slotsBetween(tx, shop, new Date(from - TAIL_MS), new Date(to))) {
      const p = planned.get(r.broadcast) ?? { broadcast: r.broadcast, anchor: r.anchor, startsAt: r.starts_at.getTime(), endsAt: r.ends_at.getTime(), slots: [] };
      if (r.sku !== null && r.slot_at !== null) p.slots.push({ sku: r.sku, at: r.slot_at.getTime() });
      planned.set(r.broadcast, p);
    }
    return [...planned.values()];
  }

  save = (tx: Tx, shop: string, list: readonly store.AttributedLine[]): Promise<number> => store.saveAttributions(tx, shop, list);
}
