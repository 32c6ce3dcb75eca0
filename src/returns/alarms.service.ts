// Lots that are out of control: found from what inspection finds, stopped at once (stock, production, the next sample), and
// closed by a person, who may find that it was none.
import { Inject, Injectable } from '@nestjs/common';
import { termsOf } from '../catalogue/index.js';
import { lotRecords, StockService, unitsLeft, type LotRecord } from '../inventory/index.js';
import { DomainError, Handles, Jobs, newId, notFound, type JobRun, type Tx } from '../kernel/index.js';
import { worldNow } from '../orders/index.js';
import { NegotiationService, orderLines, SamplesService } from '../production/index.js';
import { isOutOfControl, lotEvidence, maturedExposure } from './math/index.js';
import { HistoryService } from './history.service.js';
import { alarmClosed, alarmRaised, watchLots } from './returns.facts.js';
import { FAULTS_OF_PRODUCTION } from './returns.rules.js';
import * as store from './alarms.repository.js';

/** A lot of which no more than this share comes back with a fault of production is in control (the usual AQL for major defects). */
export const FAULT_LIMIT = 0.025;
/** Chance that a lot within the limit ever raises an alarm. */
export const FALSE_ALARMS = 0.001;
/** Fewer faulty units than this are never an alarm: one or two are a mishap, whatever the arithmetic says of a tiny lot. */
const LEAST_DEFECTS = 3;

@Injectable()
export class AlarmsService {
  constructor(
    @Inject(Jobs) private readonly jobs: Jobs,
    @Inject(StockService) private readonly stock: StockService,
    @Inject(NegotiationService) private readonly negotiation: NegotiationService,
    @Inject(SamplesService) private readonly samples: SamplesService,
    @Inject(HistoryService) private readonly history: HistoryService,
  ) {}

  @Handles(watchLots)
  async onInspected(run: JobRun<{ return: string }>): Promise<void> {
    await run.effect(async (tx) => {
      const lots = await store.faultyLots(tx, run.payload.return, FAULTS_OF_PRODUCTION);
      for (const lot of await lotRecords(tx, lots)) await this.watch(tx, lot);
    });
  }

  private async watch(tx: Tx, lot: LotRecord): Promise<void> {
    await store.lockLot(tx, lot.id);
    const before = await store.alarmsOfLot(tx, lot.id);
    if (before.some((a) => a.status !== 'dismissed')) return;
    const now = await worldNow(tx, lot.world);
    // What a person found to be no alarm does not count towards the next; the units that left do, which errs towards none.
    const defects = (await store.faultyUnits(tx, lot.id, FAULTS_OF_PRODUCTION)) - before.reduce((most, a) => Math.max(most, a.known_at_closing ?? 0), 0);
    if (defects < LEAST_DEFECTS) return;
    const left = await unitsLeft(tx, lot.id, now);
    const { lag } = await this.history.of(tx, lot.world, now);
    // Days since it left the house, those on the road included: a little more exposure than there was errs towards no alarm.
    const exposure = Math.max(defects, maturedExposure(left, lag));
    const count = { defects, exposure };
    if (!isOutOfControl(count, FAULT_LIMIT, FALSE_ALARMS)) return;
    await this.raise(tx, lot, { ...count, evidence: lotEvidence(count, FAULT_LIMIT), left: left.reduce((s, l) => s + l.units, 0), now });
  }

  private async raise(tx: Tx, lot: LotRecord, found: { defects: number; exposure: number; evidence: number; left: number; now: Date }): Promise<void> {
    const id = newId('alm');
    const skus = lot.production_order === null ? [] : [...new Set((await orderLines(tx, [lot.production_order])).map((l) => l.sku))];
    const [terms] = await termsOf(tx, skus.slice(0, 1));
    const style = terms?.style ?? '';
    // Production's lock before the levels of stock, as a receipt of goods takes them.
    const held = lot.production_order === null ? undefined : await this.negotiation.requestHold(tx, lot.production_order, 'alarm');
    const withdrawn = await this.stock.withdrawLot(tx, { world: lot.world, lot: lot.id, origin: 'alarm', originId: id, note: `${found.defects} faulty units came back`, at: found.now, actor: 'alarm' });
    const sample = lot.supplier === null || style === '' ? undefined : await this.samples.ask(tx, {
      world: lot.world, supplier: lot.supplier, style, colour: terms?.colour ?? '', kind: 'top-of-production', cause: 'alarm', causeId: id, leaves: (await this.negotiation.leaves(tx, lot.world, skus)).size > 0, actor: 'alarm',
      evidence: { lot: lot.id, lotName: lot.name, defects: found.defects, left: found.left },
    });
    await store.insertAlarm(tx, {
      id, world: lot.world, lot: lot.id, supplier: lot.supplier, style, skus, production_order: lot.production_order, status: 'open', defects: found.defects, exposure: found.exposure, units_left: found.left,
      limit_share: FAULT_LIMIT, evidence: found.evidence, actions: { ...withdrawn, held: held ?? null, sample: sample ?? null }, at: found.now,
    });
    await this.jobs.announce(tx, alarmRaised, { alarm: id, lot: lot.id, supplier: lot.supplier, skus, defects: found.defects, left: found.left, quarantined: withdrawn.quarantined });
  }

  /** A person's finding: confirmed, and the stock stays where it is; or dismissed, and what was blocked for it can be sold again. */
  async close(tx: Tx, id: string, c: { verdict: 'confirmed' | 'dismissed'; note: string }, actor: string): Promise<void> {
    const alarm = await store.lockAlarm(tx, id);
    if (alarm === undefined) throw notFound(`the alarm ${id}`);
    if (alarm.status === c.verdict) return;
    if (alarm.status !== 'open') throw new DomainError(409, 'not-allowed-now', `this alarm is ${alarm.status}`, { currentStatus: alarm.status });
    const now = await worldNow(tx, alarm.world);
    await store.lockLot(tx, alarm.lot);
    await store.closeAlarm(tx, id, c.verdict, await store.faultyUnits(tx, alarm.lot, FAULTS_OF_PRODUCTION), c.note, now, actor);
    if (c.verdict === 'dismissed') {
      const { held } = alarm.actions as { held: string | null };
      if (held !== null) await this.negotiation.liftHold(tx, held, actor);
      await this.samples.callOff(tx, id, actor);
    }
    const readmitted = c.verdict === 'confirmed' ? 0 : await this.stock.readmitLot(tx, { world: alarm.world, lot: alarm.lot, origin: 'alarm', originId: id, note: c.note, at: now, actor });
    await this.jobs.announce(tx, alarmClosed, { alarm: id, lot: alarm.lot, supplier: alarm.supplier, status: c.verdict, readmitted });
  }
}
