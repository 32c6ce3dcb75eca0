// What P1 stands beside, each in a process of its own: a bare Fastify that commits in groups, one that inserts per request,
// and one that only echoes. They do no authentication, no validation, no windows and no outbox.
import Fastify from 'fastify';
import pg from 'pg';

const [kind] = process.argv.slice(2);
const app = Fastify();
const pool = kind === 'echo' ? undefined : new pg.Pool({ connectionString: process.env['PEER_DATABASE_URL'], max: kind === 'insert' ? 32 : 4 });

const COLUMNS = 'shop, event_id, occurred_at, order_id, line_id, sku, type, quantity, unit_price, currency, kind, payment, ship_by, broadcast, anchor, supplier, lot, buyer';
const ANSWER = { accepted: 1, duplicates: 0, quarantined: 0 };
/** Of the length that the service stores; computing it is not this peer's work. */
const DIGEST = Buffer.alloc(16, 7);
const valuesOf = (e) => [
  e.shop, e.event_id, e.occurred_at, e.order_id, e.line_id, e.sku, e.type, e.quantity, e.unit_price ?? null, e.currency ?? null, e.kind ?? null, e.payment ?? null,
  e.ship_by ?? null, e.broadcast ?? null, e.anchor ?? null, e.supplier ?? null, e.lot ?? null, (e.buyer ?? '').padStart(43, 'x'),
];

const LIMIT = 500;
const IN_FLIGHT = 2;
const waiting = [];
let inFlight = 0;

async function commit(batch) {
  const client = await pool.connect();
  try {
    const rows = batch.map((w) => valuesOf(w.event));
    await client.query('begin');
    await client.query({
      name: 'identities', text: 'insert into event_identities (shop, event_id, digest) select * from unnest($1::text[], $2::text[], $3::bytea[]) on conflict do nothing',
      values: [rows.map((r) => r[0]), rows.map((r) => r[1]), rows.map(() => DIGEST)],
    });
    await client.query({
      name: 'events',
      text: `insert into order_events (${COLUMNS}) select * from unnest($1::text[], $2::text[], $3::timestamptz[], $4::text[], $5::text[], $6::text[], $7::text[], $8::int[], $9::bigint[],
        $10::text[], $11::text[], $12::text[], $13::timestamptz[], $14::text[], $15::text[], $16::text[], $17::text[], $18::text[])`,
      values: Array.from({ length: 18 }, (_, i) => rows.map((r) => r[i])),
    });
    await client.query('commit');
    for (const w of batch) w.resolve(ANSWER);
  } catch (error) {
    await client.query('rollback').catch(() => undefined);
    for (const w of batch) w.reject(error);
  } finally {
    client.release();
    inFlight--;
    pump();
  }
}

function pump() {
  while (inFlight < IN_FLIGHT && waiting.length > 0) {
    const batch = waiting.splice(0, LIMIT);
    inFlight++;
    // What arrives in this turn of the event loop goes along.
    setImmediate(() => {
      if (batch.length < LIMIT) batch.push(...waiting.splice(0, LIMIT - batch.length));
      void commit(batch);
    });
  }
}

const handlers = {
  'group-commit': (event) =>
    new Promise((resolve, reject) => {
      waiting.push({ event, resolve, reject });
      pump();
    }),
  insert: async (event) => {
    await pool.query({ name: 'event', text: `insert into order_events (${COLUMNS}) values (${Array.from({ length: 18 }, (_, i) => `$${i + 1}`).join(', ')})`, values: valuesOf(event) });
    return ANSWER;
  },
  echo: async (event) => event,
};
const handler = handlers[kind];
app.post('/v1/order-events', async (request, reply) => {
  const answer = await handler(request.body);
  reply.code(202);
  return answer;
});
await app.listen({ port: 0, host: '127.0.0.1' });
process.send({ port: app.server.address().port });
process.on('disconnect', () => process.exit(0));
