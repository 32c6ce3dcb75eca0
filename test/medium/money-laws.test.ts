import 'reflect-metadata';
import fc from 'fast-check';
import { withCrashes } from '../factories/crashes.js';
import { closeServer } from '../factories/database.js';
import { UNBALANCED_LEDGER, UNJUST } from '../factories/ledger.js';
import { T0 } from '../factories/merchant.js';
import { withoutWorkers, type Foundation } from '../factories/services.js';
import { UNBALANCED } from '../factories/stock.js';
import { FilesService } from '../../src/access/index.js';
import { ChargebackService } from '../../src/accountability/chargeback.service.js';
import { ResponsibilityService } from '../../src/accountability/responsibility.service.js';
import { DomainError, type Tx } from '../../src/kernel/index.js';
import { ReturnsService } from '../../src/returns/index.js';

const SEED = 20_261_122;
const SKU = 'M1-S';
const UNIT_COST = 5_160;
const ORDERS = 8;
const PER_ORDER = 2;

let f: Foundation;
let returns: ReturnsService;
let responsibility: ResponsibilityService;
let chargebacks: ChargebackService;
beforeAll(async () => {
  f = await withoutWorkers([SKU], { unit_cost: UNIT_COST });
  const files = new FilesService(f.database, { put: () => Promise.reject(new Error('no files here')), get: () => Promise.resolve(undefined) });
  returns = new ReturnsService(f.stock, f.catalogue, f.jobs);
  responsibility = new ResponsibilityService(f.jobs);
  chargebacks = new ChargebackService(f.database, f.jobs, files);
}, 60_000);
afterAll(async () => {
  await f.close();
  await closeServer();
});

type Grade = 'A' | 'B' | 'C';
const FINDINGS = ['defect', 'worn', 'damaged-in-transit', 'too-small'] as const;
type Step =
  | { readonly kind: 'open' | 'receive'; readonly order: number; readonly quantity: number }
  | { readonly kind: 'inspect'; readonly order: number; readonly quantity: number; readonly grade: Grade; readonly finding: (typeof FINDINGS)[number] }
  /** All of it at once, so that sequences get as far as the money. */
  | { readonly kind: 'whole'; readonly order: number; readonly grade: Grade; readonly finding: (typeof FINDINGS)[number] }
  | { readonly kind: 'judge' | 'decide'; readonly order: number; readonly share: number }
  | { readonly kind: 'notify' | 'answer' | 'rule' | 'settle' | 'pursue'; readonly which: number; readonly how: number };

const order = fc.nat(ORDERS - 1);
const quantity = fc.integer({ min: 1, max: PER_ORDER });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('whole' as const), order, grade: fc.constantFrom<Grade>('B', 'C', 'C'), finding: fc.constantFrom(...FINDINGS, 'defect' as const, 'defect' as const) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('open' as const, 'receive' as const, 'receive' as const), order, quantity }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('inspect' as const), order, quantity, grade: fc.constantFrom<Grade>('A', 'B', 'C', 'C'), finding: fc.constantFrom(...FINDINGS, 'defect' as const) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('judge' as const, 'judge' as const, 'decide' as const), order, share: fc.integer({ min: 1, max: 9_999 }) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom('notify' as const, 'answer' as const, 'rule' as const, 'rule' as const, 'settle' as const, 'pursue' as const, 'pursue' as const), which: fc.nat(3), how: fc.nat(9) }) },
);

/** What must be true of one run, kept in plain numbers: no lots, no claims, no machine. */
class Model {
  readonly cases = new Map<number, { quantity: number; received: number; inspected: number; judged: number; lost: number; judgedLost: number }>();
  restocked = 0;
  quarantined = 0;
  scrapped = 0;
  received = (): number => [...this.cases.values()].reduce((s, c) => s + c.received, 0);
  inspected = (): number => [...this.cases.values()].reduce((s, c) => s + c.inspected, 0);
  /** What the judged units lost, in minor units: all of C, half of B, nothing of A. */
  cost = (): number => [...this.cases.values()].reduce((s, c) => s + c.judgedLost, 0);
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

let crashes = 0;
const crash = async (work: (tx: Tx) => Promise<unknown>): Promise<void> => void (crashes += await withCrashes(f.database, work));
const at = new Date(T0 + 10 * 86_400_000);

async function perform(s: Step, m: Model): Promise<void> {
  if ('which' in s) {
    // From a draft to its ruling in one go, or as far as it gets.
    for (const kind of s.kind === 'pursue' ? (['notify', 'answer', 'rule'] as const) : [s.kind]) await charge(kind, s.which, s.how);
    return;
  }
  if (s.kind === 'whole') {
    await perform({ kind: 'open', order: s.order, quantity: PER_ORDER }, m);
    const c = m.cases.get(s.order);
    const left = (c?.quantity ?? 0) - (c?.received ?? 0);
    if (left > 0) await perform({ kind: 'receive', order: s.order, quantity: left }, m);
    const unseen = (c?.received ?? 0) - (c?.inspected ?? 0);
    if (unseen > 0) await perform({ kind: 'inspect', order: s.order, quantity: unseen, grade: s.grade, finding: s.finding }, m);
    return perform({ kind: 'judge', order: s.order, share: 1 }, m);
  }
  const id = `R${s.order}`;
  const known = m.cases.get(s.order);
  if (s.kind === 'open') {
    const units = known?.quantity ?? s.quantity;
    const row = { case: { id, shop: 'shop-1', orderId: `o${s.order}`, lineId: '1', sku: SKU, quantity: units, kind: 'return' as const, claimedReason: null, trackingNumber: null, at: T0, status: 'requested' as const }, receivedAt: null, grade: null, finding: null };
    await crash((tx) => returns.takeIn(tx, [row, row], 'test'));
    if (known === undefined) m.cases.set(s.order, { quantity: units, received: 0, inspected: 0, judged: 0, lost: 0, judgedLost: 0 });
  } else if (s.kind === 'receive') {
    const no = await refused(crash((tx) => returns.receive(tx, id, { quantity: s.quantity, condition: undefined, location: undefined, at }, 'test')));
    expect(no).toBe(known === undefined || known.received + s.quantity > known.quantity);
    if (!no && known !== undefined) known.received += s.quantity;
  } else if (s.kind === 'inspect') {
    const no = await refused(crash((tx) => returns.inspect(tx, id, [{ quantity: s.quantity, grade: s.grade, finding: s.finding, disposition: undefined, note: undefined, photos: [] }], at, 'test')));
    expect(no).toBe(known === undefined || s.quantity > known.received - known.inspected);
    if (no || known === undefined) return;
    known.inspected += s.quantity;
    known.lost += s.quantity * { A: 0, B: UNIT_COST / 2, C: UNIT_COST }[s.grade];
    if (s.grade === 'A' && s.finding === 'too-small') m.restocked += s.quantity;
    else if (s.grade !== 'C') m.quarantined += s.quantity;
    else m.scrapped += s.quantity;
  } else if ('share' in s && s.kind === 'judge') {
    await crash((tx) => responsibility.assign(tx, id));
    await crash((tx) => responsibility.assign(tx, id));
    if (known !== undefined) known.judgedLost = known.lost;
  } else if ('share' in s) {
    const shares = [{ party: 'supplier' as const, shareBp: s.share }, { party: 'merchant' as const, shareBp: 10_000 - s.share }];
    const no = await refused(crash((tx) => responsibility.decide(tx, id, { inspection: undefined, shares, note: 'test' }, 'test')));
    if (!no && known !== undefined) known.judgedLost = known.lost;
  }
}

async function charge(kind: 'notify' | 'answer' | 'rule' | 'settle', which: number, how: number): Promise<void> {
  const { rows } = await f.sql.query('select id from chargebacks order by id');
  const id = rows[which % Math.max(1, rows.length)]?.id as string | undefined;
  if (id === undefined) return;
  const lines = (await f.sql.query('select line_id, quantity - allowed as units from claims where chargeback = $1 and not voided order by length(line_id), line_id', [id])).rows as { line_id: string; units: number }[];
  const some = lines.slice(0, Math.max(1, how % 4)).map((l) => ({ lineId: l.line_id, quantity: Math.min(l.units, how % 3) }));
  const works: Record<typeof kind, (tx: Tx) => Promise<void>> = {
    notify: (tx) => chargebacks.notify(tx, id, 'merchant', 'test'),
    answer: (tx) => chargebacks.answer(tx, id, { party: 'supplier', ids: ['factory-1'] }, how % 3 === 0 ? { verdict: 'accept' } : how % 3 === 1 ? { verdict: 'dispute' } : { verdict: 'accept-partly', lines: some }, 'test'),
    rule: (tx) => chargebacks.rule(tx, id, how % 3 === 0 ? { verdict: 'uphold', note: 'x' } : how % 3 === 1 ? { verdict: 'withdraw', note: 'x' } : { verdict: 'reduce', lines: some, note: 'x' }, 'test'),
    settle: (tx) => chargebacks.settle(tx, id, { reference: `ref-${how}`, amount: how % 2 === 0 ? undefined : 1_000 + how }, 'test'),
  };
  // Twice: the second is the same or is refused, and changes nothing more.
  const before = await refused(crash(works[kind]));
  const after = await f.sql.query('select sum(debits)::bigint as n from ledger_accounts');
  if (!before && kind !== 'rule') await refused(crash(works[kind]));
  if (kind !== 'rule') expect((await f.sql.query('select sum(debits)::bigint as n from ledger_accounts')).rows).toEqual(after.rows);
}

/** Every unit of one lot sold and shipped, so that whatever comes back is of it. */
async function sellOut(run: number): Promise<void> {
  await f.sql.query('truncate return_cases, chargebacks, ledger_accounts, stock_levels, stock_lots, stock_allocations, order_news, order_lines, orders, order_events, event_identities, lots cascade');
  await f.sql.query('alter table stock_movements disable trigger all; delete from stock_movements; alter table stock_movements enable trigger all');
  await f.database.transaction((tx) => f.stock.receive(tx, { world: 'live', location: 'main', supplier: 'factory-1', productionOrder: null, name: null, at: new Date(T0), actor: 't', origin: 't', originId: 't', units: [{ sku: SKU, quantity: ORDERS * PER_ORDER, quality: 'A', subLot: '' }] }));
  const event = (i: number, type: 'paid' | 'shipped') => ({
    shop: 'shop-1', eventId: `${run}-${i}-${type}`, occurredAt: T0 + i, orderId: `o${i}`, lineId: '1', sku: SKU, quantity: PER_ORDER, type, unitPrice: 15_900, currency: 'CNY', kind: null, payment: null, shipBy: null, broadcast: null,
    anchor: null, supplier: null, lot: null, buyer: null,
  });
  await f.database.transaction((tx) => f.intake.takeIn(tx, Array.from({ length: ORDERS }, (_, i) => [event(i, 'paid'), event(i, 'shipped')]).flat()));
  await f.database.transaction((tx) => f.stock.takeUp(tx));
}

const number = async (text: string): Promise<number> => Number((await f.sql.query(text)).rows[0]?.n ?? 0);

it('any sequence of returns, inspections, judgements, answers, rulings and payments keeps the laws of stock and money, with a crash at every statement', async () => {
  let run = 0;
  let steps = 0;
  let posted = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 36 }), async (sequence) => {
      await sellOut(++run);
      const model = new Model();
      for (const s of sequence) {
        await perform(s, model);
        expect((await f.sql.query(UNBALANCED)).rows).toEqual([]);
        expect((await f.sql.query(UNBALANCED_LEDGER)).rows).toEqual([]);
        expect((await f.sql.query(UNJUST)).rows).toEqual([]);
      }
      const { rows: [level] } = await f.sql.query(`select on_hand::int, blocked::int, claimed::int, returned::int, scrapped::int from stock_levels where sku = '${SKU}'`);
      expect(level).toEqual({
        on_hand: model.restocked, blocked: model.received() - model.inspected() + model.quarantined, claimed: ORDERS * PER_ORDER, returned: model.received(), scrapped: model.scrapped,
      });
      // What the judged units lost is on somebody's account, to the cent, whoever was judged how often.
      expect(await number(`select coalesce(sum(debits - credits), 0) as n from ledger_accounts where account not like 'loss/%'`)).toBe(model.cost());
      expect(await number(`select coalesce(sum(credits - debits), 0) as n from ledger_accounts where account like 'loss/%'`)).toBe(model.cost());
      // A party never pays more than what it is judged to have caused.
      expect(await number(`select count(*) as n from ledger_accounts where account like 'cost/%' and debits < credits`)).toBe(0);
      expect(await number(`select count(*) as n from ledger_accounts where account like 'receivable/%' and debits < credits`)).toBe(0);
      steps += sequence.length;
      posted += await number(`select count(*) as n from ledger_transfers where business_key like 'chargeback/%'`);
    }),
    { seed: SEED, numRuns: 10, endOnFailure: true },
  );
  process.stdout.write(`money laws: seed ${SEED}, ${run} sequences, ${steps} steps, ${crashes} crashes, ${posted} postings\n`);
  expect(crashes).toBeGreaterThan(steps);
  expect(posted).toBeGreaterThan(2);
}, 300_000);

/** An order of two units, each of a lot of its own. */
async function soldFromTwoLots(order: string, run: number): Promise<string[]> {
  await sellOut(run);
  const line = (type: 'paid' | 'shipped') => ({
    shop: 'shop-1', eventId: `${order}-${type}`, occurredAt: T0, orderId: order, lineId: '1', sku: SKU, quantity: 2, type, unitPrice: 15_900, currency: 'CNY', kind: null, payment: null, shipBy: null, broadcast: null, anchor: null, supplier: null, lot: null, buyer: null,
  });
  const lots: string[] = [];
  for (const n of [1, 2]) {
    lots.push(await f.database.transaction((tx) => f.stock.receive(tx, { world: 'live', location: 'main', supplier: 'factory-1', productionOrder: null, name: null, at: new Date(T0 + n), actor: 't', origin: 't', originId: 't', units: [{ sku: SKU, quantity: 1, quality: 'A', subLot: '' }] })));
  }
  await f.database.transaction((tx) => f.intake.takeIn(tx, [line('paid'), line('shipped')]));
  await f.database.transaction((tx) => f.stock.takeUp(tx));
  return lots;
}

it('a refund without goods is asked of the suppliers of all lots that left; their goods, when they come, take the place of it', async () => {
  const lots = await soldFromTwoLots('blind', 9_002);
  const row = { id: 'B', shop: 'shop-1', orderId: 'blind', lineId: '1', sku: SKU, quantity: 2, kind: 'refund-only' as const, claimedReason: null, trackingNumber: null, at: T0, status: 'refunded' as const };
  await f.database.transaction((tx) => returns.takeIn(tx, [{ case: row, receivedAt: null, grade: null, finding: null }], 'test'));
  const standing = async () => (await f.sql.query('select lot, quantity from responsibilities where return_case = $1 and superseded_by is null order by lot', ['B'])).rows;
  const blame = (share: number) => crash((tx) => responsibility.decide(tx, 'B', { inspection: undefined, shares: [{ party: 'supplier', shareBp: share }, { party: 'merchant', shareBp: 10_000 - share }], note: 'test' }, 'test'));
  for (const share of [9_000, 5_000]) {
    await blame(share);
    expect(await standing()).toEqual([...lots].sort().map((lot) => ({ lot, quantity: 1 })));
    expect(await number(`select sum(debits - credits) as n from ledger_accounts where account like 'cost/%'`)).toBe(2 * 15_900);
    expect((await f.sql.query(`select sum(e.amount)::int as n from claims c join claim_elements e on e.claim = c.id where c.party = 'supplier' and not c.voided`)).rows).toEqual([{ n: (2 * UNIT_COST * share) / 10_000 }]);
    expect((await f.sql.query(UNJUST)).rows).toEqual([]);
  }
  await crash((tx) => returns.receive(tx, 'B', { quantity: 2, condition: undefined, location: undefined, at }, 'test'));
  await crash((tx) => returns.inspect(tx, 'B', [{ quantity: 2, grade: 'C', finding: 'defect', disposition: undefined, note: undefined, photos: [] }], at, 'test'));
  await crash((tx) => responsibility.assign(tx, 'B'));
  expect(await standing()).toEqual([{ lot: '', quantity: 1 }, { lot: '', quantity: 1 }]);
  expect(await number(`select sum(debits - credits) as n from ledger_accounts where account like 'cost/%'`)).toBe(2 * UNIT_COST);
  expect((await f.sql.query(UNJUST)).rows).toEqual([]);
});

it('cases of one order line that come in at the same moment are traced to different lots, and inspection may name the lot it sees', async () => {
  const lots = await soldFromTwoLots('two-lots', 9_001);
  const open = (id: string, quantity: number) => ({ case: { id, shop: 'shop-1', orderId: 'two-lots', lineId: '1', sku: SKU, quantity, kind: 'return' as const, claimedReason: null, trackingNumber: null, at: T0, status: 'requested' as const }, receivedAt: null, grade: null, finding: null });
  await f.database.transaction((tx) => returns.takeIn(tx, [open('P', 1), open('Q', 1)], 'test'));
  const receive = (tx: Tx, id: string, units: number) => returns.receive(tx, id, { quantity: units, condition: undefined, location: undefined, at }, 'test');
  // P is booked and not committed yet when Q comes: Q must wait for it before it looks at lots.
  let second: Promise<void> | undefined;
  await f.database.transaction(async (tx) => {
    await receive(tx, 'P', 1);
    second = f.database.transaction((other) => receive(other, 'Q', 1));
    for (let waits = 0; waits === 0; ) waits = await number(`select count(*)::int as n from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`);
  });
  await second;
  const traced = (await f.sql.query(`select lot from return_lots where return_case in ('P', 'Q') order by lot`)).rows.map((x) => x.lot as string);
  expect(traced).toEqual([...lots].sort());
  const unit = { quantity: 1, grade: 'C' as const, finding: 'defect' as const, disposition: undefined, note: undefined, photos: [] };
  const inspect = (id: string, over: object) => f.database.transaction((tx) => returns.inspect(tx, id, [{ ...unit, ...over }], at, 'test'));
  await expect(inspect('P', { lot: 'lot_other' })).rejects.toThrow(/units\[0\]\.lot/);
  await expect(inspect('P', { subLot: 'D1' })).rejects.toThrow(/units\[0\]\.subLot/);
  const own = (await f.sql.query(`select lot from return_lots where return_case = 'P'`)).rows[0].lot as string;
  await expect(inspect('P', { lot: own, quantity: 2 })).rejects.toThrow(/units/);
  await inspect('P', { lot: own });
  expect((await f.sql.query(`select lot from inspections where return_case = 'P'`)).rows).toEqual([{ lot: own }]);
});
