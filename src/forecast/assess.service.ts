// The handler of forecast.assess: dirty streams of one shard → spikes; then the need of their SKUs. One transaction.
import { Inject, Injectable } from '@nestjs/common';
import { Handles, Jobs, newId, type JobRun, type Tx } from '../kernel/index.js';
import { allClocks, countedTimes, dirtyStreams, forgetMoves, markAssessed, streamNews, standingStreams, type DirtyStream, type ShopClockRow, type StreamNews } from '../orders/index.js';
import { advanceStream, BIN_MS, binOf, DEFAULT_SPIKE_OPTIONS, dueAt, EVEN, openStream, outsideOf, type Alarm, type Bin, type Exposure, type Outside, type StreamState } from './math/index.js';
import { assess, reassess, reassessTerms, spikeDetected } from './forecast.facts.js';
import * as store from './forecast.repository.js';
import { NeedService } from './need.service.js';
import { requestAssessment } from './ticker.js';
import { holdExposures } from './exposures.repository.js';
import { viewerExposures } from './viewers.js';
import { KnownShapes } from './weekly.js';

/** Streams assessed in one job; more wait for the next tick. */
const LIMIT = 2_000;

interface Assessed {
  readonly stream: DirtyStream;
  readonly version: number;
  readonly state: StreamState;
  readonly episode: string | null;
  readonly wakeAt: number | null;
}

interface Raised {
  readonly id: string;
  readonly stream: DirtyStream;
  readonly alarm: Alarm;
  readonly now: number;
}

/**
 * Late orders need a bin to count in. Where no order opened one that is over, the first unassessed bin is opened for them: at
 * the latest the one that still fills, in which they are looked at now and booked once it is over.
 */
function withRoomForLate(bins: readonly Bin[], next: number, now: number, late: number): readonly Bin[] {
  const [first] = bins;
  if (late === 0 || next > binOf(now) || first?.bin === next || (first !== undefined && first.bin < binOf(now))) return bins;
  return [{ bin: next, orders: 0, withdrawn: 0 }, ...bins];
}

@Injectable()
export class AssessService {
  private readonly shapes = new KnownShapes();

  constructor(
    @Inject(NeedService) private readonly need: NeedService,
    @Inject(Jobs) private readonly jobs: Jobs,
  ) {}

  @Handles(assess)
  async assess(run: JobRun<{ shard: number; shards: number }>): Promise<void> {
    await run.effect((tx) => this.assessShard(tx, run.payload.shard, run.payload.shards));
  }

  @Handles(reassess)
  async onStockChanged(run: JobRun<{ world: 'live' | 'replay'; skus: readonly string[] }>): Promise<void> {
    await run.effect((tx) => requestAssessment(tx, run.payload.world, run.payload.skus));
  }

  @Handles(reassessTerms)
  async onTermsChanged(run: JobRun<{ skus: readonly string[] }>): Promise<void> {
    await run.effect(async (tx) => {
      for (const world of ['live', 'replay'] as const) await requestAssessment(tx, world, run.payload.skus);
    });
  }

  async assessShard(tx: Tx, shard: number, shards: number): Promise<void> {
    const dirty = await dirtyStreams(tx, shard, shards, LIMIT);
    if (dirty.length === 0) return;
    // No exposure begins at a time that is passed before this transaction is over, so clocks are read after it.
    await holdExposures(tx);
    const weeks = await this.shapes.exposures(tx, [...new Set(dirty.map((d) => d.shop))]);
    const clocks = await allClocks(tx);
    const versions = await this.assessStreams(tx, dirty, new Map(clocks.map((c) => [c.id, c])), weeks);
    const worlds = new Map(clocks.map((c) => [c.id, c.clock]));
    for (const world of ['live', 'replay'] as const) {
      const skus = [...new Set(dirty.filter((d) => worlds.get(d.shop) === world).map((d) => d.sku))].sort();
      if (skus.length > 0) await this.need.assess(tx, world, skus, clocks);
    }
    // Last, because intake waits for these rows: they are locked for no longer than the commit.
    await markAssessed(tx, versions);
  }

  private async assessStreams(tx: Tx, dirty: readonly DirtyStream[], clocks: ReadonlyMap<string, ShopClockRow>, weeks: ReadonlyMap<string, Exposure>): Promise<{ stream: number; version: number }[]> {
    const viewers = await viewerExposures(tx, [...new Set(dirty.flatMap((d) => (d.broadcast === '' ? [] : [d.broadcast])))]);
    const states = new Map((await store.statesOf(tx, dirty.map((d) => d.stream))).map((s) => [s.stream, s]));
    const outside = await this.outsideRates(tx, dirty.filter((d) => d.broadcast !== '' && !states.has(d.stream)), clocks, weeks);
    const news = new Map<number, StreamNews[]>();
    for (const row of await streamNews(tx, dirty.map((d) => d.stream), dirty.map((d) => states.get(d.stream)?.state.next ?? 0))) {
      news.set(row.stream, [...(news.get(row.stream) ?? []), row]);
    }
    const assessed: Assessed[] = [];
    const raised: Raised[] = [];
    const ends: { id: string; at: Date }[] = [];
    const moves: string[] = [];
    for (const stream of dirty) {
      const rows = news.get(stream.stream) ?? [];
      const now = clocks.get(stream.shop)?.now?.getTime();
      const [first] = rows;
      if (first === undefined || now === undefined) continue;
      moves.push(...(first.moves ?? []));
      const bins = rows.flatMap((r): Bin[] => (r.bucket === null ? [] : [{ bin: r.bucket, orders: r.orders ?? 0, withdrawn: r.withdrawn ?? 0 }]));
      const known = states.get(stream.stream);
      // What is sold in a broadcast follows its viewers and not the day of the week.
      const exposure = (stream.broadcast === '' ? weeks.get(stream.shop) : viewers.get(stream.broadcast)) ?? EVEN;
      const before = known !== undefined ? { ...known.state, counted: known.state.counted + first.moved_orders, withdrawn: known.state.withdrawn + first.moved_withdrawn } : openStream(bins[0]?.bin ?? now, stream.broadcast === '' ? { kind: 'standing' } : { kind: 'broadcast', outside: outside.get(`${stream.shop}\0${stream.sku}`) }, BIN_MS, exposure);
      const late = {
        orders: Math.max(0, first.total_orders - before.counted - bins.reduce((s, b) => s + b.orders, 0)),
        withdrawn: Math.max(0, first.total_withdrawn - before.withdrawn - bins.reduce((s, b) => s + b.withdrawn, 0)),
      };
      const seen = withRoomForLate(bins, before.next, now, late.orders);
      const { state, alarms, ended } = advanceStream(before, seen, now, late, { ...DEFAULT_SPIKE_OPTIONS, exposure });
      let episode = known?.episode ?? null;
      const closing = [...ended];
      for (const alarm of alarms) {
        if (episode !== null) ends.push({ id: episode, at: new Date(closing.shift() ?? alarm.bin) });
        episode = newId('spk');
        raised.push({ id: episode, stream, alarm, now });
      }
      if (episode !== null && state.episode === null) {
        ends.push({ id: episode, at: new Date(closing.pop() ?? state.next) });
        episode = null;
      }
      // What was only looked at, because its bin still fills, is booked when the bin is over, even if no order follows.
      const unbooked = late.orders > 0 && state.counted - before.counted < late.orders;
      assessed.push({ stream, version: first.version, state, episode, wakeAt: unbooked ? binOf(now) + BIN_MS : (dueAt(state, BIN_MS, exposure) ?? null) });
    }
    if (raised.length > 0) {
      const spikes = await this.spikes(tx, raised);
      await store.insertSpikes(tx, spikes);
      await this.jobs.announce(tx, spikeDetected, ...spikes.map((s) => ({
        id: s.id, shop: s.shop, sku: s.sku, broadcast: s.broadcast, detectedAt: s.detected_at.toISOString(), orders: s.orders, expectedOrders: s.expected_orders, ratio: s.ratio,
      })));
    }
    if (ends.length > 0) await store.endSpikes(tx, ends);
    await store.saveStates(tx, assessed.map((a) => ({ stream: a.stream.stream, shop: a.stream.shop, state: a.state, episode: a.episode, wakeAt: a.wakeAt })));
    await forgetMoves(tx, moves);
    return assessed.map((a) => ({ stream: a.stream.stream, version: a.version })).sort((a, b) => a.stream - b.stream);
  }

  /** The spikes as they are recorded: each detected at the very order that raised its alarm. */
  private async spikes(tx: Tx, raised: readonly Raised[]): Promise<store.SpikeRow[]> {
    const times = new Map<string, number[]>();
    for (const { stream, bucket, at } of await countedTimes(tx, raised.map(({ stream, alarm }) => ({ stream: stream.stream, bucket: alarm.bin })))) {
      times.set(`${stream} ${bucket}`, [...(times.get(`${stream} ${bucket}`) ?? []), at]);
    }
    return raised.map(({ id, stream, alarm, now }) => {
      const counted = times.get(`${stream.stream} ${alarm.bin}`) ?? [];
      return {
        id, shop: stream.shop, sku: stream.sku, broadcast: stream.broadcast, onset: new Date(alarm.onset),
        // Orders that came late for their own bin counted in this one and have no time in it: then it is now.
        detected_at: new Date(counted[alarm.order - 1] ?? Math.min(now, alarm.bin + BIN_MS)), orders: alarm.orders,
        expected_orders: alarm.expectedOrders, ratio: alarm.ratio, score: alarm.score, ended_at: null,
      };
    });
  }

  /** A broadcast's stream starts from the SKU's own rate outside broadcasts. */
  private async outsideRates(tx: Tx, fresh: readonly DirtyStream[], clocks: ReadonlyMap<string, ShopClockRow>, weeks: ReadonlyMap<string, Exposure>): Promise<Map<string, Outside>> {
    if (fresh.length === 0) return new Map();
    const standing = await standingStreams(tx, [...new Map(fresh.map((d) => [`${d.shop}\0${d.sku}`, d])).values()]);
    const states = await store.statesOf(tx, standing.map((s) => s.id));
    return new Map(states.map((s) => [`${s.shop}\0${s.sku}`, outsideOf(s.state.baseline, clocks.get(s.shop)?.now?.getTime() ?? s.state.next, weeks.get(s.shop) ?? EVEN)]));
  }
}
