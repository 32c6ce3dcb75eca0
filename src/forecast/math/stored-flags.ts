// What a stored state says of itself before its numbers, in every version that packs them.

/** Times are written as whole units: a bin's length in nearly every stream, else seconds or milliseconds. */
export const UNITS = [10_000, 1_000, 1] as const;

/** Which parts follow. */
export const [EPISODE, FADED, ONSET, RAISED, OUTSIDE, FRESH, LEAST, LOW] = [1, 2, 4, 8, 16, 32, 64, 128];
