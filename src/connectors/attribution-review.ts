// Lines whose broadcast was guessed, or not known, looked at again: by themselves when a broadcast's times, line-up or live log have
// changed, and when a person asks for it.
import { Inject, Injectable } from '@nestjs/common';
import { z } from 'zod';
import { broadcastChanged } from '../broadcasts/index.js';
import { Database, defineJob, Handles, Jobs, type JobRun, type Tx } from '../kernel/index.js';
import { IntakeService, salesBetween, skusSoldIn, type AfterLine, type LineAttribution, type SaleLine } from '../orders/index.js';
import { isGuess, TAIL_MS } from './attribution.rules.js';
import * as store from './attribution.repository.js';
import { Attributions } from './attributions.js';

/**
 * Each change its own row: one that were told by the row of a change before it might be committed after that row was worked on. A repeat
 * is nothing new: looking again at the same knowledge moves nothing.
 */
export const reviewAttributions = defineJob({ name: 'connectors.review-attributions', queue: 'connectors', on: broadcastChanged });

/** The same once more: an order whose transaction read the log before it changed and ended after the first look is not seen by it. */
export const reviewOnceMore = defineJob({ name: 'connectors.review-once-more', queue: 'connectors', payload: broadcastChanged.payload });

/** What a look did not come to within a run. */
export const reviewRest = defineJob({
  name: 'connectors.review-rest', queue: 'connectors', payload: z.object({ span: broadcastChanged.payload, after: z.object({ at: z.string(), order: z.string(), line: z.string() }), again: z.boolean() }),
});

/** A run ends well before its lease does. */
const RUN_MS = 30_000;

/** Longer than a transaction of intake lasts. */
const ONCE_MORE_SECONDS = 130;
const PASS = 1_000;

interface ChangedSpan {
  readonly broadcast: string;
  readonly shop: string;
  readonly from: string;
  readonly to: string;
}

interface Span {
  readonly shop: string;
  readonly from: number;
  readonly to: number;
  /** A broadcast whose lines may no longer be its own. */
  readonly broadcast: string | null;
  /** Orders that came in our own words without a broadcast as well: only where a person asks for it. */
  readonly whole: boolean;
}

@Injectable()
export class AttributionReview {
  constructor(
    @Inject(Attributions) private readonly attributions: Attributions,
    @Inject(IntakeService) private readonly intake: IntakeService,
    @Inject(Database) private readonly database: Database,
    @Inject(Jobs) private readonly jobs: Jobs,
  ) {}

  @Handles(reviewAttributions)
  async onBroadcastChanged(run: JobRun<ChangedSpan>): Promise<void> {
    await this.look(run, run.payload, undefined, true);
  }

  @Handles(reviewOnceMore)
  async onceMore(run: JobRun<ChangedSpan>): Promise<void> {
    await this.look(run, run.payload, undefined, false);
  }

  @Handles(reviewRest)
  async onRest(run: JobRun<{ span: ChangedSpan; after: { at: string; order: string; line: string }; again: boolean }>): Promise<void> {
    const { span, after, again } = run.payload;
    await this.look(run, span, [new Date(after.at), after.order, after.line], again);
  }

  /** @param again once more later, for the orders in flight */
  private async look(run: Pick<JobRun<unknown>, 'effect'>, changed: ChangedSpan, after: AfterLine | undefined, again: boolean): Promise<void> {
    const { broadcast, shop, from, to } = changed;
    // A shop without a platform has no lines of which somebody guessed.
    if (!(await this.database.transaction((tx) => store.isConnected(tx, shop)))) return;
    const { rest } = await this.pass({ shop, from: Date.parse(from), to: Date.parse(to) + TAIL_MS, broadcast, whole: false }, after, Date.now() + RUN_MS);
    if (rest !== undefined) await run.effect((tx) => this.jobs.enqueue(tx, reviewRest, [{ span: changed, after: { at: rest[0].toISOString(), order: rest[1], line: rest[2] }, again }]));
    else if (again) await run.effect((tx) => this.jobs.enqueue(tx, reviewOnceMore, [changed], ONCE_MORE_SECONDS));
  }

  async review(span: Span): Promise<{ looked: number; attributed: number }> {
    const { looked, attributed } = await this.pass(span, undefined, Infinity);
    return { looked, attributed };
  }

  /** Page by page, each in a transaction of its own, so that orders of the shop do not wait for all of it. `rest`: where time ran out. */
  private async pass(span: Span, from: AfterLine | undefined, ends: number): Promise<{ looked: number; attributed: number; rest?: AfterLine }> {
    let looked = 0;
    let attributed = 0;
    for (let after: AfterLine = from ?? [new Date(span.from - 1), '', '']; ; ) {
      const page = await this.database.transaction((tx) => this.page(tx, span, after));
      looked += page.looked;
      attributed += page.attributed;
      if (page.last === undefined) return { looked, attributed };
      after = [page.last.counted_at, page.last.order_id, page.last.line_id];
      if (Date.now() >= ends) return { looked, attributed, rest: after };
    }
  }

  private async page(tx: Tx, span: Span, after: AfterLine): Promise<{ looked: number; attributed: number; last: SaleLine | undefined }> {
    const { shop } = span;
    const planned = await this.attributions.plannedBetween(tx, shop, span.from, span.to);
    const skus = new Set(planned.flatMap((p) => [...p.slots, ...(p.shown ?? [])].map((s) => s.sku)));
    if (span.broadcast !== null) for (const sku of await skusSoldIn(tx, shop, span.broadcast)) skus.add(sku);
    const broadcasts = new Set(['', ...planned.map((p) => p.broadcast), ...(span.broadcast === null ? [] : [span.broadcast])]);
    const lines = await salesBetween(tx, shop, [...skus], [...broadcasts], new Date(span.from), new Date(span.to), after, PASS);
    const orders = [...new Set(lines.map((l) => l.order_id))];
    await store.lockAttributions(tx, shop);
    const known = await store.knownAttributions(tx, shop, orders);
    const told = span.whole ? undefined : await store.platformOrdersOf(tx, shop, orders);
    // What a platform, a person or the order itself said is no guess of ours.
    const asked = lines.filter((l) => {
      const k = known.get(`${l.order_id}\0${l.line_id}`);
      return k === undefined ? l.broadcast === '' && told?.has(l.order_id) !== false : isGuess(k.method);
    });
    const found = await this.attributions.of(tx, shop, asked.map((l) => ({ at: l.counted_at.getTime(), skus: [l.sku, ...l.parts.map((p) => p.sku)], live: null })));
    const stands: store.AttributedLine[] = [];
    const gone: (LineAttribution & { readonly anchor: null })[] = [];
    asked.forEach((line, i) => {
      const [now, before] = [found[i] ?? null, known.get(`${line.order_id}\0${line.line_id}`)];
      if (now?.broadcast === before?.broadcast && now?.method === before?.method && now?.confidence === before?.confidence) return;
      // The parts of a bundle go where it goes.
      for (const lineId of [line.line_id, ...line.parts.map((p) => p.lineId)]) {
        if (now === null) gone.push({ orderId: line.order_id, lineId, broadcast: '', anchor: null });
        else stands.push({ ...now, orderId: line.order_id, lineId });
      }
    });
    if (stands.length > 0) await store.saveAttributions(tx, shop, stands);
    if (gone.length > 0) await store.dropAttributions(tx, shop, gone);
    return { looked: asked.length, attributed: stands.length + gone.length === 0 ? 0 : await this.intake.attribute(tx, shop, [...stands, ...gone]), last: lines.at(-1) };
  }
}
