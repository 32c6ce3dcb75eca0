// The profile of a merchant's finished broadcasts, learned by alternating Poisson estimates of items' levels and the factors (iterative
// proportional fitting, Deming and Stephan 1940), under gamma priors around the published profile, so that it also stands without history.
import { HOUR_MS, isLull, MINUTE_MS, piecesOf, PUBLISHED_PROFILE, TAIL_HOURS, type OnAir, type OrderTimes, type Piece, type Pitch, type Profile } from './nowcast-profile.js';

/** An item of a finished broadcast: what teaches the profile. */
export interface Taught {
  readonly air: OnAir;
  readonly pitches: readonly Pitch[];
  readonly category: string;
  readonly sold: OrderTimes;
  /** Nothing is known beyond this time. */
  readonly knownUntil: number;
}

/** Orders that the published rate of a phase, a tenth, a category and a piece of the tail weigh as much as. */
const PHASE_WEIGHT = 10;
const TENTH_WEIGHT = 30;
const CATEGORY_WEIGHT = 15;
const TAIL_WEIGHT = 3;
/** An item with many orders says more about itself than about profiles: beyond this many its weight no longer grows. */
const ENOUGH_ORDERS = 30;
const ROUNDS = 10;

/** The pieces of an item: where each belongs, and its minutes; columns, because all of them are gone through thirty times. */
interface Cut {
  readonly pieces: readonly Piece[];
  readonly phase: Uint8Array;
  readonly tenth: Uint8Array;
  readonly minutes: Float64Array;
}

interface Lesson extends Omit<Cut, 'pieces'> {
  readonly weight: number;
  readonly orders: number;
  readonly category: number;
  /** By piece, its orders. */
  readonly came: Float64Array;
  /** By piece of the tail: hours that are known, orders. */
  readonly tail: readonly (readonly [hours: number, orders: number])[];
}

function cutOf(air: OnAir, pitches: readonly Pitch[]): Cut {
  const pieces = piecesOf(air, pitches);
  return { pieces, phase: Uint8Array.from(pieces, (p) => p.phase), tenth: Uint8Array.from(pieces, (p) => p.tenth), minutes: Float64Array.from(pieces, (p) => (p.to - p.from) / MINUTE_MS) };
}

function lessonOf({ air, sold, knownUntil }: Taught, { pieces, phase, tenth, minutes }: Cut, category: number): Lesson {
  const came = new Float64Array(pieces.length);
  // Bounds belong to the piece before them, but what came up to the start belongs to the first.
  let orders = 0;
  for (const [i, { to }] of pieces.entries()) {
    const upTo = sold.upTo(i === pieces.length - 1 ? air.endsAt : to);
    came[i] = upTo - orders;
    orders = upTo;
  }
  const tail = TAIL_HOURS.map((end, i) => {
    const from = air.endsAt + (TAIL_HOURS[i - 1] ?? 0) * HOUR_MS;
    const to = Math.min(knownUntil, air.endsAt + end * HOUR_MS);
    return to <= from ? ([0, 0] as const) : ([(to - from) / HOUR_MS, sold.upTo(to) - sold.upTo(from)] as const);
  });
  return { weight: 1 / (1 + orders / ENOUGH_ORDERS), orders, category, came, tail, phase, tenth, minutes };
}

/** The profile of finished broadcasts; the published one where there are none. Deterministic; cost: items × pieces × rounds. */
export function learnProfile(taught: readonly Taught[]): Profile {
  const categories = [...new Set(taught.map((t) => t.category))].filter((c) => c !== '').sort();
  // The sizes of a style are pitched together.
  const cuts = new Map<OnAir, Map<string, Cut>>();
  const cutFor = ({ air, pitches }: Taught): Cut => {
    const own = cuts.get(air) ?? new Map<string, Cut>();
    const key = pitches.map((p) => `${p.from} ${p.to}`).join(' ');
    const cut = own.get(key) ?? cutOf(air, pitches);
    cuts.set(air, own.set(key, cut));
    return cut;
  };
  const lessons = taught.filter((t) => t.sold.total > 0).map((t) => lessonOf(t, cutFor(t), categories.indexOf(t.category))).filter((l) => l.orders > 0);
  let phases = PUBLISHED_PROFILE.phases;
  let tenths = PUBLISHED_PROFILE.tenths;
  let lulls: readonly number[] = categories.map(() => 1);
  for (let round = 0; round < ROUNDS && lessons.length > 0; round++) {
    const levels = lessons.map((l) => {
      const lull = lulls[l.category] ?? 1;
      let whole = 0;
      for (let i = 0; i < l.phase.length; i++) {
        const phase = l.phase[i] as number;
        whole += (phases[phase] as number) * (isLull(phase) ? (tenths[l.tenth[i] as number] as number) * lull : 1) * (l.minutes[i] as number);
      }
      return l.orders / Math.max(1e-9, whole);
    });
    phases = estimated(lessons, levels, PUBLISHED_PROFILE.phases, PHASE_WEIGHT, (sums, l, at) => {
      const lull = lulls[l.category] ?? 1;
      for (let i = 0; i < l.phase.length; i++) {
        const phase = l.phase[i] as number;
        sums.add(phase, l.weight * (l.came[i] as number), at * (isLull(phase) ? (tenths[l.tenth[i] as number] as number) * lull : 1) * (l.minutes[i] as number));
      }
    });
    tenths = estimated(lessons, levels, PUBLISHED_PROFILE.tenths, TENTH_WEIGHT, (sums, l, at) => {
      const lull = lulls[l.category] ?? 1;
      for (let i = 0; i < l.phase.length; i++) {
        const phase = l.phase[i] as number;
        if (isLull(phase)) sums.add(l.tenth[i] as number, l.weight * (l.came[i] as number), at * ((phases[phase] as number) * lull) * (l.minutes[i] as number));
      }
    });
    lulls = estimated(lessons, levels, categories.map(() => 1), CATEGORY_WEIGHT, (sums, l, at) => {
      if (l.category === -1) return;
      for (let i = 0; i < l.phase.length; i++) {
        const phase = l.phase[i] as number;
        if (isLull(phase)) sums.add(l.category, l.weight * (l.came[i] as number), at * ((phases[phase] as number) * (tenths[l.tenth[i] as number] as number)) * (l.minutes[i] as number));
      }
    });
  }
  return { phases, tenths, lulls: Object.fromEntries(categories.map((c, i) => [c, lulls[i] as number])), tail: learnedTail(lessons) };
}

/** Weighted orders and exposure by place, each place with a gamma prior of `weight` orders around what is published. */
class Sums {
  readonly orders: Float64Array;
  readonly exposure: Float64Array;

  constructor(published: readonly number[], weight: number) {
    this.orders = new Float64Array(published.length).fill(weight);
    this.exposure = Float64Array.from(published, (rate) => weight / rate);
  }

  add(place: number, orders: number, exposure: number): void {
    this.orders[place] = (this.orders[place] as number) + orders;
    this.exposure[place] = (this.exposure[place] as number) + exposure;
  }
}

/** Factors by place: orders over exposure. @param add adds what a lesson says, its weight × level given */
function estimated(lessons: readonly Lesson[], levels: readonly number[], published: readonly number[], weight: number, add: (sums: Sums, lesson: Lesson, at: number) => void): number[] {
  const sums = new Sums(published, weight);
  lessons.forEach((l, i) => { add(sums, l, l.weight * (levels[i] as number)); });
  return Array.from(sums.orders, (n, i) => n / (sums.exposure[i] as number));
}

const learnedTail = (lessons: readonly Lesson[]): number[] => PUBLISHED_PROFILE.tail.map((published, k) => {
  let [orders, exposure] = [TAIL_WEIGHT, TAIL_WEIGHT / published];
  for (const l of lessons) {
    const [hours, n] = l.tail[k] as readonly [number, number];
    orders += l.weight * n;
    exposure += l.weight * l.orders * hours;
  }
  return orders / exposure;
});
