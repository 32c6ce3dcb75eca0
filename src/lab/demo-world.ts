// The simulated broadcast of the demo: a dozen SKUs in four styles; K12 explodes; one P77 is bought in bulk and cancelled
// minutes later; one pair of socks is a 2,000-piece giveaway. Times are event time; everything follows from start and seed.
import { randomFrom, type Random } from '../kernel/math/index.js';

export interface DemoEvent {
  readonly at: number;
  readonly body: Readonly<Record<string, string | number>>;
}

export interface DemoWorld {
  readonly shop: string;
  readonly broadcast: string;
  readonly startsAt: number;
  readonly endsAt: number;
  readonly catalogueCsv: string;
  readonly broadcastsCsv: string;
  readonly events: readonly DemoEvent[];
  /** What must and must not happen. */
  readonly exploding: string;
  readonly bulk: string;
  readonly giveaway: string;
}

const MINUTE = 60_000;
const SHOP = 'demo-live';
const BROADCAST = 'B0001';
/** Bought 3,000 times at once. What one line may take at once (200 units) is in stock; the rest is held back for half an hour. */
const BULK = 'P77-S';

interface Style {
  readonly id: string;
  readonly colour: string;
  readonly sizes: readonly string[];
  readonly category: string;
  readonly price: number;
  readonly cost: number;
  readonly supplier: string;
  readonly moq: number;
  readonly scope: 'sku' | 'colour';
  readonly confirmingHour: string;
  /** Orders a minute of the whole style at the height of its pitch, and the minute of its slot. */
  readonly peak: number;
  readonly slot: number;
  readonly stock: number;
  /** Units that may be made before a sample is approved; empty: no such limit. */
  readonly trial: string;
}

const STYLES: readonly Style[] = [
  { id: 'SOCK', colour: 'mixed', sizes: ['RED', 'BLUE', 'GREY'], category: 'socks', price: 990, cost: 310, supplier: 'factory-3', moq: 200, scope: 'sku', confirmingHour: '', peak: 0, slot: 5, stock: 2_600, trial: '' },
  { id: 'K12', colour: 'black', sizes: ['S', 'M', 'L'], category: 'knitwear', price: 15_900, cost: 5_160, supplier: 'factory-1', moq: 60, scope: 'colour', confirmingHour: '', peak: 90, slot: 15, stock: 60, trial: '120' },
  { id: 'D30', colour: 'sage', sizes: ['S', 'M', 'L'], category: 'dresses', price: 25_900, cost: 8_400, supplier: 'factory-2', moq: 60, scope: 'colour', confirmingHour: '9', peak: 30, slot: 30, stock: 30, trial: '' },
  { id: 'P77', colour: 'navy', sizes: ['S', 'M', 'L'], category: 'trousers', price: 12_900, cost: 4_300, supplier: 'factory-3', moq: 20, scope: 'sku', confirmingHour: '', peak: 40, slot: 42, stock: 20, trial: '' },
];

const skuOf = (style: Style, size: string): string => `${style.id}-${size}`;

/** Non-homogeneous Poisson arrivals by thinning; `rate` in orders per minute, bounded by `most`. */
function arrivals(random: Random, from: number, to: number, most: number, rate: (at: number) => number): number[] {
  const found: number[] = [];
  for (let at = from + random.exponential(MINUTE / most); at < to; at += random.exponential(MINUTE / most)) if (random.next() * most < rate(at)) found.push(Math.floor(at));
  return found;
}

const iso = (at: number): string => new Date(at).toISOString();

export function demoWorld(startsAt: number, seed: number): DemoWorld {
  const random = randomFrom(seed);
  const endsAt = startsAt + 60 * MINUTE;
  const events: DemoEvent[] = [];
  let orders = 0;
  const order = (at: number, sku: string, price: number, quantity: number, more: { broadcast?: string; kind?: string; buyer?: string; cancelAt?: number } = {}): void => {
    orders++;
    const id = `D${String(orders).padStart(6, '0')}`;
    const base = {
      shop: SHOP, order_id: id, line_id: '1', sku, quantity, ...(more.broadcast === undefined ? {} : { broadcast: more.broadcast, anchor: 'anchor-lin' }),
      ...(more.kind === undefined ? {} : { kind: more.kind }), ...(more.buyer === undefined ? {} : { buyer: more.buyer }),
    };
    const event = (type: string, when: number, extra: Record<string, string | number>): void => {
      events.push({ at: when, body: { event_id: `${id}-${type}`, occurred_at: iso(when), type, ...base, ...extra } });
    };
    const paidAt = at + 1_000 + Math.floor(random.split(`pay ${id}`).next() * 8_000);
    event('created', at, { unit_price: price, currency: 'CNY' });
    event('paid', paidAt, { unit_price: price, currency: 'CNY' });
    if (more.cancelAt !== undefined) event('cancelled', Math.max(more.cancelAt, paidAt + 1_000), {});
  };

  for (const style of STYLES) {
    style.sizes.forEach((size) => {
      const sku = skuOf(style, size);
      const own = random.split(sku);
      // Two quiet days before: what the SKU sells when nobody pitches it.
      for (const at of arrivals(own.split('before'), startsAt - 48 * 60 * MINUTE, startsAt, 0.01, () => 0.0015)) order(at, sku, style.price, 1);
      const slot = startsAt + style.slot * MINUTE;
      const peak = style.peak / style.sizes.length;
      const rate = (at: number): number => {
        const since = at - slot;
        if (since < 0) return 0.05;
        const ramp = Math.min(1, since / 20_000);
        const fade = since < 4 * MINUTE ? 1 : Math.exp(-(since - 4 * MINUTE) / (2 * MINUTE));
        return 0.05 + peak * ramp * fade;
      };
      const cancels = own.split('cancel');
      for (const at of arrivals(own.split('live'), startsAt, endsAt, peak + 0.05, rate)) {
        const cancelled = cancels.next() < 0.08;
        order(at, sku, style.price, 1, { broadcast: BROADCAST, ...(cancelled ? { cancelAt: at + 30_000 + Math.floor(cancels.next() * 10 * MINUTE) } : {}) });
      }
      // The morning after: a few orders, and time goes on.
      for (const at of arrivals(own.split('after'), endsAt, endsAt + 40 * 60 * MINUTE, 0.02, () => 0.0015)) order(at, sku, style.price, 1);
    });
  }
  order(startsAt + 36 * MINUTE, BULK, 12_900, 3_000, { broadcast: BROADCAST, buyer: 'b-hoarder', cancelAt: startsAt + 44 * MINUTE });
  const giveaway = 'SOCK-RED';
  const lucky = random.split('giveaway');
  for (let i = 0; i < 2_000; i++) order(startsAt + 8 * MINUTE + lucky.below(3 * MINUTE), giveaway, 0, 1, { broadcast: BROADCAST, kind: 'giveaway' });
  events.sort((a, b) => a.at - b.at || (String(a.body['event_id']) < String(b.body['event_id']) ? -1 : 1));

  const head = 'sku,style,colour,size,category,price,currency,supplier,unit_cost,cost_currency,salvage_value,moq,lot_multiple,lead_time_days,daily_capacity,initial_stock,moq_scope,size_ratio,stage_days,confirming_hour,trial_quantity';
  const rows = STYLES.flatMap((s) => s.sizes.map((size, i) =>
    [skuOf(s, size), s.id, s.colour, size, s.category, s.price, 'CNY', s.supplier, s.cost, 'CNY', Math.floor(s.cost / 4), s.moq, 10, 7, 800, skuOf(s, size) === BULK ? 400 : s.stock, s.scope, [3, 4, 3][i] ?? 1, 'cut:3;sewn:5', s.confirmingHour, s.trial].join(',')));
  const items = STYLES.flatMap((s) => s.sizes.map((size) =>
    [BROADCAST, 'anchor-lin', SHOP, iso(startsAt), iso(endsAt), skuOf(s, size), iso(startsAt + s.slot * MINUTE), s.price, 100, 10, `L-${s.id}`, s.sizes.map((z) => `${skuOf(s, z)}:1`).join(';')].join(',')));
  return {
    shop: SHOP, broadcast: BROADCAST, startsAt, endsAt, catalogueCsv: [head, ...rows, ''].join('\n'),
    broadcastsCsv: ['broadcast,anchor,shop,starts_at,ends_at,sku,slot_at,price,planned_units,promise_days,link,components', ...items, ''].join('\n'),
    events, exploding: 'K12', bulk: BULK, giveaway,
  };
}
