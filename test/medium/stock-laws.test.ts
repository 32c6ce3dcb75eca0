import 'reflect-metadata';
import fc from 'fast-check';
import pg from 'pg';
import { withCrashes } from '../factories/crashes.js';
import { closeServer, environmentFor, request, spawnService } from '../factories/database.js';
import { T0 } from '../factories/merchant.js';
import { withoutWorkers, type Foundation } from '../factories/services.js';
import { UNBALANCED } from '../factories/stock.js';
import { ReservationsService, type Quality } from '../../src/inventory/index.js';
import { DomainError, type Tx } from '../../src/kernel/index.js';

const SEED = 20_261_122;
let f: Foundation;
let reservations: ReservationsService;
beforeAll(async () => {
  f = await withoutWorkers(['P1', 'P2', 'LAST'], {});
  reservations = new ReservationsService(f.stock, f.catalogue, f.database, f.jobs);
}, 60_000);
afterAll(async () => {
  await f.close();
  await closeServer();
});

interface Line {
  paid: number;
  cancelled: number;
  shipped: number;
}

/** What must be true of one SKU, kept in plain numbers: no lots, no order of service. */
class Model {
  supply = 0;
  blocked = 0;
  readonly lines = new Map<string, Line>();
  readonly held = new Map<string, number>();
  readonly lots: string[] = [];
  /** Withdrawn lots, with the last movement before they were. */
  readonly withdrawn = new Map<string, number>();
  everWithdrawn = false;
  open = (): number => [...this.lines.values()].reduce((s, l) => s + Math.max(0, Math.min(l.paid, l.paid - Math.min(l.cancelled, l.paid)) - l.shipped), 0);
  shipped = (): number => [...this.lines.values()].reduce((s, l) => s + l.shipped, 0);
  promised = (): number => [...this.held.values()].reduce((s, q) => s + q, 0);
}

interface Real {
  readonly sku: string;
  readonly run: number;
  crashes: number;
  serial: number;
}

type Step =
  | { readonly kind: 'pay' | 'ship' | 'cancel'; readonly line: number; readonly quantity: number }
  | { readonly kind: 'receive' | 'adjust' | 'scrap' | 'block' | 'reserve'; readonly quantity: number }
  | { readonly kind: 'release' | 'confirm' | 'withdraw' | 'readmit'; readonly which: number }
  | { readonly kind: 'settle' };

const quantity = fc.integer({ min: 1, max: 9 });
const line = fc.integer({ min: 0, max: 4 });
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constantFrom('pay' as const, 'ship' as const, 'cancel' as const), line, quantity }),
  fc.record({ kind: fc.constantFrom('receive' as const, 'adjust' as const, 'scrap' as const, 'block' as const, 'reserve' as const), quantity }),
  fc.record({ kind: fc.constantFrom('release' as const, 'confirm' as const, 'withdraw' as const, 'withdraw' as const, 'readmit' as const), which: fc.nat(5) }),
  fc.constant({ kind: 'settle' as const }),
);

async function levelOf(sku: string): Promise<Record<string, number>> {
  const { rows } = await f.sql.query(`select on_hand::int, blocked::int, reserved::int, claimed::int, waiting::int, unclaimed::int from stock_levels where world = 'live' and sku = $1`, [sku]);
  return rows[0] ?? { on_hand: 0, blocked: 0, reserved: 0, claimed: 0, waiting: 0, unclaimed: 0 };
}

const refused = async (work: Promise<unknown>): Promise<boolean> => {
  try {
    await work;
    return false;
  } catch (error) {
    if (error instanceof DomainError) return true;
    throw error;
  }
};

async function perform(s: Step, m: Model, real: Real, settle: () => Promise<void>): Promise<void> {
  const crash = async (work: (tx: Tx) => Promise<unknown>): Promise<void> => void (real.crashes += await withCrashes(f.database, work));
  const correct = (cause: 'adjust' | 'scrap' | 'quarantine', units: number): Promise<boolean> =>
    refused(crash((tx) => f.stock.correct(tx, { world: 'live', cause, sku: real.sku, location: 'main', lot: '', subLot: '', quality: 'A' satisfies Quality, toQuality: undefined, quantity: units, note: 'test', actor: 'test' })));
  if (s.kind === 'pay' || s.kind === 'ship' || s.kind === 'cancel') {
    const key = `${real.run}-${s.line}`;
    const type = { pay: 'paid', ship: 'shipped', cancel: 'cancelled' }[s.kind] as 'paid' | 'shipped' | 'cancelled';
    const known = m.lines.get(key) ?? { paid: 0, cancelled: 0, shipped: 0 };
    known[type] += s.quantity;
    m.lines.set(key, known);
    const event = {
      shop: 'shop-1', eventId: `${key}-${real.serial++}`, occurredAt: T0 + real.serial, orderId: key, lineId: '1', sku: real.sku, quantity: s.quantity, type, unitPrice: 1, currency: 'CNY', kind: null,
      payment: null, shipBy: null, broadcast: null, anchor: null, supplier: null, lot: null, buyer: null,
    };
    await crash((tx) => f.intake.takeIn(tx, [event]));
  } else if (s.kind === 'receive') {
    let lot = '';
    await crash(async (tx) => (lot = await f.stock.receive(tx, { world: 'live', location: 'main', supplier: null, productionOrder: null, name: null, at: new Date(), actor: 'test', origin: 'test', originId: 'x', units: [{ sku: real.sku, quantity: s.quantity, quality: 'A', subLot: '' }] })));
    m.lots.push(lot);
    m.supply += s.quantity;
  } else if (s.kind === 'adjust') {
    if (!(await correct('adjust', s.quantity))) m.supply += s.quantity;
  } else if (s.kind === 'scrap') {
    if (!(await correct('scrap', s.quantity))) m.supply -= s.quantity;
  } else if (s.kind === 'block') {
    if (!(await correct('quarantine', s.quantity))) {
      m.supply -= s.quantity;
      m.blocked += s.quantity;
    }
  } else if (s.kind === 'reserve') {
    const before = await levelOf(real.sku);
    let id = '';
    const no = await refused(crash(async (tx) => (id = await reservations.reserve(tx, { lines: [{ sku: real.sku, quantity: s.quantity }], location: 'main', seconds: 3600, shop: undefined, orderId: undefined, note: undefined }, 'test'))));
    expect(no).toBe((before['on_hand'] ?? 0) - (before['reserved'] ?? 0) < s.quantity);
    if (!no) m.held.set(id, s.quantity);
  } else if (s.kind === 'withdraw' || s.kind === 'readmit') {
    const lot = m.lots[s.which % Math.max(1, m.lots.length)];
    if (lot === undefined || (s.kind === 'readmit') !== m.withdrawn.has(lot)) return;
    const how = { world: 'live' as const, lot, origin: 'alarm', originId: `alm-${lot}`, note: 'test', at: new Date(), actor: 'alarm' };
    const last = Number((await f.sql.query('select coalesce(max(id), 0) as id from stock_movements')).rows[0].id);
    await crash((tx) => (s.kind === 'withdraw' ? f.stock.withdrawLot(tx, how) : f.stock.readmitLot(tx, how)));
    if (s.kind === 'withdraw') m.withdrawn.set(lot, last);
    else m.withdrawn.delete(lot);
    m.everWithdrawn = true;
  } else if (s.kind === 'release' || s.kind === 'confirm') {
    const id = [...m.held.keys()][s.which];
    if (id === undefined) return;
    await crash((tx) => (s.kind === 'release' ? reservations.release(tx, id) : reservations.confirm(tx, id)));
    if (s.kind === 'release') m.held.delete(id);
  } else await settle();
}

/** Units of withdrawn lots that left since, and those that are sellable though no reservation holds them: none. */
async function soldOfWithdrawn(sku: string, m: Model): Promise<{ left: number; loose: number }> {
  const lots = [...m.withdrawn.keys()];
  const left = await f.sql.query(`select count(*)::int as n from stock_movements m join unnest($1::text[], $2::bigint[]) as w(lot, last) on w.lot = m.lot and m.id > w.last where m.cause = 'claim'`, [lots, [...m.withdrawn.values()]]);
  const units = await f.sql.query(`select coalesce(sum(units), 0)::int as n from stock_lots where sku = $1 and quality = 'A' and lot = any($2)`, [sku, lots]);
  return { left: left.rows[0].n, loose: Math.max(0, units.rows[0].n - m.promised()) };
}

it('any sequence of sales, receipts, corrections, withdrawn lots and reservations keeps the laws of stock, with a crash at every statement', async () => {
  let run = 0;
  let steps = 0;
  let crashes = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 30 }), async (sequence) => {
      run++;
      const sku = run % 2 === 0 ? 'P1' : 'P2';
      await f.sql.query('truncate stock_levels, stock_lots, stock_allocations, order_news, reservation_lines, reservations, order_lines, orders, order_events, event_identities');
      await f.sql.query('alter table stock_movements disable trigger all; delete from stock_movements; alter table stock_movements enable trigger all');
      const model = new Model();
      const real: Real = { sku, run, crashes: 0, serial: 0 };
      const settle = async (): Promise<void> => void (real.crashes += await withCrashes(f.database, (tx) => f.stock.takeUp(tx)));
      for (const s of sequence) {
        await perform(s, model, real, settle);
        expect((await f.sql.query(UNBALANCED)).rows).toEqual([]);
        expect(await soldOfWithdrawn(sku, model)).toEqual({ left: 0, loose: 0 });
      }
      for (const s of [{ kind: 'settle' }, { kind: 'settle' }] as const) await perform(s, model, real, settle);
      const level = await levelOf(sku);
      expect((await f.sql.query(UNBALANCED)).rows).toEqual([]);
      // Nothing lost and nothing made; nobody waits beside units that nobody was promised.
      const house = (level['on_hand'] ?? 0) + (level['claimed'] ?? 0);
      expect(house + (level['blocked'] ?? 0)).toBe(model.supply + model.blocked);
      if (!model.everWithdrawn) expect({ house, blocked: level['blocked'] ?? 0 }).toEqual({ house: model.supply, blocked: model.blocked });
      expect((level['claimed'] ?? 0) + (level['unclaimed'] ?? 0)).toBe(model.shipped());
      expect((level['reserved'] ?? 0) - model.promised() + (level['waiting'] ?? 0)).toBe(model.open());
      if ((level['on_hand'] ?? 0) > (level['reserved'] ?? 0)) expect([level['waiting'], level['unclaimed']]).toEqual([0, 0]);
      steps += sequence.length;
      crashes += real.crashes;
    }),
    { seed: SEED, numRuns: 25, endOnFailure: true },
  );
  process.stdout.write(`stock laws: seed ${SEED}, ${run} sequences, ${steps} steps, ${crashes} crashes\n`);
  expect(crashes).toBeGreaterThan(steps);
}, 240_000);

describe('10,000 attempts at the last 100 units', () => {
  const ATTEMPTS = 10_000;
  const stockUp = async (): Promise<void> => {
    await f.sql.query('truncate stock_levels, stock_lots, reservation_lines, reservations, stock_allocations');
    await f.sql.query('alter table stock_movements disable trigger all; delete from stock_movements; alter table stock_movements enable trigger all');
    await f.database.transaction((tx) => f.stock.receive(tx, { world: 'live', location: 'main', supplier: null, productionOrder: null, name: null, at: new Date(), actor: 't', origin: 't', originId: 't', units: [{ sku: 'LAST', quantity: 100, quality: 'A', subLot: '' }] }));
  };
  /** How many attempts get through, `at` a time. */
  const rush = async (attempts: number, atOnce: number, attempt: () => Promise<boolean>): Promise<number> => {
    let left = attempts;
    let won = 0;
    await Promise.all(Array.from({ length: atOnce }, async () => {
      while (left-- > 0) if (await attempt()) won++;
    }));
    return won;
  };
  const attempt = (): Promise<boolean> =>
    refused(f.database.transaction((tx) => reservations.reserve(tx, { lines: [{ sku: 'LAST', quantity: 1 }], location: 'main', seconds: 3600, shop: undefined, orderId: undefined, note: undefined }, 't'))).then((no) => !no);

  it('in one process: 100 get them', async () => {
    await stockUp();
    expect(await rush(ATTEMPTS, 18, attempt)).toBe(100);
    expect(await levelOf('LAST')).toMatchObject({ on_hand: 100, reserved: 100 });
  }, 120_000);

  it('in two processes over HTTP: 100 get them', async () => {
    await stockUp();
    const services = await Promise.all([spawnService(environmentFor(f.url, { ROLE: 'api' })), spawnService(environmentFor(f.url, { ROLE: 'api' }))]);
    let turn = 0;
    const won = await rush(ATTEMPTS, 64, async () => (await request((services[turn++ % 2] as { url: string }).url, 'POST', '/v1/reservations', { lines: [{ sku: 'LAST', quantity: 1 }], seconds: 3600 })).status === 201);
    for (const service of services) await service.end();
    expect(won).toBe(100);
    expect(await levelOf('LAST')).toMatchObject({ on_hand: 100, reserved: 100 });
  }, 240_000);

  it('the control that reads before it writes oversells', async () => {
    await f.sql.query('create table naive_stock (sku text primary key, on_hand int not null, reserved int not null)');
    await f.sql.query(`insert into naive_stock values ('LAST', 100, 0)`);
    const pool = new pg.Pool({ connectionString: f.url, max: 18 });
    const won = await rush(2_000, 18, async () => {
      const { rows } = await pool.query(`select on_hand - reserved as available from naive_stock where sku = 'LAST'`);
      if (rows[0].available < 1) return false;
      await pool.query(`update naive_stock set reserved = reserved + 1 where sku = 'LAST'`);
      return true;
    });
    await pool.end();
    expect(won).toBeGreaterThan(100);
  }, 60_000);
});

it('the database itself refuses a level that breaks a law', async () => {
  await f.sql.query(`insert into stock_levels (world, sku, location, on_hand, opening) values ('live', 'P1', 'law', 5, 5)`);
  await expect(f.sql.query(`update stock_levels set reserved = 6 where location = 'law'`)).rejects.toThrow('stock_never_oversold');
  await expect(f.sql.query(`update stock_levels set on_hand = 4 where location = 'law'`)).rejects.toThrow('stock_conserved');
  await f.sql.query(`delete from stock_levels where location = 'law'`);

});
