// Once a second of wall time: streams and needs whose own clock says they are due become dirty, and each shard with dirty
// streams gets one job. Every worker process may tick: an open job of a shard is one row, whoever asks for it.
import { Inject, Injectable } from '@nestjs/common';
import { Database, Jobs, Repeated, type Tx } from '../kernel/index.js';
import { allClocks, dirtyShards, oneStreamOfEach, touchStreams } from '../orders/index.js';
import { assess } from './forecast.facts.js';
import * as store from './forecast.repository.js';
import { NowcastService } from './nowcast.service.js';
import { StandingService } from './standing.service.js';

export const TICK_MS = 1_000;
const SHARDS = 2;

@Injectable()
export class Ticker {
  private readonly ticks: Repeated;

  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(Jobs) private readonly jobs: Jobs,
    @Inject(NowcastService) private readonly nowcast: NowcastService,
    @Inject(StandingService) private readonly standing: StandingService,
  ) {
    this.ticks = new Repeated('the tick of forecast', TICK_MS, () => this.database.transaction((tx) => this.tick(tx)));
  }

  start(): void {
    this.ticks.start();
  }

  async tick(tx: Tx): Promise<void> {
    const clocks = await allClocks(tx);
    const due: number[] = [];
    for (const { id, now } of clocks) if (now !== null) due.push(...(await store.dueStreams(tx, id, now)).map((d) => d.stream));
    for (const world of ['live', 'replay'] as const) {
      const shops = new Set(clocks.filter((c) => c.clock === world && c.now !== null).map((c) => c.id));
      const now = clocks.reduce<Date | null>((latest, c) => (shops.has(c.id) && c.now !== null && (latest === null || c.now > latest) ? c.now : latest), null);
      if (now === null) continue;
      await this.nowcast.remind(tx, world, clocks);
      await this.standing.remind(tx, world, now);
      const skus = (await store.dueNeeds(tx, world, now)).map((d) => d.sku);
      if (skus.length > 0) due.push(...(await oneStreamOfEach(tx, world, skus)).map((s) => s.id));
    }
    if (due.length > 0) await touchStreams(tx, [...new Set(due)]);
    const shards = await dirtyShards(tx, SHARDS);
    if (shards.length > 0) await this.jobs.enqueue(tx, assess, shards.map(({ shard }) => ({ shard, shards: SHARDS })));
  }

  async stop(): Promise<void> {
    await this.ticks.stop();
  }
}

/** For rooms to the right: the need of these SKUs should be looked at again. */
export async function requestAssessment(tx: Tx, world: 'live' | 'replay', skus: readonly string[]): Promise<void> {
  // One stream of a SKU is enough: need is assessed over all of them.
  const streams = await oneStreamOfEach(tx, world, skus);
  if (streams.length > 0) await touchStreams(tx, streams.map((s) => s.id));
}

/** For returns, which knows what will come back: written through here in its own transaction, and looked at with the next need. */
export async function expectReturns(tx: Tx, world: 'live' | 'replay', expectation: store.ReturnExpectation): Promise<void> {
  await store.saveReturnExpectation(tx, world, expectation);
  await requestAssessment(tx, world, [expectation.sku]);
}
