import 'reflect-metadata';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { closeServer, freshDatabase } from '../factories/database.js';
import { Access1763800100000, Files1763801000000 } from '../../src/access/migrations.js';
import { Anchor, Broadcast, LineUpItem, Link, LinkComponent } from '../../src/broadcasts/broadcasts.entity.js';
import { Broadcasts1763800300000, LinkBundles1763803700000, LiveLog1763803300000 } from '../../src/broadcasts/migrations.js';
import { Shop, Sku, Sourcing, Style, Supplier } from '../../src/catalogue/catalogue.entity.js';
import { Catalogue1763800200000 } from '../../src/catalogue/migrations.js';
import { Forecast1763800600000, NowcastModels1763802100000, ReturnExpectations1763801600000, StandingSales1763802200000, ViewerSteps1763803500000, WaitingNeeds1763804110000, WeeklyShapes1763803200000 } from '../../src/forecast/migrations.js';
import { Inventory1763800500000, LotsWithdrawn1763801700000, ReservationsByLine1763804000000 } from '../../src/inventory/migrations.js';
import { Database, JobsAndFacts1763800000000 } from '../../src/kernel/index.js';
import { OverviewIndexes1763804010000 } from '../../src/desk/migrations.js';
import { LeanIntake1763802300000, LinesForReaders1763801400000, Orders1763800400000, StreamMoves1763803600000 } from '../../src/orders/migrations.js';
import { LiveLogAttributions1763803400000, Notices1763801300000, PlatformConnections1763803000000, ReturnWords1763803800000, SharedStock1763803100000 } from '../../src/connectors/migrations.js';
import { Commitments1763802210000 } from '../../src/production/commitments.migrations.js';
import { AgreedUnits1763804100000, Production1763800700000 } from '../../src/production/migrations.js';
import { Samples1763801100000 } from '../../src/production/samples.migrations.js';
import { Accountability1763800900000, FairClaims1763803900000 } from '../../src/accountability/migrations.js';
import { Alarms1763801500000, InspectionPhotos1763801200000, Returns1763800800000 } from '../../src/returns/migrations.js';

const MIGRATIONS = [JobsAndFacts1763800000000, Access1763800100000, Catalogue1763800200000, Broadcasts1763800300000, Orders1763800400000, Inventory1763800500000, Forecast1763800600000, Production1763800700000, Returns1763800800000,
  Accountability1763800900000, Files1763801000000, Samples1763801100000, InspectionPhotos1763801200000, Notices1763801300000,
  LinesForReaders1763801400000, Alarms1763801500000, ReturnExpectations1763801600000, LotsWithdrawn1763801700000, NowcastModels1763802100000, StandingSales1763802200000, Commitments1763802210000, LeanIntake1763802300000, PlatformConnections1763803000000, SharedStock1763803100000, WeeklyShapes1763803200000, LiveLog1763803300000, LiveLogAttributions1763803400000, ViewerSteps1763803500000, StreamMoves1763803600000, LinkBundles1763803700000, ReturnWords1763803800000, FairClaims1763803900000, ReservationsByLine1763804000000, OverviewIndexes1763804010000,
  AgreedUnits1763804100000, WaitingNeeds1763804110000];
const ENTITIES = [Shop, Supplier, Style, Sku, Sourcing, Anchor, Broadcast, LineUpItem, Link, LinkComponent];
const SNAPSHOT = join(import.meta.dirname, '..', 'golden', 'schema.json');

let url: string;
let database: Database;
beforeAll(async () => {
  url = await freshDatabase();
  database = await Database.connect({ url, pool: 4, entities: ENTITIES, migrations: MIGRATIONS });
  await database.migrate();
});
afterAll(async () => {
  await database.close();
  await closeServer();
});

it('entities and migrated tables have the same columns', async () => {
  const { upQueries } = await database.source.driver.createSchemaBuilder().log();
  // Reviewed: the migrations own indexes, foreign keys and checks, which the entities do not repeat.
  const drift = upQueries.map((q) => q.query).filter((q) => !/(DROP|ADD) CONSTRAINT|(DROP|CREATE) (UNIQUE )?INDEX/.test(q));
  expect(drift).toEqual([]);
});

it('the schema is the one that was reviewed (test/golden/schema.json; UPDATE_GOLDEN=1 writes it anew)', async () => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const columns = await client.query(`select table_name, column_name, data_type, is_nullable, column_default from information_schema.columns
    where table_schema = 'public' and table_name !~ '_[0-9]+$' order by 1, ordinal_position`);
  const indexes = await client.query(`select tablename, indexdef from pg_indexes where schemaname = 'public' and tablename !~ '_[0-9]+$' order by 1, indexname`);
  const checks = await client.query(`select conrelid::regclass::text as t, pg_get_constraintdef(oid) as def from pg_constraint where contype in ('c', 'f') and connamespace = 'public'::regnamespace
    and conrelid::regclass::text !~ '_[0-9]+$' order by 1, 2`);
  await client.end();
  const schema = {
    columns: columns.rows.map((c) => `${c.table_name}.${c.column_name} ${c.data_type}${c.is_nullable === 'NO' ? ' not null' : ''}${c.column_default === null ? '' : ` default ${c.column_default}`}`),
    indexes: indexes.rows.map((i) => i.indexdef), constraints: checks.rows.map((c) => `${c.t}: ${c.def}`),
  };
  if ((globalThis as unknown as { process: NodeJS.Process }).process.env['UPDATE_GOLDEN'] === '1') writeFileSync(SNAPSHOT, `${JSON.stringify(schema, null, 1)}\n`);
  expect(schema).toEqual(JSON.parse(readFileSync(SNAPSHOT, 'utf8')));
});

it('every migration can be taken back and made again', async () => {
  for (let i = 0; i < MIGRATIONS.length; i++) await database.source.undoLastMigration({ transaction: 'each' });
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  expect((await client.query(`select table_name from information_schema.tables where table_schema = 'public' and table_name <> 'migrations'`)).rows).toEqual([]);
  await client.end();
  await database.migrate();
});

it('history cannot be changed: audit log, assessments, transitions, replies', async () => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(`insert into audit_log (actor, action, object) values ('a', 'b', 'c')`);
  await expect(client.query(`update audit_log set actor = 'x'`)).rejects.toThrow(/never changed/);
  await expect(client.query('delete from audit_log')).rejects.toThrow(/never changed/);
  await client.end();
});

it('a database of the version before, with rows in it, is upgraded; what a process of that version still writes is set right', async () => {
  const old = await freshDatabase();
  const before = await Database.connect({ url: old, pool: 4, entities: ENTITIES, migrations: MIGRATIONS.slice(0, 9) });
  await before.migrate();
  await before.close();
  const client = new pg.Client({ connectionString: old });
  await client.connect();
  await client.query(`insert into shops (id, platform, time_zone, currency, clock) values ('s', 'x', 'UTC', 'CNY', 'live'); insert into styles values ('y', 'c'); insert into skus (id, style, colour, size, price, currency) values ('k', 'y', 'b', 'm', 1, 'CNY')`);
  const state = (paid: number, cancelled: number, deliveredAt: number | null): string => JSON.stringify({ paid, cancelled, deliveredAt });
  await client.query(
    `insert into order_lines (shop, order_id, line_id, sku, state, counts, kind, broadcast, ordered, open_units, shipped, paid_at) values ('s', 'o', '1', 'k', $1, true, 'sale', '', 3, 3, 0, now())`, [state(3, 0, null)]);
  await client.query(`insert into return_cases (id, shop, order_id, line_id, sku, quantity, kind, requested_at, status, status_at, goods, received, inspected) values ('R', 's', 'o', '1', 'k', 3, 'return', now(), 'x', now(), 'received', 3, 2);
    insert into return_lots (return_case, lot, sub_lot, location, units, inspected) values ('R', '', '', 'main', 3, 2);
    insert into inspections (return_case, lot, sub_lot, quantity, grade, finding, disposition, at, actor) values ('R', '', '', 2, 'B', 'worn', 'rework', now(), 'a'), ('R', '', '', 1, 'C', 'worn', 'scrap', now(), 'a')`);
  const after = await Database.connect({ url: old, pool: 4, entities: ENTITIES, migrations: MIGRATIONS });
  await after.migrate();
  const line = async (): Promise<unknown> => (await client.query('select net_paid, delivered_at, clock_at from order_lines')).rows[0];
  expect(await line()).toEqual({ net_paid: null, delivered_at: null, clock_at: null });
  // What inspection had put aside is told from what waits for it.
  expect((await client.query(`select cause, house, origin_id from stock_movements where origin = 'return' order by id`)).rows).toEqual([{ cause: 'regrade', house: -2, origin_id: 'R' }, { cause: 'quarantine', house: 2, origin_id: 'R' }]);
  // The statement of the version before, which knows nothing of the new columns.
  await client.query(`update order_lines set state = $1, open_units = 2`, [state(3, 1, Date.parse('2026-11-20T00:00:00Z'))]);
  expect(await line()).toEqual({ net_paid: 2, delivered_at: new Date('2026-11-20T00:00:00Z'), clock_at: new Date('2026-11-20T00:00:00Z') });
  await client.query(`update order_lines set state = $1, net_paid = 1`, [state(3, 2, null)]);
  expect(await line()).toMatchObject({ net_paid: 1 });
  await client.end();
  await after.close();
});
