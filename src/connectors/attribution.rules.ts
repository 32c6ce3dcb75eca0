// Which broadcast sold a line: what the platform says, else what was shown or planned to be shown then, never as a fact: with a method and how sure
// it is. Pure.
import type { LiveClue } from './platforms/platform.js';

const GUESSES = ['live-log', 'slot', 'line-up'] as const;
export type Method = LiveClue['method'] | (typeof GUESSES)[number];

/** Found by looking at what was on air, rather than said by anybody: better knowledge of that makes it anew. */
export const isGuess = (method: Method): boolean => (GUESSES as readonly Method[]).includes(method);

export interface Attribution {
  readonly broadcast: string;
  readonly anchor: string | null;
  readonly method: Method;
  /** 0 to 1: the platform's own word, or the usual share of right guesses of its kind, shared among rival broadcasts. */
  readonly confidence: number;
}

/** A planned broadcast of the shop, its slots in order. */
export interface Planned {
  readonly broadcast: string;
  readonly anchor: string;
  readonly startsAt: number;
  readonly endsAt: number;
  readonly slots: readonly { readonly sku: string; readonly at: number }[];
  /** What its live log says was on screen, in order; null without a log. */
  readonly shown: readonly { readonly sku: string; readonly from: number; readonly to: number }[] | null;
}

const SAID: Readonly<Record<LiveClue['method'], number>> = { 'order-line': 1, 'affiliate-order': 0.95, 'order-note': 0.95 };
/** Orders still come in for a while after the anchor has gone. */
export const TAIL_MS = 30 * 60_000;
/** A link is still being bought while the next one is shown. */
const LINGER_MS = 10 * 60_000;
/** What a guess is worth that was made while the SKU was on screen, in its planned slot, at another time of the broadcast, and after its end. */
const SHOWN = 0.93;
const IN_SLOT = 0.9;
const RUNNING = 0.7;
const AFTER = 0.5;
/** A guess below this is none. */
const LEAST = 0.5;

const runs = (p: Planned, at: number): boolean => at >= p.startsAt && at <= p.endsAt + TAIL_MS;

function guess(p: Planned, skus: readonly string[], at: number): { method: Method; confidence: number } | undefined {
  if (!runs(p, at)) return undefined;
  // What was shown says more than what was planned, and knows SKUs that were never planned.
  if (p.shown?.some((s) => skus.includes(s.sku) && at >= s.from && at < s.to + LINGER_MS) === true) return { method: 'live-log', confidence: SHOWN };
  const known = p.slots.some((s) => skus.includes(s.sku)) || p.shown?.some((s) => skus.includes(s.sku) && s.from <= at) === true;
  if (!known) return undefined;
  if (at > p.endsAt) return { method: 'line-up', confidence: AFTER };
  // Where a log is kept, a slot that it does not know was not kept.
  if (p.shown !== null) return { method: 'line-up', confidence: RUNNING };
  const shown = p.slots.filter((s) => skus.includes(s.sku) && s.at <= at).at(-1);
  if (shown === undefined) return { method: 'line-up', confidence: RUNNING };
  const next = p.slots.find((s) => s.at > shown.at)?.at ?? p.endsAt;
  return at < next + LINGER_MS ? { method: 'slot', confidence: IN_SLOT } : { method: 'line-up', confidence: RUNNING };
}

/**
 * @param at when the line was created, ms
 * @param rooms broadcasts by the platform's room, where somebody said which is which
 */
export function attribution(at: number, skus: readonly string[], live: LiveClue | null, planned: readonly Planned[], rooms: ReadonlyMap<string, string>): Attribution | null {
  const now = planned.filter((p) => runs(p, at));
  if (live !== null) {
    const said = (broadcast: string, anchor: string | null): Attribution => ({ broadcast, anchor, method: live.method, confidence: SAID[live.method] });
    const named = rooms.get(live.room) ?? (planned.some((p) => p.broadcast === live.room) ? live.room : undefined);
    if (named !== undefined) return said(named, planned.find((p) => p.broadcast === named)?.anchor ?? live.author);
    const authors = now.filter((p) => live.author !== null && p.anchor === live.author);
    const of = authors.length === 1 ? authors[0] : live.author === null && now.length === 1 ? now[0] : undefined;
    if (of !== undefined) return said(of.broadcast, of.anchor);
    // A broadcast that nobody planned is still counted, under the room's own name.
    return live.room === '' ? null : said(live.room, live.author);
  }
  const guesses = now.flatMap((p) => { const g = guess(p, skus, at); return g === undefined ? [] : [{ p, ...g }]; }).sort((a, b) => b.confidence - a.confidence || (a.p.broadcast < b.p.broadcast ? -1 : 1));
  const best = guesses[0];
  if (best === undefined) return null;
  const confidence = Math.round(((best.confidence * best.confidence) / guesses.reduce((s, g) => s + g.confidence, 0)) * 100) / 100;
  return confidence < LEAST ? null : { broadcast: best.p.broadcast, anchor: best.p.anchor, method: best.method, confidence };
}
