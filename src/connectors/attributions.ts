// Which broadcast sold a line of a platform's order, decided when the line is first told and stored with its method.
import { Inject, Injectable } from '@nestjs/common';
import { AccessService, type Principal } from '../access/index.js';
import { anchorOf, showingsOf, shownIn, slotsBetween, type ShownRow } from '../broadcasts/index.js';
import { DomainError, type Tx } from '../kernel/index.js';
import { IntakeService } from '../orders/index.js';
import { attribution, isGuess, TAIL_MS, type Attribution, type Planned } from './attribution.rules.js';
import * as store from './attribution.repository.js';
import type { LiveClue } from './platforms/platform.js';

export interface ToAttribute {
  readonly at: number;
  readonly skus: readonly string[];
  readonly live: LiveClue | null;
}

/** Lines sold further apart than this are looked at on their own: a pull of a month must not read a month's line-ups at once. */
const SPAN_MS = 6 * 3_600_000;

const PASS = 1_000;

@Injectable()
export class Attributions {
  constructor(
    @Inject(IntakeService) private readonly intake: IntakeService,
    @Inject(AccessService) private readonly access: AccessService,
  ) {}

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

  /** The broadcasts of a shop that overlap a span or had their tail in it: what they planned, and what their live logs say. */
  async plannedBetween(tx: Tx, shop: string, from: number, to: number): Promise<Planned[]> {
    const planned = new Map<string, Omit<Planned, 'shown'> & { slots: { sku: string; at: number }[] }>();
    for (const r of await slotsBetween(tx, shop, new Date(from - TAIL_MS), new Date(to))) {
      const p = planned.get(r.broadcast) ?? { broadcast: r.broadcast, anchor: r.anchor, startsAt: r.starts_at.getTime(), endsAt: r.ends_at.getTime(), slots: [] };
      if (r.sku !== null && r.slot_at !== null) p.slots.push({ sku: r.sku, at: r.slot_at.getTime() });
      planned.set(r.broadcast, p);
    }
    const logs = new Map<string, ShownRow[]>();
    for (const row of await shownIn(tx, [...planned.keys()])) {
      const log = logs.get(row.broadcast);
      if (log === undefined) logs.set(row.broadcast, [row]);
      else log.push(row);
    }
    return [...planned.values()].map((p) => {
      const log = logs.get(p.broadcast);
      return { ...p, shown: log === undefined ? null : showingsOf(log.map((e) => ({ kind: e.kind, at: e.at.getTime(), skus: e.skus })), p.endsAt) };
    });
  }

  save = (tx: Tx, shop: string, list: readonly store.AttributedLine[]): Promise<number> => store.saveAttributions(tx, shop, list);

  /** Better knowledge of lines that were counted before: it stands where it is surer than what was known, and as sure but of the platform's own word. */
  async correct(tx: Tx, shop: string, list: readonly store.AttributedLine[]): Promise<number> {
    await store.lockAttributions(tx, shop);
    const known = await store.knownAttributions(tx, shop, list.map((a) => a.orderId));
    // One word per line: of several the surest stands, and of equally sure ones always the same.
    const best = new Map<string, store.AttributedLine>();
    for (const a of list) {
      const key = `${a.orderId}\0${a.lineId}`;
      const other = best.get(key);
      if (other === undefined || a.confidence > other.confidence || (a.confidence === other.confidence && a.broadcast < other.broadcast)) best.set(key, a);
    }
    const better = [...best.values()].filter((a) => { const k = known.get(`${a.orderId}\0${a.lineId}`); return k === undefined || a.confidence > k.confidence || (a.confidence === k.confidence && a.broadcast !== k.broadcast && !isGuess(a.method)); });
    if (better.length === 0) return 0;
    await store.saveAttributions(tx, shop, better);
    return this.intake.attribute(tx, shop, better);
  }

  /** Says which of our broadcasts a platform's room was: lines counted under the room's own name follow. */
  async nameRoom(tx: Tx, actor: Principal, shop: string, room: string, broadcast: string): Promise<number> {
    const found = await anchorOf(tx, broadcast);
    if (found === undefined) throw new DomainError(422, 'unknown-broadcast', `broadcast: ${broadcast} does not exist`, { errors: [{ field: 'broadcast', detail: 'does not exist' }] });
    await store.saveRoom(tx, shop, room, broadcast);
    await this.access.audit(tx, actor, 'live-room.named', `${shop}/${room}`, undefined, { broadcast });
    let moved = 0;
    for (;;) {
      const lines = broadcast === room ? [] : await store.linesOfRoom(tx, shop, room, PASS);
      if (lines.length === 0) return moved;
      const list = lines.map((l) => ({ orderId: l.order_id, lineId: l.line_id, broadcast, anchor: found.anchor, method: l.method, confidence: l.confidence }));
      await store.saveAttributions(tx, shop, list);
      moved += await this.intake.attribute(tx, shop, list);
    }
  }
}
