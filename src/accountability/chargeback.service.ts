// A chargeback from its draft to its settlement: sent, answered, judged, posted, paid. Every step locks the chargeback, checks the
// machine, writes its transition; what was posted is only ever taken back by its opposite.
import { Inject, Injectable } from '@nestjs/common';
import { FilesService } from '../access/index.js';
import { inspectionsOf } from '../returns/index.js';
import { Database, DomainError, Handles, invalid, Jobs, newId, notFound, Repeated, type JobRun, type Tx } from '../kernel/index.js';
import { sameJson } from '../production/index.js';
import { allClocks, worldNow } from '../orders/index.js';
import { chargebackDue, chargebackMoved, chargebackNotified } from './accountability.facts.js';
import { partFor } from './accountability.rules.js';
import * as store from './accountability.repository.js';
import { checkTransition, type Cause, type ChargebackStatus } from './chargeback.states.js';
import { postTransfers, settledOf, standingOf, transferByKey, type Transfer } from './ledger.repository.js';
import { reversalOf } from './responsibility.service.js';

const DAY_MS = 86_400_000;
const TICK_MS = 2_000;

export interface Answer {
  readonly version?: number | undefined;
  readonly verdict: 'accept' | 'accept-partly' | 'dispute';
  /** Units of each line that are accepted; a line that is not named is disputed. */
  readonly lines?: readonly { readonly lineId: string; readonly quantity: number; readonly reason?: string | undefined }[] | undefined;
  readonly note?: string | undefined;
}

export interface Ruling {
  readonly verdict: 'uphold' | 'reduce' | 'withdraw';
  /** Units of each line that are charged in the end; a line that is not named stays as it was claimed. */
  readonly lines?: readonly { readonly lineId: string; readonly quantity: number }[] | undefined;
  readonly note: string;
}

type Line = Awaited<ReturnType<typeof store.claimsOfChargebacks>>[number];
/** Units of a line that its party is asked for. */
export const claimedUnits = (l: Pick<Line, 'quantity' | 'allowed'>): number => l.quantity - l.allowed;

@Injectable()
export class ChargebackService {
  private readonly ticks: Repeated;

  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(Jobs) private readonly jobs: Jobs,
    @Inject(FilesService) private readonly files: FilesService,
  ) {
    this.ticks = new Repeated('the tick of chargebacks', TICK_MS, () => this.database.transaction((tx) => this.tick(tx)));
  }

  /** Sends a draft to its party; the next claims start another draft. */
  async notify(tx: Tx, id: string, cause: 'merchant' | 'clock', actor: string): Promise<void> {
    const cb = await this.lock(tx, id, undefined);
    const now = await worldNow(tx, cb.world);
    const lines = await store.claimsOfChargebacks(tx, [id]);
    if (lines.length === 0) {
      // Every claim was taken back meanwhile: there is nothing to ask for.
      await this.move(tx, cb, 'withdrawn', 'merchant', now, actor);
      return;
    }
    await this.move(tx, cb, 'notified', cause, now, actor, { notifiedAt: now, answerBy: new Date(now.getTime() + cb.answer_days * DAY_MS) });
    // Who is charged may see what was found.
    const photos = (await inspectionsOf(tx, [...new Set(lines.map((l) => l.return_case))])).filter((i) => lines.some((l) => l.inspection === i.id)).flatMap((i) => i.photos);
    if (cb.leaves && (cb.party === 'supplier' || cb.party === 'anchor')) await this.files.grant(tx, photos, { kind: cb.party, id: cb.party_id });
    await this.announce(tx, id, chargebackNotified);
  }

  /** The party's answer. The same answer again is answered alike; another one is refused. */
  async answer(tx: Tx, id: string, only: store.PartyScope | undefined, body: Answer, actor: string): Promise<void> {
    const cb = await this.lock(tx, id, only);
    const known = await store.answerOf(tx, id);
    if (known !== undefined) {
      if (sameJson(known.body, body)) return;
      throw new DomainError(409, 'already-answered', 'this chargeback was answered before, with something else', { currentStatus: cb.status });
    }
    if (body.version !== undefined && body.version !== cb.version) throw new DomainError(409, 'stale-version', `the current version is ${cb.version}; this answer was to version ${body.version}`, { currentVersion: cb.version });
    const now = await worldNow(tx, cb.world);
    if (cb.status === 'notified' && cb.answer_by !== null && now > cb.answer_by) throw new DomainError(409, 'too-late', `the answer was due by ${cb.answer_by.toISOString()}`);
    const lines = await store.claimsOfChargebacks(tx, [id]);
    const named = checkedLines(lines, body.lines ?? []);
    if (body.verdict !== 'accept-partly' && named.length > 0) throw invalid('lines', `${body.verdict} takes no lines and means all of them; accept some with accept-partly`);
    const accepted = lines.reduce((s, l) => s + (named.find((x) => x.lineId === l.line_id)?.quantity ?? 0), 0);
    const all = lines.reduce((s, l) => s + claimedUnits(l), 0);
    if (body.verdict === 'accept-partly' && (accepted === 0 || accepted === all)) throw invalid('lines', accepted === 0 ? 'accept nothing; send the verdict dispute' : 'accept everything; send the verdict accept');
    const to = body.verdict === 'accept' ? 'accepted' : body.verdict === 'dispute' ? 'disputed' : 'partly-accepted';
    const moved = await this.move(tx, cb, to, 'party', now, actor);
    await store.insertAnswer(tx, id, body, now, actor);
    await store.setResponsibilityStatus(tx, lines.map((l) => l.responsibility), body.verdict === 'accept' ? 'agreed' : 'disputed');
    if (body.verdict === 'accept') await this.post(tx, moved, lines, new Map(lines.map((l) => [l.line_id as string, claimedUnits(l)])), 0, 'party', now, actor);
    await this.announce(tx, id, chargebackMoved);
  }

  /** The merchant's judgement of what is disputed; a later one takes the posting of the earlier back and stands in its place. */
  async rule(tx: Tx, id: string, body: Ruling, actor: string): Promise<void> {
    const cb = await this.lock(tx, id, undefined);
    const rulings = await store.rulingsOf(tx, id);
    const last = rulings.at(-1);
    if (last !== undefined && sameJson(last.body, body)) return;
    const now = await worldNow(tx, cb.world);
    const lines = await store.claimsOfChargebacks(tx, [id]);
    // Units that were charged to nobody here may be judged anew; nothing of theirs is charged here again.
    const anew = lines.find((l) => l.voided && cb.status === 'withdrawn');
    if (anew !== undefined) throw new DomainError(409, 'judged-anew', `the units of ${anew.line_id ?? ''} were judged anew since this was withdrawn; it stays withdrawn`, { currentStatus: cb.status });
    const named = checkedLines(lines, body.lines ?? []);
    if (body.verdict !== 'reduce' && named.length > 0) throw invalid('lines', `${body.verdict} takes no lines and means all of them`);
    const answer = (await store.answerOf(tx, id))?.body as Answer | undefined;
    const charged = new Map(lines.map((l): [string, number] => {
      const lineId = l.line_id as string;
      const accepted = answer?.lines?.find((x) => x.lineId === lineId)?.quantity ?? 0;
      if (body.verdict === 'withdraw') return [lineId, 0];
      const said = named.find((x) => x.lineId === lineId);
      if (l.voided && (said?.quantity ?? 0) > 0) throw new DomainError(409, 'judged-anew', `the units of ${lineId} were judged anew since; nothing of them is charged here`, { currentStatus: cb.status });
      if (l.voided) return [lineId, 0];
      const units = body.verdict === 'uphold' ? claimedUnits(l) : (said?.quantity ?? claimedUnits(l));
      if (units < accepted) throw invalid('lines', `${lineId}: the party accepted ${accepted} units of it itself`);
      return [lineId, units];
    }));
    const sum = [...charged.values()].reduce((s, n) => s + n, 0);
    if (body.verdict === 'reduce' && (sum === 0 || sum === lines.reduce((s, l) => s + (l.voided ? 0 : claimedUnits(l)), 0))) throw invalid('lines', sum === 0 ? 'leave nothing; send the verdict withdraw' : 'leave everything as it was; send the verdict uphold');
    if (cb.status === 'posted' && (await settledOf(tx, id)) > 0) throw new DomainError(409, 'settled-in-part', 'money was settled on this chargeback; it can no longer be judged anew');
    if (cb.status === 'withdrawn' && !(await store.transitionsOf(tx, id)).some((t) => t.to === 'under-review')) throw new DomainError(409, 'not-allowed-now', 'this chargeback was withdrawn before its party was heard; it stays withdrawn', { currentStatus: cb.status });
    let current = cb;
    if (cb.status === 'draft' || cb.status === 'notified') {
      if (body.verdict !== 'withdraw') throw new DomainError(409, 'not-allowed-now', `a chargeback that is ${cb.status} can only be withdrawn; its party has not answered`, { currentStatus: cb.status });
    } else if (cb.status !== 'under-review') current = await this.move(tx, cb, 'under-review', 'merchant', now, actor);
    const n = rulings.length + 1;
    await store.insertRuling(tx, id, n, body, now, actor);
    await postTransfers(tx, (await standingOf(tx, id)).map((t) => reversalOf(t, now, actor)));
    current = await this.move(tx, current, body.verdict === 'uphold' ? 'upheld' : body.verdict === 'reduce' ? 'reduced' : 'withdrawn', 'merchant', now, actor);
    await store.setResponsibilityStatus(tx, lines.map((l) => l.responsibility), 'ruled');
    if (body.verdict === 'withdraw') await store.setCharged(tx, id, lines.map((l) => ({ lineId: l.line_id as string, charged: 0 })));
    else await this.post(tx, current, lines, charged, n, 'merchant', now, actor);
    await this.announce(tx, id, chargebackMoved);
  }

  /** Money came, or was netted against a statement. The same reference is the same settlement. */
  async settle(tx: Tx, id: string, s: { reference: string; amount: number | undefined }, actor: string): Promise<void> {
    const cb = await this.lock(tx, id, undefined);
    const key = `settlement/${id}/${s.reference}`;
    const known = await transferByKey(tx, key);
    if (known !== undefined && (s.amount === undefined || s.amount === known.amount)) return;
    if (known !== undefined) throw new DomainError(409, 'reference-reused', `reference: ${s.reference} was settled before with ${known.amount}`);
    if (cb.status !== 'posted') throw new DomainError(409, 'not-allowed-now', `only a posted chargeback is settled; this one is ${cb.status}`, { currentStatus: cb.status });
    const outstanding = (await standingOf(tx, id)).reduce((sum, t) => sum + t.amount, 0) - (await settledOf(tx, id));
    const amount = s.amount ?? outstanding;
    if (amount > outstanding) throw invalid('amount', `must not exceed the ${outstanding} outstanding`);
    const now = await worldNow(tx, cb.world);
    const party = `${cb.party}/${cb.party_id}`;
    if (amount > 0) await postTransfers(tx, [{ id: newId('trf'), world: cb.world, debit: `settled/${party}`, credit: `receivable/${party}`, amount, currency: cb.currency, business_key: key, reverses: null, chargeback: id, responsibility: null, at: now, actor }]);
    if (amount === outstanding) await this.move(tx, cb, 'settled', 'merchant', now, actor);
    await this.announce(tx, id, chargebackMoved);
  }

  /** What the party owes moves from the costs it caused to what it is to pay. */
  private async post(tx: Tx, cb: store.ChargebackRow, lines: readonly Line[], charged: ReadonlyMap<string, number>, n: number, cause: Cause, at: Date, actor: string): Promise<void> {
    const elements = await store.elementsOf(tx, lines.map((l) => l.id));
    const party = `${cb.party}/${cb.party_id}`;
    const transfers = lines.flatMap((l): Transfer[] => {
      const amount = elements.filter((e) => e.claim === l.id).reduce((s, e) => s + partFor(e.amount, charged.get(l.line_id as string) ?? 0, claimedUnits(l)), 0);
      return amount === 0 ? [] : [{
        id: newId('trf'), world: cb.world, debit: `receivable/${party}`, credit: `cost/${party}`, amount, currency: cb.currency, business_key: `chargeback/${cb.id}/${l.line_id ?? ''}/${n}`, reverses: null,
        chargeback: cb.id, responsibility: l.responsibility, at, actor,
      }];
    });
    await postTransfers(tx, transfers);
    await store.setCharged(tx, cb.id, [...charged].map(([lineId, units]) => ({ lineId, charged: units })));
    await this.move(tx, cb, 'posted', cause, at, actor);
  }

  private async move(tx: Tx, cb: store.ChargebackRow, to: ChargebackStatus, cause: Cause, at: Date, actor: string, stamps: { notifiedAt?: Date; answerBy?: Date } = {}): Promise<store.ChargebackRow> {
    checkTransition(cb.status, to, cause);
    await store.setStatus(tx, cb.id, to, stamps);
    await store.insertTransition(tx, { chargeback: cb.id, version: cb.version + 1, from: cb.status, to, at, actor });
    return { ...cb, status: to, version: cb.version + 1 };
  }

  private async announce(tx: Tx, id: string, fact: typeof chargebackMoved): Promise<void> {
    const cb = (await store.findChargeback(tx, id)) as store.ChargebackRow;
    const lines = await store.claimsOfChargebacks(tx, [id]);
    const amount = (await store.elementsOf(tx, lines.map((l) => l.id))).reduce((s, e) => s + e.amount, 0);
    await this.jobs.announce(tx, fact, {
      chargeback: id, version: cb.version, party: cb.party, partyId: cb.party_id,
      // What was never sent, or does not leave the house, is not its factory's to hear of.
      supplier: cb.party === 'supplier' && cb.leaves && cb.notified_at !== null ? cb.party_id : null, status: cb.status, units: lines.reduce((s, l) => s + claimedUnits(l), 0), amount, currency: cb.currency,
    });
  }

  /** A chargeback that was never sent, or does not leave the house, does not exist for its party. */
  private async lock(tx: Tx, id: string, only: store.PartyScope | undefined): Promise<store.ChargebackRow> {
    const cb = await store.lockChargeback(tx, id);
    if (cb === undefined || (only !== undefined && !store.mayHear(cb, only))) throw notFound(`the chargeback ${id}`);
    return cb;
  }

  @Handles(chargebackDue)
  async onDue(run: JobRun<{ chargeback: string; version: number }>): Promise<void> {
    await run.effect(async (tx) => {
      const cb = await store.lockChargeback(tx, run.payload.chargeback);
      if (cb === undefined || cb.version !== run.payload.version) return;
      if (cb.status === 'draft') return this.notify(tx, cb.id, 'clock', 'clock');
      if (cb.status !== 'notified') return;
      const now = await worldNow(tx, cb.world);
      const lines = await store.claimsOfChargebacks(tx, [cb.id]);
      // Who was never told cannot accept by silence.
      if (cb.silence_accepts && cb.leaves) {
        const accepted = await this.move(tx, cb, 'accepted', 'clock', now, 'clock');
        await store.setResponsibilityStatus(tx, lines.map((l) => l.responsibility), 'agreed');
        await this.post(tx, accepted, lines, new Map(lines.map((l) => [l.line_id as string, claimedUnits(l)])), 0, 'clock', now, 'clock');
      } else await this.move(tx, cb, 'under-review', 'clock', now, 'clock');
      await this.announce(tx, cb.id, chargebackMoved);
    });
  }

  start(): void {
    this.ticks.start();
  }

  async tick(tx: Tx): Promise<void> {
    const clocks = await allClocks(tx);
    for (const world of ['live', 'replay'] as const) {
      if (!clocks.some((c) => c.clock === world && c.now !== null)) continue;
      const now = await worldNow(tx, world);
      const due = await store.dueChargebacks(tx, world, now, 500);
      if (due.length > 0) await this.jobs.enqueue(tx, chargebackDue, due.map((d) => ({ chargeback: d.id, version: d.version, now: now.toISOString() })));
    }
  }

  async stop(): Promise<void> {
    await this.ticks.stop();
  }
}

function checkedLines<L extends { readonly lineId: string; readonly quantity: number }>(lines: readonly Line[], named: readonly L[]): readonly L[] {
  named.forEach((n, i) => {
    const line = lines.find((l) => l.line_id === n.lineId);
    if (line === undefined) throw invalid(`lines[${i}].lineId`, `${n.lineId} is no line of this chargeback`);
    if (named.findIndex((x) => x.lineId === n.lineId) !== i) throw invalid(`lines[${i}].lineId`, `${n.lineId} is named twice`);
    if (n.quantity > claimedUnits(line)) throw invalid(`lines[${i}].quantity`, `must not exceed the ${claimedUnits(line)} units claimed`);
  });
  return named;
}
