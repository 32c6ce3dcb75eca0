import pg from 'pg';
import { environmentFor, freshDatabase, request, spawnService } from './database.js';
import { furnish } from './merchant.js';
import { AccessService } from '../../src/access/index.js';
import { CatalogueService, Shop, Sku, Sourcing, Style, Supplier } from '../../src/catalogue/index.js';
import { StockService } from '../../src/inventory/index.js';
import { Database, Jobs, openSecrets, Queues, readConfiguration } from '../../src/kernel/index.js';
import { IntakeService, type OrderEvent } from '../../src/orders/index.js';

/** The service's own classes on a real, furnished database, without workers: the test says when jobs run. */
export interface Foundation {
  readonly url: string;
  readonly database: Database;
  readonly jobs: Jobs;
  readonly catalogue: CatalogueService;
  readonly stock: StockService;
  readonly intake: IntakeService;
  readonly sql: pg.Client;
  close(): Promise<void>;
}

export async function withoutWorkers(skus: readonly string[], over: Partial<Record<string, string | number>>): Promise<Foundation> {
  const url = await freshDatabase();
  const service = await spawnService(environmentFor(url));
  await furnish({ call: (m: string, p: string, b?: unknown, h?: Record<string, string>) => request(service.url, m, p, b, h) } as never, skus, { initial_stock: 0, ...over }, { clock: 'live' });
  await service.end();
  const configuration = readConfiguration(environmentFor(url));
  const secrets = openSecrets(configuration);
  const database = await Database.connect({ url, pool: 20, entities: [Shop, Supplier, Style, Sku, Sourcing], migrations: [] });
  const queues = await Queues.open({ databaseUrl: url, redisUrls: configuration.redisUrls, concurrency: { forecast: 1, production: 1, orders: 1, connectors: 1 } });
  const jobs = new Jobs(database, queues, { getProviders: () => [] } as never);
  const catalogue = new CatalogueService(database, secrets, jobs, new AccessService(database, secrets), configuration);
  const sql = new pg.Client({ connectionString: url });
  await sql.connect();
  return {
    url, database, jobs, catalogue, sql, stock: new StockService(jobs), intake: new IntakeService(database, catalogue, jobs, secrets),
    close: async () => {
      await sql.end();
      await queues.close();
      await database.close();
    },
  };
}

/** A line of shop-1, paid at once, outside broadcasts; its order is named after the event. */
export const paidLine = (id: string, sku: string, at: number, over: Partial<OrderEvent> = {}): OrderEvent => ({
  shop: 'shop-1', eventId: `e${id}`, occurredAt: at, orderId: `o${id}`, lineId: '1', sku, quantity: 1, type: 'paid', unitPrice: 15_900, currency: 'CNY', kind: null, payment: null, shipBy: null, broadcast: null, anchor: null, supplier: null,
  lot: null, buyer: null, ...over,
});
