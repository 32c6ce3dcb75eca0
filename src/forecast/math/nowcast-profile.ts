// How the orders of a line-up item spread over its broadcast: a lull, a pitch that lifts it, a decay, and a tail after the end.
// A profile is a rate in each phase (relative to the lull before the first pitch), a factor for each tenth of the broadcast (how
// many watch) and the tail's size; an item's own level multiplies all of it. Times are milliseconds since 1970.
//
// Learned from finished broadcasts by alternating Poisson estimates of items' levels, phases and tenths (iterative proportional
// fitting, Deming and Stephan 1940), under gamma priors around the published profile, so that it also stands without history.

/** When a broadcast is on air: endsAt > startsAt. */
export interface OnAir {
  readonly startsAt: number;
  readonly endsAt: number;
}

/** A slot: from its start until the next one begins; ascending, to > from. */
export interface Pitch {
  readonly from: number;
  readonly to: number;
}

export interface Profile {
  /** Rate by phase; see `phaseOf`. */
  readonly phases: readonly number[];
  /** Factor by tenth of the broadcast. */
  readonly tenths: readonly number[];
  /** Share of what sold on air that comes per hour after the end, by TAIL_HOURS. */
  readonly tail: readonly number[];
}

const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;
const QUARTERS = 4;
/** Ends of the phases after a pitch, minutes since it ended; the last phase is the lull that follows. */
const AFTER_MINUTES = [1, 2, 4, 8, 15] as const;
export const TENTHS = 10;
/** Ends of the pieces of the tail, hours since the broadcast ended. What comes later is not waited for. */
const TAIL_HOURS = [1, 3, 8, 16, 32, 72] as const;
export const TAIL_MS = 72 * HOUR_MS;
const PHASES = 1 + QUARTERS + AFTER_MINUTES.length + 1;

/**
 * Published prior (set by hand): a pitch lifts a SKU about twelvefold over its lull and decays within minutes; nobody's viewers are
 * known; a twelfth of what sells on air comes after it with a half-life of 12 hours (published sources give none to 20 %, 6 to 24 h).
 */
export const PUBLISHED_PROFILE: Profile = {
  phases: [0.8, 12, 12, 12, 11, 7, 4, 2.2, 1.5, 1.2, 1],
  tenths: new Array<number>(TENTHS).fill(1),
  tail: TAIL_HOURS.map((end, i) => {
    const start = TAIL_HOURS[i - 1] ?? 0;
    return (0.08 * (Math.pow(0.5, start / 12) - Math.pow(0.5, end / 12))) / (end - start);
  }),
};

/** 0: before the first pitch; 1 to 4: quarters of a pitch; 5 to 9: after it, by AFTER_MINUTES; 10: the lull that follows. The latest pitch that began decides. */
function phaseOf(at: number, pitches: readonly Pitch[]): number {
  let latest: Pitch | undefined;
  for (const pitch of pitches) if (pitch.from <= at) latest = pitch;
  if (latest === undefined) return 0;
  if (at < latest.to) return 1 + Math.min(QUARTERS - 1, Math.floor((QUARTERS * (at - latest.from)) / (latest.to - latest.from)));
  const minutes = (at - latest.to) / MINUTE_MS;
  const piece = AFTER_MINUTES.findIndex((end) => minutes < end);
  return QUARTERS + 1 + (piece === -1 ? AFTER_MINUTES.length : piece);
}

/** A span of one phase within one tenth. */
export interface Piece {
  readonly phase: number;
  readonly tenth: number;
  readonly from: number;
  readonly to: number;
}

/** The broadcast cut into pieces of constant expectation, for one item. */
export function piecesOf(air: OnAir, pitches: readonly Pitch[]): Piece[] {
  const { startsAt, endsAt } = air;
  const length = endsAt - startsAt;
  const cuts = [startsAt, endsAt];
  for (let i = 1; i < TENTHS; i++) cuts.push(startsAt + (length * i) / TENTHS);
  for (const { from, to } of pitches) {
    for (let q = 0; q <= QUARTERS; q++) cuts.push(from + ((to - from) * q) / QUARTERS);
    for (const minutes of AFTER_MINUTES) cuts.push(to + minutes * MINUTE_MS);
  }
  cuts.sort((a, b) => a - b);
  const pieces: Piece[] = [];
  let from = startsAt;
  for (const to of cuts) {
    if (to <= from || to > endsAt) continue;
    const middle = (from + to) / 2;
    pieces.push({ phase: phaseOf(middle, pitches), tenth: Math.min(TENTHS - 1, Math.floor((TENTHS * (middle - startsAt)) / length)), from, to });
    from = to;
  }
  return pieces;
}

/** Expected orders of an item by time, in units of its level: minutes at the rate of the lull. */
export interface Curve {
  /** Ends of pieces, ascending, and what is expected up to each; linear in between, nothing before `startsAt`. */
  readonly startsAt: number;
  readonly ends: readonly number[];
  readonly sums: readonly number[];
  /** Expected on air, and with the tail. */
  readonly onAir: number;
  readonly total: number;
}

export function curveOf(profile: Profile, air: OnAir, pitches: readonly Pitch[]): Curve {
  const ends: number[] = [];
  const sums: number[] = [];
  let sum = 0;
  for (const p of piecesOf(air, pitches)) {
    sum += (profile.phases[p.phase] as number) * (profile.tenths[p.tenth] as number) * ((p.to - p.from) / MINUTE_MS);
    ends.push(p.to);
    sums.push(sum);
  }
  const onAir = sum;
  TAIL_HOURS.forEach((end, i) => {
    sum += onAir * (profile.tail[i] as number) * (end - (TAIL_HOURS[i - 1] ?? 0));
    ends.push(air.endsAt + end * HOUR_MS);
    sums.push(sum);
  });
  return { startsAt: air.startsAt, ends, sums, onAir, total: sum };
}

/** What is expected up to `at`. */
export function expectedUpTo(curve: Curve, at: number): number {
  let from = curve.startsAt;
  let before = 0;
  for (let i = 0; i < curve.ends.length; i++) {
    const end = curve.ends[i] as number;
    const sum = curve.sums[i] as number;
    if (at < end) return at <= from ? before : before + ((sum - before) * (at - from)) / (end - from);
    from = end;
    before = sum;
  }
  return before;
}

/** Orders of one item by time: ascending times (ms), so many at each. */
export class OrderTimes {
  private readonly sums: number[] = [];

  constructor(
    readonly at: readonly number[],
    counts?: readonly number[],
  ) {
    let sum = 0;
    for (let i = 0; i < at.length; i++) this.sums.push((sum += counts?.[i] ?? 1));
  }

  get total(): number {
    return this.sums[this.sums.length - 1] ?? 0;
  }

  /** Orders at or before `at`. */
  upTo(at: number): number {
    let [low, high] = [0, this.at.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.at[middle] as number) <= at) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? 0 : (this.sums[low - 1] as number);
  }
}

/** An item of a finished broadcast: what teaches the profile. */
export interface Taught {
  readonly air: OnAir;
  readonly pitches: readonly Pitch[];
  readonly sold: OrderTimes;
  /** Nothing is known beyond this time. */
  readonly knownUntil: number;
}

/** Orders that the published rate of a phase, a tenth and a piece of the tail weigh as much as. */
const PHASE_WEIGHT = 10;
const TENTH_WEIGHT = 40;
const TAIL_WEIGHT = 3;
/** An item with many orders says more about itself than about profiles: beyond this many its weight no longer grows. */
const ENOUGH_ORDERS = 30;
const ROUNDS = 8;

interface Lesson {
  readonly weight: number;
  readonly orders: number;
  /** By piece: phase, tenth, minutes, orders. */
  readonly pieces: readonly (readonly [phase: number, tenth: number, minutes: number, orders: number])[];
  /** By piece of the tail: hours that are known, orders. */
  readonly tail: readonly (readonly [hours: number, orders: number])[];
}

function lessonOf({ air, pitches, sold, knownUntil }: Taught): Lesson {
  let orders = 0;
  const pieces = piecesOf(air, pitches).map((p, i, all) => {
    // Bounds belong to the piece before them, but what came up to the start belongs to the first.
    const n = sold.upTo(i === all.length - 1 ? air.endsAt : p.to) - (i === 0 ? 0 : sold.upTo(p.from));
    orders += n;
    return [p.phase, p.tenth, (p.to - p.from) / MINUTE_MS, n] as const;
  });
  const tail = TAIL_HOURS.map((end, i) => {
    const from = air.endsAt + (TAIL_HOURS[i - 1] ?? 0) * HOUR_MS;
    const to = Math.min(knownUntil, air.endsAt + end * HOUR_MS);
    return to <= from ? ([0, 0] as const) : ([(to - from) / HOUR_MS, sold.upTo(to) - sold.upTo(from)] as const);
  });
  return { weight: 1 / (1 + orders / ENOUGH_ORDERS), orders, pieces, tail };
}

/** The profile of finished broadcasts; the published one where there are none. Deterministic; cost: items × pieces × rounds. */
export function learnProfile(taught: readonly Taught[]): Profile {
  const lessons = taught.map(lessonOf).filter((l) => l.orders > 0);
  let { phases, tenths } = PUBLISHED_PROFILE as { phases: readonly number[]; tenths: readonly number[] };
  let levels: number[] = [];
  const levelsNow = (): number[] => lessons.map((l) => l.orders / Math.max(1e-9, l.pieces.reduce((s, [phase, tenth, minutes]) => s + (phases[phase] as number) * (tenths[tenth] as number) * minutes, 0)));
  for (let round = 0; round < ROUNDS && lessons.length > 0; round++) {
    levels = levelsNow();
    phases = estimated(lessons, levels, PHASES, PUBLISHED_PROFILE.phases, PHASE_WEIGHT, ([phase, tenth, minutes]) => [phase, minutes * (tenths[tenth] as number)]);
    tenths = estimated(lessons, levels, TENTHS, PUBLISHED_PROFILE.tenths, TENTH_WEIGHT, ([phase, tenth, minutes]) => [tenth, minutes * (phases[phase] as number)]);
  }
  levels = levelsNow();
  const tail = PUBLISHED_PROFILE.tail.map((published, k) => {
    let [orders, exposure] = [TAIL_WEIGHT, TAIL_WEIGHT / published];
    for (const l of lessons) {
      const [hours, n] = l.tail[k] as readonly [number, number];
      orders += l.weight * n;
      exposure += l.weight * l.orders * hours;
    }
    return orders / exposure;
  });
  return { phases, tenths, tail };
}

/** Rates by place: weighted orders over weighted exposure, each with a gamma prior of `weight` orders around what is published. */
function estimated(
  lessons: readonly Lesson[], levels: readonly number[], places: number, published: readonly number[], weight: number, placeOf: (piece: Lesson['pieces'][number]) => readonly [place: number, exposure: number],
): number[] {
  const orders = new Array<number>(places).fill(weight);
  const exposure = published.map((rate) => weight / rate);
  lessons.forEach((l, i) => {
    const level = levels[i] as number;
    for (const piece of l.pieces) {
      const [place, minutes] = placeOf(piece);
      orders[place] = (orders[place] as number) + l.weight * piece[3];
      exposure[place] = (exposure[place] as number) + l.weight * level * minutes;
    }
  });
  return orders.map((n, i) => n / (exposure[i] as number));
}

/** A pitch lasts until the next slot of the line-up, but no longer than this. */
const LONGEST_PITCH_MS = 30 * MINUTE_MS;
const SHORTEST_PITCH_MS = MINUTE_MS / 2;

/** A planned slot of a SKU. */
export interface Slot {
  readonly sku: string;
  readonly at: number;
}

/** The pitches of every SKU of a line-up, ascending; a slot outside the broadcast says nothing and is left out. */
export function pitchesOf(slots: readonly Slot[], air: OnAir): Map<string, Pitch[]> {
  const starts = [...new Set(slots.map((s) => s.at))].filter((at) => at >= air.startsAt && at < air.endsAt).sort((a, b) => a - b);
  const pitch = new Map(starts.map((from, i) => [from, { from, to: Math.max(from + SHORTEST_PITCH_MS, Math.min(starts[i + 1] ?? air.endsAt, from + LONGEST_PITCH_MS, air.endsAt)) }]));
  const pitches = new Map<string, Pitch[]>();
  for (const { sku, at } of slots) {
    const known = pitches.get(sku) ?? [];
    const own = pitch.get(at);
    pitches.set(sku, own === undefined || known.some((p) => p.from === at) ? known : [...known, own].sort((a, b) => a.from - b.from));
  }
  return pitches;
}
