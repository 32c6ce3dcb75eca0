// Samples: asked for by production that waits on one, by a coming line-up, an alarm or a person; made in rounds; approved,
// rejected or sealed. An approval lets what waited go on by itself.
import { Inject, Injectable } from '@nestjs/common';
import { CatalogueService, madeBy } from '../catalogue/index.js';
import { DomainError, invalid, Jobs, newId, notFound, type Tx } from '../kernel/index.js';
import { localTime } from '../kernel/math/index.js';
import { worldNow } from '../orders/index.js';
import type { Reply } from './negotiation.service.js';
import { sampleCleared, sampleMoved, sampleRequested } from './production.facts.js';
import { addDays, sameJson } from './production.rules.js';
import type { World } from './production.repository.js';
import { outOfTolerance, type Measurement } from './samples.rules.js';
import { checkSample, type SampleCause, type SampleKind, type SampleStatus } from './samples.states.js';
import * as store from './samples.repository.js';

const HOUR_MS = 3_600_000;
/** How long a factory has to answer a sample request, and the usual days it has to make one. */
const RESPOND_HOURS = 24;
const SAMPLE_DAYS: Readonly<Record<SampleKind, number>> = { show: 3, proto: 7, fit: 5, 'size-set': 7, 'pre-production': 3, 'top-of-production': 2, shipment: 2, sealed: 3, swatch: 2 };
/** Days ahead that a line-up is looked at. */
const AHEAD_DAYS = 7;
const STYLES_PER_TICK = 200;

export interface Wanted {
  readonly world: World;
  readonly supplier: string;
  readonly style: string;
  readonly colour: string;
  readonly kind: SampleKind;
  readonly cause: store.SampleReason;
  readonly causeId: string;
  readonly evidence: Readonly<Record<string, unknown>>;
  readonly leaves: boolean;
  readonly actor: string;
  readonly pieces?: number | undefined;
  readonly size?: string | undefined;
  readonly due?: string | undefined;
  readonly whoPays?: 'merchant' | 'supplier' | undefined;
}

export interface Step {
  readonly step: 'making' | 'shipped' | 'received' | 'measured' | 'reviewed' | 'sealed';
  readonly trackingNumber?: string | undefined;
  readonly measurements?: readonly Measurement[] | undefined;
  readonly verdict?: 'approved' | 'approved-with-comments' | 'rejected' | undefined;
  readonly comments?: string | undefined;
  readonly photos?: readonly string[] | undefined;
  readonly at: Date;
}

@Injectable()
export class SamplesService {
  constructor(
    @Inject(Jobs) private readonly jobs: Jobs,
    @Inject(CatalogueService) private readonly catalogue: CatalogueService,
  ) {}

  /** Asks for a sample unless one like it is open; answers its id, or undefined where there is one. */
  async ask(tx: Tx, w: Wanted): Promise<string | undefined> {
    const now = await worldNow(tx, w.world);
    const { timeZone } = await this.catalogue.supplier(tx, w.supplier);
    const id = newId('smp');
    const row: store.SampleRow = {
      id, world: w.world, supplier: w.supplier, style: w.style, colour: w.colour, kind: w.kind, status: w.leaves ? 'requested' : 'draft', version: 1, round: 1, pieces: w.pieces ?? 1, size: w.size ?? null,
      due: w.due ?? addDays(localTime(now.getTime(), timeZone).date, SAMPLE_DAYS[w.kind]), who_pays: w.whoPays ?? 'merchant', fee: 0, cause: w.cause, cause_id: w.causeId, evidence: w.evidence, created_at: now,
      respond_by: new Date(now.getTime() + RESPOND_HOURS * HOUR_MS), actor: w.actor, sent: w.leaves,
    };
    if (!(await store.insertSample(tx, row))) return undefined;
    await store.insertSampleTransition(tx, { sample: id, round: 1, version: 1, from: 'draft', to: row.status, body: undefined, at: now, actor: w.actor });
    if (w.leaves) await this.jobs.announce(tx, sampleRequested, this.about(row));
    return id;
  }

  /** A person's request; a pre-production sample waits for the fit, where a fit was asked for. */
  async request(tx: Tx, w: Omit<Wanted, 'leaves' | 'cause' | 'causeId' | 'evidence'>): Promise<string> {
    const known = await madeBy(tx, w.supplier, w.style);
    if (known.length === 0) throw invalid('style', `the supplier ${w.supplier} makes no style ${w.style}`);
    if (w.colour !== '' && !known.some((k) => k.colour === w.colour)) throw invalid('colour', `the style ${w.style} has no colour ${w.colour}`);
    if (w.size !== undefined && !known.some((k) => k.size === w.size)) throw invalid('size', `the style ${w.style} has no size ${w.size}`);
    if (w.kind === 'pre-production') {
      const fit = await store.fitOf(tx, w.world, w.supplier, w.style);
      if (fit !== undefined && fit.asked > 0 && fit.approved === 0) throw new DomainError(409, 'fit-first', `a fit sample of ${w.style} was asked for and none is approved yet`);
    }
    const id = await this.ask(tx, { ...w, cause: 'person', causeId: w.actor, evidence: {}, leaves: true });
    if (id === undefined) throw new DomainError(409, 'sample-open', `a ${w.kind} sample of ${w.style}${w.colour === '' ? '' : ` in ${w.colour}`} is open already`);
    return id;
  }

  /** The factory's answer to the current round: a counter proposes another date, and may ask a fee. */
  async reply(tx: Tx, id: string, suppliers: readonly string[] | undefined, body: Reply, actor: string): Promise<void> {
    const s = await this.lock(tx, id, suppliers);
    if (body.version !== s.version) throw new DomainError(409, 'stale-version', `the current version is ${s.version}; this answer was to version ${body.version}`, { currentVersion: s.version });
    const known = await store.sampleReplyOf(tx, id, s.version);
    if (known !== undefined) {
      if (sameJson(known.body, body)) return;
      throw new DomainError(409, 'already-answered', `version ${body.version} was answered before, with something else`);
    }
    const now = await worldNow(tx, s.world);
    if (s.status === 'requested' && now > s.respond_by) throw new DomainError(409, 'too-late', `the answer was due by ${s.respond_by.toISOString()}`);
    const lines = body.lines ?? [];
    if (body.verdict !== 'counter' && lines.length > 0) throw invalid('lines', `${body.verdict} takes no lines`);
    if (body.verdict === 'counter') {
      const [line] = lines;
      if (lines.length !== 1 || line?.lineId !== 'l1') throw invalid('lines', 'a counter to a sample request names its one line, l1');
      if (line.substituteSku !== undefined) throw invalid('lines[0].substituteSku', 'a sample has no substitute; decline it and say why');
      if ((line.splits ?? []).length > 1) throw invalid('lines[0].splits', 'a sample comes at one date');
      if ((line.splits ?? []).length === 0 && line.surcharge === undefined) throw invalid('lines[0]', 'propose another date (splits) or a fee (surcharge)');
      if (line.splits?.[0] !== undefined && line.splits[0].quantity !== s.pieces) throw invalid('lines[0].splits[0].quantity', `must be the ${s.pieces} pieces asked for`);
    }
    // The buyer has a time of their own to answer a counter, however late it came.
    const answered = body.verdict === 'counter' ? { ...s, respond_by: new Date(now.getTime() + RESPOND_HOURS * HOUR_MS) } : s;
    await this.move(tx, answered, body.verdict === 'accept' ? 'accepted' : body.verdict === 'reject' ? 'declined' : 'countered', 'factory', now, actor, body);
  }

  /** The buyer's answer to a counter; withdraw is possible while the request is open. */
  async decide(tx: Tx, id: string, body: { version: number; verdict: 'accept' | 'counter' | 'withdraw' | 'commit'; lines?: readonly { due?: string | undefined }[] | undefined }, actor: string): Promise<void> {
    if (body.verdict === 'commit') throw invalid('verdict', 'a sample request is no heads-up: accept, counter or withdraw');
    const s = await this.lock(tx, id, undefined);
    if (body.version !== s.version) throw new DomainError(409, 'stale-version', `the current version is ${s.version}; this decision was on version ${body.version}`, { currentVersion: s.version });
    const now = await worldNow(tx, s.world);
    if (body.verdict === 'withdraw') {
      if (s.status === 'cancelled') return;
      await this.move(tx, s, 'cancelled', 'buyer', now, actor, body);
      return;
    }
    if (s.status !== 'countered') throw new DomainError(409, 'not-countered', `only a request that the factory countered waits for a decision; this one is ${s.status}`, { currentStatus: s.status });
    if (body.verdict === 'accept') {
      const [line] = ((await store.sampleReplyOf(tx, id, s.version))?.body as Reply).lines ?? [];
      const due = line?.splits?.[0]?.date ?? s.due;
      await store.updateRound(tx, id, s.round, { due, photos: [] });
      await this.move(tx, { ...s, due, fee: line?.surcharge ?? s.fee }, 'accepted', 'buyer', now, actor, body);
      return;
    }
    const due = body.lines?.[0]?.due;
    if (due === undefined) throw invalid('lines[0].due', 'a counter proposes another date');
    await store.updateRound(tx, id, s.round, { due, photos: [] });
    await this.send(tx, { ...s, due, version: s.version + 1 }, s, now, actor, body);
  }

  /** What happens to a round: the factory makes and ships, we receive, measure, judge and seal. */
  async record(tx: Tx, id: string, n: number, suppliers: readonly string[] | undefined, step: Step, actor: string): Promise<void> {
    const s = await this.lock(tx, id, suppliers);
    if (n !== s.round) throw new DomainError(n > s.round ? 404 : 409, n > s.round ? 'not-found' : 'round-over', n > s.round ? `round ${n} of this request was not opened` : `round ${n} is over; the current round is ${s.round}`, { currentRound: s.round });
    const photos = step.photos ?? [];
    if (step.step === 'making' || step.step === 'shipped') {
      const moved = await this.move(tx, s, step.step, 'factory', step.at, actor, step);
      await store.updateRound(tx, id, n, { ...(step.step === 'shipped' ? { shippedAt: step.at } : {}), trackingNumber: step.trackingNumber, photos });
      return void moved;
    }
    if (step.step === 'received') {
      await this.move(tx, s, 'received', 'buyer', step.at, actor, step);
      await store.updateRound(tx, id, n, { receivedAt: step.at, photos });
      return;
    }
    if (step.step === 'measured') {
      if (step.measurements === undefined || step.measurements.length === 0) throw invalid('measurements', 'say what was measured');
      await this.move(tx, s, 'in-review', 'buyer', step.at, actor, step);
      await store.updateRound(tx, id, n, { measurements: step.measurements, photos });
      return;
    }
    if (step.step === 'sealed') {
      await this.move(tx, s, 'sealed', 'buyer', step.at, actor, step);
      await store.updateRound(tx, id, n, { photos });
      await this.clear(tx, s);
      return;
    }
    await this.review(tx, s, n, step, actor);
  }

  private async review(tx: Tx, s: store.SampleRow, n: number, step: Step, actor: string): Promise<void> {
    const { verdict } = step;
    if (verdict === undefined) throw invalid('verdict', 'is missing: approved, approved-with-comments or rejected');
    if (verdict !== 'approved' && (step.comments === undefined || step.comments === '')) throw invalid('comments', `say why it is ${verdict}`);
    const [round] = (await store.roundsOf(tx, [s.id])).filter((r) => r.n === n);
    const off = (step.measurements ?? round?.measurements ?? []).filter(outOfTolerance);
    if (verdict === 'approved' && off.length > 0) throw new DomainError(422, 'out-of-tolerance', `verdict: ${off.map((m) => m.point).join(', ')} measured out of tolerance; approve with comments, or reject`);
    await store.updateRound(tx, s.id, n, { measurements: step.measurements, verdict, comments: step.comments, photos: step.photos ?? [] });
    const now = await worldNow(tx, s.world);
    if (verdict !== 'rejected') {
      await this.move(tx, s, verdict, 'buyer', now, actor, step);
      if (s.kind === 'pre-production' || s.kind === 'sealed' || s.cause === 'alarm') await this.clear(tx, s);
      return;
    }
    const { timeZone } = await this.catalogue.supplier(tx, s.supplier);
    const due = addDays(localTime(now.getTime(), timeZone).date, SAMPLE_DAYS[s.kind]);
    await store.openRound(tx, s.id, n + 1, due, s.who_pays);
    await this.send(tx, { ...s, due, round: n + 1, version: s.version + 1 }, s, now, actor, step);
  }

  /** Production of a style may go on without an approved sample: a person says so, and stays responsible for it. */
  async override(tx: Tx, o: { world: World; supplier: string; style: string; note: string }, actor: string): Promise<void> {
    if ((await madeBy(tx, o.supplier, o.style)).length === 0) throw invalid('style', `the supplier ${o.supplier} makes no style ${o.style}`);
    await store.insertOverride(tx, { ...o, actor });
    await this.jobs.announce(tx, sampleCleared, { world: o.world, supplier: o.supplier, style: o.style, cause: 'override' });
  }

  /** An alarm was none: the samples that it asked for are called off, and production of their style goes on. */
  async callOff(tx: Tx, alarm: string, actor: string): Promise<void> {
    for (const s of await store.samplesOfAlarm(tx, alarm)) {
      await this.move(tx, s, 'cancelled', 'buyer', await worldNow(tx, s.world), actor, undefined);
      await this.clear(tx, s);
    }
  }

  /** Nobody answered in time. */
  async expire(tx: Tx, id: string, version: number): Promise<void> {
    const s = await store.lockSample(tx, id);
    if (s === undefined || s.version !== version || (s.status !== 'requested' && s.status !== 'countered')) return;
    await this.move(tx, s, 'expired', 'clock', await worldNow(tx, s.world), 'clock', undefined);
  }

  /** Shows that come soon need something to hold up: one sample of every style of the line-up that has none. */
  async mindLineUps(tx: Tx, world: World, now: Date): Promise<void> {
    const ahead = await store.stylesToShow(tx, world, now, new Date(now.getTime() + AHEAD_DAYS * 24 * HOUR_MS), STYLES_PER_TICK);
    for (const { supplier, style, broadcast, starts_at, leaves } of ahead) {
      const due = addDays(starts_at.toISOString().slice(0, 10), -1);
      const today = now.toISOString().slice(0, 10);
      await this.ask(tx, { world, supplier, style, colour: '', kind: 'show', cause: 'line-up', causeId: broadcast, evidence: { broadcast, startsAt: starts_at }, leaves, actor: 'line-up', due: due < today ? today : due });
    }
  }

  private clear = (tx: Tx, s: store.SampleRow): Promise<void> => this.jobs.announce(tx, sampleCleared, { world: s.world, supplier: s.supplier, style: s.style, cause: s.id });

  /** A further version goes to the factory: another date, or another round. */
  private async send(tx: Tx, next: store.SampleRow, before: store.SampleRow, now: Date, actor: string, body: unknown): Promise<void> {
    checkSample(before.status, 'requested', 'buyer');
    const row = { ...next, status: 'requested' as const, respond_by: new Date(now.getTime() + RESPOND_HOURS * HOUR_MS) };
    await store.updateSample(tx, row);
    await store.insertSampleTransition(tx, { sample: row.id, round: row.round, version: row.version, from: before.status, to: 'requested', body, at: now, actor });
    await this.jobs.announce(tx, sampleRequested, this.about(row));
  }

  private async move(tx: Tx, s: store.SampleRow, to: SampleStatus, cause: SampleCause, at: Date, actor: string, body: unknown): Promise<store.SampleRow> {
    const before = (await store.findSample(tx, s.id)) as store.SampleRow;
    checkSample(before.status, to, cause);
    const row = { ...s, status: to };
    await store.updateSample(tx, row);
    await store.insertSampleTransition(tx, { sample: s.id, round: s.round, version: s.version, from: before.status, to, body, at, actor });
    if (row.sent) await this.jobs.announce(tx, sampleMoved, this.about(row));
    return row;
  }

  private about(s: store.SampleRow): { sampleRequest: string; version: number; round: number; supplier: string; style: string; kind: string; status: string } {
    return { sampleRequest: s.id, version: s.version, round: s.round, supplier: s.supplier, style: s.style, kind: s.kind, status: s.status };
  }

  /** What never left the house does not exist for a factory. */
  private async lock(tx: Tx, id: string, suppliers: readonly string[] | undefined): Promise<store.SampleRow> {
    const s = await store.lockSample(tx, id);
    if (s === undefined || (suppliers !== undefined && (!suppliers.includes(s.supplier) || !s.sent))) throw notFound(`the sample request ${id}`);
    return s;
  }
}
