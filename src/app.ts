// Puts the service together: foundations (database, secrets, queues), the Nest application, its HTTP edge, its start and its
// graceful end. The same for `npm start`, the demo and the tests.
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import fastifyCookie from '@fastify/cookie';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { mkdirSync } from 'node:fs';
import type { Server } from 'node:http';
import type { Readable } from 'node:stream';
import { join } from 'node:path';
import { AccessGuard, AccessService } from './access/index.js';
import { ChargebackService } from './accountability/index.js';
import { AppModule, ENTITIES, MIGRATIONS } from './app.module.js';
import { FileDrop, Noticed, Pulls, SharedStock } from './connectors/index.js';
import { StreamController } from './desk/index.js';
import { Ticker } from './forecast/index.js';
import { ReservationsService } from './inventory/index.js';
import {
  bodyValidation, checkStorableText, Database, DomainError, inScope, Jobs, log, newId, openEmbedded, openLane, openScope, openSecrets, parseJson, ProblemFilter, projectRoot, PublicUrl, Queues,
  requestSeconds, type Configuration, type EmbeddedServer, type Foundations,
} from './kernel/index.js';
import { Housekeeping, mountQueueBoard, Readiness } from './operations/index.js';
import { dropOldEvents, ensurePartitions, IntakeService, OrdersController } from './orders/index.js';
import { PlanningService } from './production/index.js';

const BODY_LIMIT = 1_048_576;
/** Routes whose body is read as a stream, however long it is. */
const STREAMED = /^\/v1\/(order-events\/bulk|imports\/[a-z]+|files)$/;

export interface Opened extends Foundations {
  readonly embedded: EmbeddedServer | undefined;
  close(): Promise<void>;
}

/** Opens the database (embedded where none is configured), migrates it, and opens the queues. */
export async function openFoundations(configuration: Configuration): Promise<Opened> {
  const secrets = openSecrets(configuration);
  mkdirSync(configuration.dataDirectory, { recursive: true });
  const embedded = configuration.databaseUrl === undefined ? await openEmbedded(configuration.dataDirectory) : undefined;
  const url = configuration.databaseUrl ?? embedded?.url ?? '';
  let database: Database | undefined;
  try {
    database = await Database.connect({ url, pool: configuration.databasePool, entities: ENTITIES, migrations: MIGRATIONS });
    await database.migrate(ensurePartitions);
    const queues = await Queues.open({ redisUrls: configuration.redisUrls, databaseUrl: url, concurrency: { forecast: 2, production: 3, orders: 1, connectors: 24 } });
    const opened = database;
    return {
      configuration, database, secrets, queues, embedded,
      close: async () => {
        await queues.close();
        await opened.close();
        await embedded?.leave();
      },
    };
  } catch (error) {
    await database?.close().catch(() => undefined);
    await embedded?.leave().catch(() => undefined);
    throw error;
  }
}

function readBodies(fastify: FastifyInstance): void {
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('*', (request: FastifyRequest, payload: Readable, done) => {
    const path = request.url.split('?')[0] ?? '';
    if (STREAMED.test(path)) return done(null, payload);
    // What platforms sign are bytes.
    const raw = path.startsWith('/webhooks/');
    const chunks: Buffer[] = [];
    let size = 0;
    payload.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= BODY_LIMIT) chunks.push(chunk);
    });
    payload.on('error', () => done(new DomainError(400, 'broken-body', 'the upload ended early')));
    payload.on('end', () => {
      try {
        if (size > BODY_LIMIT) throw new DomainError(413, 'too-large', `the body is larger than ${BODY_LIMIT} bytes`);
        const type = request.headers['content-type']?.split(';')[0]?.trim().toLowerCase() ?? '';
        if (size === 0) return done(null, undefined);
        if (raw) return done(null, Buffer.concat(chunks));
        if (type !== 'application/json' && !type.endsWith('+json')) throw new DomainError(415, 'unsupported-media-type', 'send application/json');
        const bytes = chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks);
        const body = parseJson(bytes);
        checkStorableText(bytes, body);
        done(null, body);
      } catch (error) {
        done(error as Error);
      }
    });
  });
}

function observe(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', (request, reply, next) => {
    const given = request.headers['x-request-id'];
    const traceparent = request.headers['traceparent'];
    const scope = openScope(typeof traceparent === 'string' ? traceparent : undefined, { requestId: request.id });
    void reply.header('x-request-id', request.id).header('x-content-type-options', 'nosniff');
    if (typeof given === 'string' && /^[\w.-]{1,64}$/.test(given)) void reply.header('x-correlation-id', given);
    inScope(scope, next);
  });
  fastify.addHook('onResponse', (request, reply, next) => {
    const route = request.routeOptions.url ?? 'unknown';
    requestSeconds.observe({ method: request.method, route, status: String(reply.statusCode) }, reply.elapsedTime / 1000);
    if (reply.statusCode >= 500) log.warn('answered with a server error', { route, status: String(reply.statusCode) });
    next();
  });
}

export function describeApi(app: NestFastifyApplication): OpenAPIObject {
  const config = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Castline')
    .setDescription('Order spikes become production signals, and every returned unit finds its cause.')
    .setVersion('1')
    .addBearerAuth({ type: 'http', scheme: 'bearer', description: 'an API key' })
    .addCookieAuth('castline_session', { type: 'apiKey', in: 'cookie' }, 'session')
    .build();
  return SwaggerModule.createDocument(app, config, { operationIdFactory: (controller, method) => `${controller.replace(/Controller$/, '')}.${method}` });
}

export interface Service {
  readonly app: NestFastifyApplication;
  readonly url: string;
  readonly foundations: Opened;
  /** The first admin key, where one was made. */
  readonly firstKey: string | undefined;
  stop(): Promise<void>;
}

export async function createApplication(foundations: Opened): Promise<NestFastifyApplication> {
  const adapter = new FastifyAdapter({ bodyLimit: BODY_LIMIT, genReqId: () => newId('req'), trustProxy: true, forceCloseConnections: 'idle', requestTimeout: 0, connectionTimeout: 0, keepAliveTimeout: 65_000, routerOptions: { maxParamLength: 300 } } as never);
  const app = await NestFactory.create<NestFastifyApplication>(AppModule.on(foundations), adapter, { logger: false, bodyParser: false, abortOnError: false });
  const fastify = app.getHttpAdapter().getInstance();
  readBodies(fastify);
  observe(fastify);
  await fastify.register(fastifyCookie as never);
  await mountQueueBoard(fastify, foundations.queues, app.get(AccessGuard));
  await fastify.register(fastifyStatic as never, {
    root: join(projectRoot(), 'web', 'public'), prefix: '/', index: ['index.html'], wildcard: false,
    setHeaders: (reply: FastifyReply) => {
      void reply.header('content-security-policy', "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'").header('cache-control', 'no-cache');
    },
  });
  app.useGlobalPipes(bodyValidation());
  app.useGlobalFilters(new ProblemFilter());
  const document = describeApi(app);
  SwaggerModule.setup('docs', app, document, { jsonDocumentUrl: 'openapi.json', customSiteTitle: 'Castline API' });
  await app.init();
  app.get(Jobs).bind();
  openLane(app.getHttpServer(), app.get(OrdersController).lane(app.get(AccessGuard)));
  return app;
}

/** Starts the parts that the configured role has, and answers where the service listens. */
export async function startService(configuration: Configuration): Promise<Service> {
  const foundations = await openFoundations(configuration);
  const { role } = configuration;
  let app: NestFastifyApplication | undefined;
  try {
    app = await createApplication(foundations);
    const firstKey = await app.get(AccessService).bootstrap(configuration.bootstrapKey);
    await app.listen(configuration.port, configuration.host);
    const url = (await app.getUrl()).replace('[::1]', 'localhost');
    const publicUrl = app.get(PublicUrl);
    if (configuration.publicUrl === undefined) publicUrl.value = url;
    const jobs = app.get(Jobs);
    jobs.startRelay();
    app.get(Noticed).start();
    if (role !== 'api') {
      jobs.startWorkers();
      app.get(Ticker).start();
      app.get(ReservationsService).start();
      app.get(PlanningService).start();
      app.get(ChargebackService).start();
      app.get(Pulls).start();
      app.get(SharedStock).start();
      await app.get(FileDrop).start();
      const intake = app.get(IntakeService);
      app.get(Housekeeping).start(ensurePartitions, async () => {
        await dropOldEvents(foundations.database, configuration.eventRetentionDays);
        await intake.redrive({});
      });
    }
    app.get(Readiness).ready = true;
    return { app, url, foundations, firstKey, stop: stopper(app, foundations) };
  } catch (error) {
    await app?.close().catch(() => undefined);
    await foundations.close().catch(() => undefined);
    throw error;
  }
}

/** A connection whose last request was still under way when the server closed would be kept for its keep-alive time; it goes as soon as it is idle. */
async function closeServer(app: NestFastifyApplication): Promise<void> {
  const server: Server = app.getHttpServer();
  const sweep = setInterval(() => server.closeIdleConnections(), 50);
  // An upload that never ends must not hold the process beyond what its supervisor grants (docker-compose.yml: 75 s).
  const last = setTimeout(() => server.closeAllConnections(), 60_000);
  try {
    await app.close();
  } finally {
    clearInterval(sweep);
    clearTimeout(last);
  }
}

/** Readiness off, streams ended, requests answered, ticks and jobs finished, then everything let go; once, however often it is asked. */
function stopper(app: NestFastifyApplication, foundations: Opened): () => Promise<void> {
  let stopping: Promise<void> | undefined;
  return () =>
    (stopping ??= (async () => {
      app.get(Readiness).ready = false;
      app.get(StreamController).closeAll();
      await app.get(Housekeeping).stop();
      await app.get(Ticker).stop();
      await app.get(ReservationsService).stop();
      await app.get(PlanningService).stop();
      await app.get(ChargebackService).stop();
      await app.get(Pulls).stop();
      await app.get(SharedStock).stop();
      await app.get(FileDrop).stop();
      await closeServer(app);
      await app.get(Jobs).stop();
      await app.get(Noticed).stop();
      await foundations.close();
    })());
}
