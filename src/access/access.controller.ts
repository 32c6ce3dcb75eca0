import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Post, Query as QueryParam, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Database, DomainError, listed, ListQuery, onceOf, Once, pageOf, type Listed, type Query } from '../kernel/index.js';
import { LogIn, NewApiKey, NewUser } from './access.dto.js';
import { AccessService } from './access.service.js';
import { Allow, CurrentPrincipal, Open, SESSION_COOKIE, type AccessRequest } from './guard.js';
import { actorOf, type Principal } from './principal.js';

@ApiTags('access')
@Controller('v1')
export class AccessController {
  constructor(
    @Inject(AccessService) private readonly access: AccessService,
    @Inject(Database) private readonly database: Database,
    @Inject(Once) private readonly once: Once,
  ) {}

  @Post('session')
  @Open()
  @HttpCode(200)
  async logIn(@Body() body: LogIn, @Res({ passthrough: true }) reply: FastifyReply, @Req() request: AccessRequest): Promise<object> {
    const { token, principal } = await this.access.logIn(body.name, body.password);
    const secure = request.protocol === 'https' ? '; Secure' : '';
    void reply.header('set-cookie', `${SESSION_COOKIE}=${token}; Path=/; HttpOnly; SameSite=Strict; Max-Age=43200${secure}`);
    return { ...shown(principal), csrfToken: this.access.csrfToken(token) };
  }

  @Get('session')
  @Allow('operator', 'factory', 'anchor', 'controller', 'warehouse', 'quality', 'finance', 'platform')
  session(@CurrentPrincipal() principal: Principal, @Req() request: AccessRequest): object {
    return { ...shown(principal), csrfToken: request.sessionToken === undefined ? null : this.access.csrfToken(request.sessionToken) };
  }

  @Delete('session')
  @Allow('operator', 'factory', 'anchor', 'controller', 'warehouse', 'quality', 'finance', 'platform')
  @HttpCode(204)
  async logOut(@Req() request: AccessRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<void> {
    if (request.sessionToken === undefined) throw new DomainError(422, 'no-session', 'an API key has no session to end; revoke the key instead');
    await this.access.logOut(request.sessionToken);
    void reply.header('set-cookie', `${SESSION_COOKIE}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0`);
  }

  @Get('api-keys')
  @Allow('admin')
  @ListQuery()
  async keys(@QueryParam() query: Query): Promise<Listed<object>> {
    const page = pageOf(query, 1);
    const found = await this.database.transaction((tx) => this.access.listKeys(tx, page.after[0] ?? '', page.limit + 1));
    return listed(found, page, (row) => [row.id], (row) => ({
      id: row.id, name: row.name, role: row.role, bindings: row.bindings, scopes: row.scopes, createdAt: row.created_at, expiresAt: row.expires_at, lastUsedAt: row.last_used_at,
    }));
  }

  @Post('api-keys')
  @Allow('admin')
  async createKey(@Body() body: NewApiKey, @CurrentPrincipal() principal: Principal, @Req() request: AccessRequest): Promise<object> {
    return this.once.run(onceOf(request, actorOf(principal)), (tx) =>
      this.access.createKey(tx, principal, { name: body.name, role: body.role, supplier: body.supplier, anchors: body.anchors, scopes: body.scopes, expiresAt: body.expiresAt === undefined ? undefined : new Date(body.expiresAt) }),
    );
  }

  @Delete('api-keys/:id')
  @Allow('admin')
  @HttpCode(204)
  async revokeKey(@Param('id') id: string, @CurrentPrincipal() principal: Principal): Promise<void> {
    await this.database.transaction((tx) => this.access.revokeKey(tx, principal, id));
  }

  @Get('users')
  @Allow('admin')
  @ListQuery()
  async users(@QueryParam() query: Query): Promise<Listed<object>> {
    const page = pageOf(query, 1);
    const found = await this.database.transaction((tx) => this.access.listUsers(tx, page.after[0] ?? '', page.limit + 1));
    return listed(found, page, (row) => [row.id], (row) => ({ id: row.id, name: row.name, role: row.role, bindings: row.bindings, disabled: row.disabled, createdAt: row.created_at }));
  }

  @Post('users')
  @Allow('admin')
  async createUser(@Body() body: NewUser, @CurrentPrincipal() principal: Principal, @Req() request: AccessRequest): Promise<object> {
    return this.once.run(onceOf(request, actorOf(principal)), (tx) => this.access.createUser(tx, principal, body));
  }

  @Get('audit-log')
  @Allow('admin')
  @ListQuery()
  async audit(@QueryParam() query: Query): Promise<Listed<object>> {
    const page = pageOf(query, 1);
    const before = /^\d{1,15}$/.test(page.after[0] ?? '') ? Number(page.after[0]) : Number.MAX_SAFE_INTEGER;
    const found = await this.database.transaction((tx) => this.access.listAudit(tx, before, page.limit + 1));
    return listed(found, page, (row) => [String(row.id)], (row) => ({
      id: row.id, at: row.at, actor: row.actor, action: row.action, object: row.object, before: row.before, after: row.after, requestId: row.request_id,
    }));
  }
}

const shown = (principal: Principal): object => ({ id: principal.id, name: principal.name, role: principal.role, bindings: principal.bindings });
