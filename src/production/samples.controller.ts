import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query as QueryParam, Req } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { actorOf, Allow, AccessService, CurrentPrincipal, FilesService, limitTo, type AccessRequest, type Principal } from '../access/index.js';
import { Database, DomainError, listed, ListQuery, notFound, Once, onceOf, pageOf, PublicUrl, queryInstant, queryText, type Listed, type Query, type Tx } from '../kernel/index.js';
import { NewSampleBody, OverrideBody, RoundStepBody } from './samples.dto.js';
import * as store from './samples.repository.js';
import { SamplesService } from './samples.service.js';
import { sampleData } from './samples.view.js';

const FACTORY_STEPS = ['making', 'shipped'];
const FACTORY_SIDE = ['accepted', 'countered', 'declined', ...FACTORY_STEPS];

@ApiTags('samples')
@Controller('v1')
export class SamplesController {
  constructor(
    @Inject(SamplesService) private readonly samples: SamplesService,
    @Inject(AccessService) private readonly access: AccessService,
    @Inject(FilesService) private readonly files: FilesService,
    @Inject(Database) private readonly database: Database,
    @Inject(Once) private readonly once: Once,
    @Inject(PublicUrl) private readonly publicUrl: PublicUrl,
  ) {}

  @Get('sample-requests')
  @Allow('operator', 'factory', 'quality', 'finance', 'warehouse')
  @ListQuery('supplier', 'status', 'style', 'sku', 'kind', 'broadcast', 'from', 'to')
  async list(@QueryParam() query: Query, @CurrentPrincipal() principal: Principal): Promise<Listed<object>> {
    const page = pageOf(query, 1);
    const text = (name: string): string | null => queryText(query, name) ?? null;
    const filter = {
      suppliers: limitTo(principal, 'supplier'), supplier: text('supplier'), status: text('status'), style: text('style'), sku: text('sku'), kind: text('kind'), broadcast: text('broadcast'),
      since: queryInstant(query, 'from'), until: queryInstant(query, 'to'),
    };
    return this.database.transaction(async (tx) => {
      const found = await store.listSamples(tx, filter, page.after[0] ?? '', page.limit + 1);
      const rounds = await store.roundsOf(tx, found.map((s) => s.id));
      return listed(found, page, (row) => [row.id], (row) => sampleData(row, rounds.filter((r) => r.sample_request === row.id), this.publicUrl.value));
    });
  }

  @Get('sample-requests/:id')
  @Allow('operator', 'factory', 'quality', 'finance', 'warehouse')
  one(@Param('id') id: string, @CurrentPrincipal() principal: Principal): Promise<object> {
    return this.database.transaction((tx) => this.shown(tx, id, principal));
  }

  @Post('sample-requests')
  @Allow('operator', 'quality')
  request(@Body() body: NewSampleBody, @CurrentPrincipal() principal: Principal, @Req() request: AccessRequest): Promise<object> {
    return this.once.run(onceOf(request, actorOf(principal)), async (tx) => {
      const id = await this.samples.request(tx, {
        world: body.world ?? 'live', supplier: body.supplier, style: body.style, colour: body.colour ?? '', kind: body.kind, size: body.size, pieces: body.pieces, due: body.due, whoPays: body.whoPays, actor: actorOf(principal),
      });
      await this.access.audit(tx, principal, 'sample.requested', id, undefined, body);
      return this.shown(tx, id, principal);
    });
  }

  /** What happened to a round: the factory makes and ships it, we receive, measure, judge and seal it. */
  @Post('sample-requests/:id/rounds/:n')
  @Allow('operator', 'factory', 'quality', 'warehouse')
  @HttpCode(200)
  step(@Param('id') id: string, @Param('n') n: string, @Body() body: RoundStepBody, @CurrentPrincipal() principal: Principal, @Req() request: AccessRequest): Promise<object> {
    if (!/^[1-9]\d{0,3}$/.test(n)) throw notFound(`round ${n}`);
    const only = limitTo(principal, 'supplier');
    return this.once.run(onceOf(request, actorOf(principal)), async (tx) => {
      const before = await store.findSample(tx, id);
      if (before === undefined || (only !== undefined && (!only.includes(before.supplier) || !before.sent))) throw notFound(`the sample request ${id}`);
      if (only !== undefined && !FACTORY_STEPS.includes(body.step)) throw new DomainError(403, 'forbidden', `${body.step} is said by who asked for the sample; a factory says ${FACTORY_STEPS.join(' or ')}`);
      await this.files.attach(tx, principal, 'photos', body.photos ?? [], [{ kind: 'supplier', id: before.supplier }]);
      await this.samples.record(tx, id, Number(n), only, {
        step: body.step, trackingNumber: body.trackingNumber, measurements: body.measurements, verdict: body.verdict, comments: body.comments, photos: body.photos, at: body.at === undefined ? new Date() : new Date(body.at),
      }, actorOf(principal));
      await this.access.audit(tx, principal, `sample.${body.step}`, id, undefined, body);
      return this.shown(tx, id, principal);
    });
  }

  /** Production of a style goes on without an approved sample, on record. */
  @Post('sample-overrides')
  @Allow('operator', 'quality')
  override(@Body() body: OverrideBody, @CurrentPrincipal() principal: Principal, @Req() request: AccessRequest): Promise<object> {
    return this.once.run(onceOf(request, actorOf(principal)), async (tx) => {
      const override = { world: body.world ?? 'live', supplier: body.supplier, style: body.style, note: body.note };
      await this.samples.override(tx, override, actorOf(principal));
      await this.access.audit(tx, principal, 'sample.overridden', body.style, undefined, body);
      return override;
    });
  }

  private async shown(tx: Tx, id: string, principal: Principal): Promise<object> {
    const s = await store.findSample(tx, id);
    const only = limitTo(principal, 'supplier');
    if (s === undefined || (only !== undefined && (!only.includes(s.supplier) || !s.sent))) throw notFound(`the sample request ${id}`);
    const history = await store.sampleTransitions(tx, id);
    return {
      ...sampleData(s, await store.roundsOf(tx, [id]), this.publicUrl.value), reply: (await store.sampleReplyOf(tx, id, s.version))?.body ?? null,
      history: history.map((h) => ({ round: h.round, version: h.version, from: h.from, to: h.to, at: h.at, actor: only === undefined || h.actor === actorOf(principal) ? h.actor : FACTORY_SIDE.includes(h.to) && h.from !== 'countered' ? 'factory' : 'buyer' })),
    };
  }
}
