// How far a self-exciting cascade goes: each event reaches an audience that reacts with a delay. SEISMIC (Zhao, Erdogdu, He,
// Rajaraman, Leskovec, KDD 2015), as its R package computes it, and the same with a cap on the branching ratio: uncapped it answers
// infinity whenever a burst looks supercritical, which a forecast of orders must never do. A challenger, not the service's nowcast.

/** Delay of a reaction: constant up to `cutoff` (> 0), then a power law t^(−1−exponent), exponent in (0, 1). */
export interface ReactionDelay {
  readonly cutoff: number;
  readonly exponent: number;
}

/** Fitted to Twitter by the authors: seconds. */
export const TWITTER_DELAY: ReactionDelay = { cutoff: 300, exponent: 0.2314843 };

/** An event at `time` ≥ 0 (the unit of the cutoff) that reaches `reach` ≥ 0 others, such as followers or viewers. The first is the origin. */
export interface CascadeEvent {
  readonly time: number;
  readonly reach: number;
}

export interface CascadeOptions {
  readonly delay: ReactionDelay;
  /** Mean reach of events to come, > 0. */
  readonly meanReach: number;
  /** Cap of the branching ratio, in (0, 1); null: none, and the answer may be infinite, as SEISMIC's. */
  readonly mostBranching: number | null;
}

export interface Cascade {
  /** Reactions per one reached. */
  readonly infectiousness: number;
  /** Infectiousness × mean reach: reactions that one more event brings, before the cap. */
  readonly branching: number;
  /** Events expected in the end, the origin not counted. */
  readonly final: number;
}

const SHORTEST_WINDOW = 300;
const LONGEST_WINDOW = 7_200;
const FEWEST = 5;

function check(events: readonly CascadeEvent[], at: number, o: CascadeOptions): void {
  if (!(at > 0) || !Number.isFinite(at)) throw new RangeError(`at must be positive and finite, got ${at}`);
  let last = 0;
  for (const { time, reach } of events) {
    if (!(time >= last) || !Number.isFinite(time)) throw new RangeError(`times must ascend from 0, got ${time} after ${last}`);
    if (!(reach >= 0) || !Number.isFinite(reach)) throw new RangeError(`reach must be finite and not negative, got ${reach}`);
    last = time;
  }
  if (!(events.length > 0 && (events[0] as CascadeEvent).time < at)) throw new RangeError('there must be an event before the moment asked for');
  if (!(o.delay.cutoff > 0 && Number.isFinite(o.delay.cutoff) && o.delay.exponent > 0 && o.delay.exponent < 1)) throw new RangeError('a delay needs a positive cutoff and an exponent in (0, 1)');
  if (!(o.meanReach > 0) || !Number.isFinite(o.meanReach)) throw new RangeError(`meanReach must be positive and finite, got ${o.meanReach}`);
  if (o.mostBranching !== null && !(o.mostBranching > 0 && o.mostBranching < 1)) throw new RangeError(`mostBranching must be in (0, 1) or null, got ${o.mostBranching}`);
}

/** Density of the delay up to the cutoff, such that the whole is 1. */
const plateau = (d: ReactionDelay): number => 1 / (d.cutoff * (1 + 1 / d.exponent));

/** Share of reactions that take longer than t ≥ 0. */
function beyond(t: number, d: ReactionDelay): number {
  return t <= d.cutoff ? 1 - plateau(d) * t : (plateau(d) * d.cutoff * Math.pow(t / d.cutoff, -d.exponent)) / d.exponent;
}

/** ∫ of the delay's density from an event `age` ago over the last `window`, under a weight that falls from 1 now to 0 at the window's start; closed form. */
function weighted(age: number, window: number, d: ReactionDelay): number {
  // In x, the time since the event, the weight is 1 − (age − x)/window.
  const from = Math.max(0, age - window);
  const base = 1 - age / window;
  const [a, b] = [Math.min(from, d.cutoff), Math.min(age, d.cutoff)];
  const flat = base * (b - a) + (b * b - a * a) / (2 * window);
  const [y, z] = [Math.max(from, d.cutoff), Math.max(age, d.cutoff)];
  const power = (x: number): number => Math.pow(x / d.cutoff, -d.exponent);
  const tail = d.cutoff * (base * (power(y) - power(z))) / d.exponent + (d.cutoff * (z * power(z) - y * power(y))) / (window * (1 - d.exponent));
  return plateau(d) * (flat + tail);
}

/**
 * The state of a cascade at `at` from its events, ascending in time (later ones are not looked at). The window is half the time
 * so far, within 300 and 7,200 units of time, and reaches back to the fifth last event where it holds fewer. Agrees with
 * get.infectiousness and pred.cascade of the R package seismic where mostBranching is null. Cost: linear. RangeError on other input.
 */
export function forecastCascade(events: readonly CascadeEvent[], at: number, options: CascadeOptions): Cascade {
  check(events, at, options);
  const before = events.filter((e) => e.time < at);
  let window = Math.min(LONGEST_WINDOW, Math.max(SHORTEST_WINDOW, at / 2));
  let recent = before.filter((e) => e.time >= at - window);
  if (recent.length < FEWEST) {
    recent = before.slice(-FEWEST);
    window = at - (recent[0] as CascadeEvent).time;
  }
  const reacted = recent.reduce((s, e) => s + 1 - (at - e.time) / window, 0);
  const reached = before.reduce((s, e) => s + e.reach * weighted(at - e.time, window, options.delay), 0);
  const infectiousness = reached > 0 ? reacted / reached : 0;
  const branching = infectiousness * options.meanReach;
  const seen = events.filter((e) => e.time <= at);
  const open = infectiousness * seen.reduce((s, e) => s + e.reach * beyond(at - e.time, options.delay), 0);
  const used = options.mostBranching === null ? branching : Math.min(options.mostBranching, branching);
  // Under a cap what is open is scaled alike, so that more excitation never means fewer events.
  const direct = branching > 0 ? open * (used / branching) : 0;
  return { infectiousness, branching, final: seen.length - 1 + (used >= 1 ? Infinity : direct / (1 - used)) };
}
