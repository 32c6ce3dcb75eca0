// How the orders of a line-up item spread over its broadcast: a lull, a pitch that lifts it, a decay, and a tail after the end.
// A profile is a rate by time since the slot (the lull before the first pitch is about 1), a factor on the lull for each tenth of the
// broadcast (how many watch) and for each category (how much a pitch lifts it), and the tail's size; an item's own level multiplies
// all of it. Times are milliseconds since 1970.

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
  /** Rate by phase; see `piecesOf`. */
  readonly phases: readonly number[];
  /** Factor on the lull by tenth of the broadcast, and by category; a category that is not named has none. */
  readonly tenths: readonly number[];
  readonly lulls: Readonly<Record<string, number>>;
  /** Share of what sold on air that comes per hour after the end, by TAIL_HOURS. */
  readonly tail: readonly number[];
}

export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;
/** Ends of the phases after a slot, minutes since it; phase 0 is before the first slot, the last one is the lull that follows. */
const SINCE_MINUTES = [0.5, 1, 2, 3, 4, 6, 8, 11, 15, 20, 30, 45] as const;
/** From the phase that begins after 20 minutes on a pitch is over. */
const LULL_AGAIN = SINCE_MINUTES.indexOf(20) + 2;
export const isLull = (phase: number): boolean => phase === 0 || phase >= LULL_AGAIN;
/** Once the next slot has begun, a pitch fades so many times as fast. */
const FADES = 3;
const TENTHS = 10;
/** Ends of the pieces of the tail, hours since the broadcast ended. What comes later is not waited for. */
export const TAIL_HOURS = [1, 3, 8, 16, 32, 72] as const;
export const TAIL_MS = 72 * HOUR_MS;

/**
 * Published prior (set by hand): a pitch of some five minutes lifts a SKU about twelvefold over its lull and decays within minutes;
 * viewers come and go by a third around their mean (peak over mean 1.3 to 2.9 in 993 broadcasts); a tenth of what sells on air comes after it, half of that within 12 hours (published sources give none
 * to 20 %, 6 to 24 h).
 */
export const PUBLISHED_PROFILE: Profile = {
  phases: [0.9, 8, 12, 12, 12, 12, 10, 7, 4.5, 3, 2, 1.5, 1.2, 1],
  tenths: [0.6, 0.75, 0.95, 1.15, 1.3, 1.35, 1.25, 1.05, 0.85, 0.75],
  lulls: {},
  tail: TAIL_HOURS.map((end, i) => {
    const start = TAIL_HOURS[i - 1] ?? 0;
    return (0.1 * (Math.pow(0.5, start / 12) - Math.pow(0.5, end / 12))) / (end - start);
  }),
};

/** The phase at a time: by the minutes since the latest slot, which run faster once the next slot has begun. */
function phaseOf(at: number, pitches: readonly Pitch[]): number {
  let latest: Pitch | undefined;
  for (const pitch of pitches) if (pitch.from <= at) latest = pitch;
  if (latest === undefined) return 0;
  const minutes = (at - latest.from + (FADES - 1) * Math.max(0, at - latest.to)) / MINUTE_MS;
  const piece = SINCE_MINUTES.findIndex((end) => minutes < end);
  return 1 + (piece === -1 ? SINCE_MINUTES.length : piece);
}

/** When so many minutes (as phaseOf counts them) have passed since a slot. */
function passedAt({ from, to }: Pitch, minutes: number): number {
  const at = from + minutes * MINUTE_MS;
  return at <= to ? at : to + (at - to) / FADES;
}

/** A span of one phase within one tenth. */
export interface Piece {
  readonly phase: number;
  readonly tenth: number;
  readonly from: number;
  readonly to: number;
}

/** The broadcast cut into pieces of constant expectation, for one item. Phases: 0 before the first slot, then by SINCE_MINUTES. */
export function piecesOf(air: OnAir, pitches: readonly Pitch[]): Piece[] {
  const { startsAt, endsAt } = air;
  const length = endsAt - startsAt;
  const cuts = [startsAt, endsAt];
  for (let i = 1; i < TENTHS; i++) cuts.push(startsAt + (length * i) / TENTHS);
  for (const pitch of pitches) {
    cuts.push(pitch.from);
    for (const minutes of SINCE_MINUTES) cuts.push(passedAt(pitch, minutes));
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

/** @param category '' where it is not known */
export function curveOf(profile: Profile, air: OnAir, pitches: readonly Pitch[], category: string): Curve {
  const ends: number[] = [];
  const sums: number[] = [];
  // By own property: a category may be called `constructor`.
  const lull = Object.hasOwn(profile.lulls, category) ? (profile.lulls[category] as number) : 1;
  let sum = 0;
  for (const p of piecesOf(air, pitches)) {
    sum += (profile.phases[p.phase] as number) * (isLull(p.phase) ? lull * (profile.tenths[p.tenth] as number) : 1) * ((p.to - p.from) / MINUTE_MS);
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

/** The curves of the items of one broadcast; the sizes of a style share one. */
export function curvesOf(profile: Profile, air: OnAir, items: readonly { readonly pitches: readonly Pitch[]; readonly category: string }[]): Curve[] {
  const known = new Map<string, Curve>();
  return items.map(({ pitches, category }) => {
    const key = `${category} ${pitches.map((p) => `${p.from} ${p.to}`).join(' ')}`;
    const curve = known.get(key) ?? curveOf(profile, air, pitches, category);
    known.set(key, curve);
    return curve;
  });
}

/** What is expected up to `at`. */
export function expectedUpTo({ startsAt, ends, sums }: Curve, at: number): number {
  let [low, high] = [0, ends.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (at < (ends[middle] as number)) high = middle;
    else low = middle + 1;
  }
  const [from, before] = low === 0 ? [startsAt, 0] : [ends[low - 1] as number, sums[low - 1] as number];
  if (low === ends.length || at <= from) return before;
  return before + (((sums[low] as number) - before) * (at - from)) / ((ends[low] as number) - from);
}

/** Orders of one item by time: ascending times (ms), so many at each. */
export class OrderTimes {
  /** Undefined: one at each. */
  private readonly sums: readonly number[] | undefined;

  constructor(
    readonly at: readonly number[],
    counts?: readonly number[],
  ) {
    let sum = 0;
    this.sums = counts === undefined ? undefined : at.map((_, i) => (sum += counts[i] ?? 1));
  }

  get total(): number {
    return this.first(this.at.length);
  }

  /** Orders at the first so many times. */
  private first(times: number): number {
    return times === 0 || this.sums === undefined ? times : (this.sums[times - 1] as number);
  }

  /** Orders at or before `at`. */
  upTo(at: number): number {
    let [low, high] = [0, this.at.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.at[middle] as number) <= at) low = middle + 1;
      else high = middle;
    }
    return this.first(low);
  }
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
