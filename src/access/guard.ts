// Every route says who may call it; a route that says nothing is closed. Objects that are not the caller's are 404, which the
// rooms see to with their scope queries; a route that is not for the caller's role is 403.
import { createParamDecorator, Inject, Injectable, SetMetadata, applyDecorators, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { ApiBearerAuth, ApiSecurity } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { DomainError } from '../kernel/index.js';
import { AccessService, BEARER } from './access.service.js';
import type { Principal, RoleName } from './principal.js';

const ALLOW = 'castline:allow';
export const SESSION_COOKIE = 'castline_session';

export type AccessRequest = FastifyRequest & { principal?: Principal; sessionToken?: string; cookies?: Record<string, string | undefined> };

/** `admin` may do all that any role may. */
export const Allow = (...roles: RoleName[]): MethodDecorator & ClassDecorator =>
  applyDecorators(SetMetadata(ALLOW, roles), ApiBearerAuth(), ApiSecurity('session'));
export const Open = (): MethodDecorator & ClassDecorator => SetMetadata(ALLOW, 'everyone');

export const CurrentPrincipal = createParamDecorator((_: unknown, context: ExecutionContext): Principal => {
  const { principal } = context.switchToHttp().getRequest<AccessRequest>();
  if (principal === undefined) throw new DomainError(401, 'unauthorized', 'log in, or send an API key as "Authorization: Bearer …"');
  return principal;
});

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS']);

@Injectable()
export class AccessGuard implements CanActivate {
  constructor(
    @Inject(AccessService) private readonly access: AccessService,
    @Inject(Reflector) private readonly reflector: Reflector,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const allowed = this.reflector.getAllAndOverride<readonly RoleName[] | 'everyone' | undefined>(ALLOW, [context.getHandler(), context.getClass()]);
    if (allowed === 'everyone') return true;
    const request = context.switchToHttp().getRequest<AccessRequest>();
    const principal = await this.identify(request);
    if (principal.role !== 'admin' && allowed?.includes(principal.role) !== true) {
      throw new DomainError(403, 'forbidden', `the role ${principal.role} may not call this route`);
    }
    request.principal = principal;
    return true;
  }

  /** The principal of an `Authorization` header where it is remembered and may do what these roles may; undefined says nothing. */
  recognise(authorization: string, ...roles: RoleName[]): Principal | undefined {
    const principal = this.access.recognise(authorization);
    return principal !== undefined && (principal.role === 'admin' || roles.includes(principal.role)) ? principal : undefined;
  }

  async identify(request: AccessRequest): Promise<Principal> {
    const bearer = BEARER.exec(request.headers.authorization ?? '');
    if (bearer?.[1] !== undefined) {
      const principal = await this.access.identify('key', bearer[1]);
      if (principal !== undefined) return principal;
      throw new DomainError(401, 'unauthorized', 'this API key is unknown, revoked or expired');
    }
    const token = (request.cookies as Record<string, string | undefined> | undefined)?.[SESSION_COOKIE];
    if (token !== undefined && token !== '') {
      const principal = await this.access.identify('session', token);
      if (principal !== undefined) {
        if (!SAFE.has(request.method) && !this.access.csrfMatches(token, header(request, 'x-csrf-token'))) {
          throw new DomainError(403, 'csrf', 'send the X-CSRF-Token that GET /v1/session answers with every change');
        }
        request.sessionToken = token;
        return principal;
      }
    }
    throw new DomainError(401, 'unauthorized', 'log in, or send an API key as "Authorization: Bearer …"');
  }
}

function header(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === 'string' ? value : undefined;
}
