// Pure decisions of inventory: who gets the units that are there, and which lots leave the house. Quantities are whole units.

/** The units of one SKU in one place that can be sold: in the house, and of those promised. */
export interface Level {
  readonly onHand: number;
  readonly reserved: number;
}

/** What an order line asks for: units still to be shipped, and units that its events say have left. */
export interface LineWish {
  readonly key: string;
  readonly open: number;
  readonly shipped: number;
  /** Lot that its events name, as ours is called; undefined: the oldest. */
  readonly lot: string | undefined;
  /** Who waits longest is served first: first payment, milliseconds since 1970. */
  readonly since: number;
}

/** What a line has of the stock. */
export interface LineShare {
  readonly reserved: number;
  readonly claimed: number;
}

export interface LotUnits {
  readonly lot: string;
  readonly subLot: string;
  readonly units: number;
}

export interface LineMove {
  readonly key: string;
  readonly share: LineShare;
  /** Changes of this line's reserved units by cause; all positive. */
  readonly released: number;
  readonly newlyReserved: number;
  readonly claims: readonly LotUnits[];
}

export interface Allocation {
  readonly level: Level;
  readonly moves: readonly LineMove[];
}

/** Units of one SKU in one place that a reservation still holds for an order; `for` names order and place. */
export interface HeldUnits {
  readonly for: string;
  readonly reservation: string;
  readonly units: number;
}

/** An order line of that SKU and place, and the units that it lacks. */
export interface LackingLine {
  readonly for: string;
  readonly line: string;
  readonly lacks: number;
}

export interface HandedOver {
  readonly reservation: string;
  readonly line: string;
  readonly units: number;
}

/**
 * What reservations give to the lines of the order that they were made for: what the lines lack now, and no more. The rest stays
 * held, because lines of an order are told one by one, and one that is still to come counts on it.
 */
export function handOver(held: readonly HeldUnits[], lines: readonly LackingLine[]): HandedOver[] {
  const left = held.map((h) => ({ ...h }));
  const given: HandedOver[] = [];
  for (const l of [...lines].sort((a, b) => (a.line < b.line ? -1 : 1))) {
    let lacks = l.lacks;
    for (const h of left) {
      const units = h.for === l.for ? Math.min(h.units, lacks) : 0;
      if (units <= 0) continue;
      h.units -= units;
      lacks -= units;
      given.push({ reservation: h.reservation, line: l.line, units });
    }
  }
  return given;
}

/** Takes units out of lots, a named one first, then the oldest (as they are given); answers what was taken and what is left. */
function takeFrom(lots: LotUnits[], units: number, named: string | undefined): LotUnits[] {
  const taken: LotUnits[] = [];
  let left = units;
  const order = named === undefined ? lots.map((_, i) => i) : [...lots.keys()].sort((a, b) => Number(lots[b]?.lot === named) - Number(lots[a]?.lot === named) || a - b);
  for (const i of order) {
    const lot = lots[i] as LotUnits;
    const part = Math.min(left, lot.units);
    if (part === 0) continue;
    taken.push({ ...lot, units: part });
    lots[i] = { ...lot, units: lot.units - part };
    left -= part;
  }
  return taken;
}

/**
 * Gives the units of one SKU in one place to order lines. In this order: what has shipped leaves the house, first out of what
 * its line had reserved; what a line no longer needs is released; then lines that lack units get what is available, by the time
 * of their payment.
 *
 * `shares`: what lines have so far, what a reservation handed over to them included; `lots`: sellable units by lot, oldest first.
 * They sum to `level.onHand` less the units of withdrawn lots that reservations keep: nothing leaves out of those. Never promises
 * or ships a unit that is not there: what shipped beyond it stays unclaimed (the line's shipped − claimed), and is claimed when
 * stock is booked in.
 */
export function allocate(level: Level, lots: readonly LotUnits[], shares: ReadonlyMap<string, LineShare>, wishes: readonly LineWish[]): Allocation {
  let { onHand, reserved } = level;
  const left = [...lots];
  let there = lots.reduce((s, l) => s + l.units, 0);
  const moves = new Map<string, { wish: LineWish; share: { reserved: number; claimed: number }; released: number; newlyReserved: number; claims: LotUnits[] }>();
  const inOrder = [...wishes].sort((a, b) => a.since - b.since || (a.key < b.key ? -1 : 1));
  for (const wish of inOrder) {
    const share = shares.get(wish.key) ?? { reserved: 0, claimed: 0 };
    const move = { wish, share: { ...share }, released: 0, newlyReserved: 0, claims: [] as LotUnits[] };
    moves.set(wish.key, move);
    const due = Math.max(0, wish.shipped - share.claimed);
    const promised = Math.min(due, share.reserved);
    // Own units first; beyond them only what nobody was promised.
    const claimed = Math.min(there, promised + Math.min(due - promised, Math.max(0, onHand - reserved)));
    const own = Math.min(promised, claimed);
    if (claimed > 0) {
      there -= claimed;
      move.claims = takeFrom(left, claimed, wish.lot);
      move.share.claimed += claimed;
      move.share.reserved -= own;
      reserved -= own;
      onHand -= claimed;
    }
    const surplus = Math.max(0, move.share.reserved - wish.open);
    move.share.reserved -= surplus;
    move.released = surplus;
    reserved -= surplus;
  }
  for (const { wish, share, ...rest } of [...moves.values()]) {
    const more = Math.min(Math.max(0, wish.open - share.reserved), onHand - reserved);
    if (more <= 0) continue;
    moves.set(wish.key, { wish, ...rest, share: { ...share, reserved: share.reserved + more }, newlyReserved: more });
    reserved += more;
  }
  return { level: { onHand, reserved }, moves: [...moves.values()].map(({ wish, share, released, newlyReserved, claims }) => ({ key: wish.key, share, released, newlyReserved, claims })) };
}

/** A date on which units arrive, or must be there. */
export interface Dated {
  readonly date: string;
  readonly units: number;
}

/** Whether supply can be promised on: what was due before today has not come, and nobody knows when it will. */
export const isPromisable = (supply: Dated, today: string): boolean => supply.date >= today;

/**
 * Available to promise by date: what is available now less what waits, then with each arrival. Never negative; a later date
 * never has less, because nothing is promised ahead here.
 */
export function availableToPromise(available: number, waiting: number, incoming: readonly Dated[]): Dated[] {
  const dates = [...new Set(incoming.map((i) => i.date))].sort();
  let sum = available - waiting;
  return dates.map((date) => {
    sum += incoming.filter((i) => i.date === date).reduce((s, i) => s + i.units, 0);
    return { date, units: Math.max(0, sum) };
  });
}
