// Bull Board at /queues: admins may act, operators may look.
import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { FastifyAdapter as BoardAdapter } from '@bull-board/fastify';
import type { FastifyInstance } from 'fastify';
import type { AccessGuard } from '../access/index.js';
import { DomainError, sendProblem, type Queues } from '../kernel/index.js';

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS']);

export async function mountQueueBoard(fastify: FastifyInstance, queues: Queues, guard: AccessGuard): Promise<void> {
  const server = new BoardAdapter();
  server.setBasePath('/queues');
  createBullBoard({ queues: queues.all().map((queue) => new BullMQAdapter(queue)), serverAdapter: server, options: { uiConfig: { boardTitle: 'Castline', hideDocsLink: true } } });
  await fastify.register(
    async (scope) => {
      scope.addHook('onRequest', async (request, reply) => {
        try {
          const principal = await guard.identify(request);
          if (principal.role !== 'admin' && !(principal.role === 'operator' && SAFE.has(request.method))) {
            throw new DomainError(403, 'forbidden', 'the queue board is for admins; operators may look');
          }
        } catch (error) {
          sendProblem(reply, request, error);
          return reply;
        }
        return undefined;
      });
      await scope.register(server.registerPlugin() as never);
    },
    { prefix: '/queues' },
  );
}
