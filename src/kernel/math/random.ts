// A named generator with split streams: xoshiro128** (Blackman and Vigna, 2018), seeded by SplitMix32. `split(name)` gives a
// stream of its own by name, so that a new consumer never shifts the numbers of the others and a seed keeps its meaning.

export interface Random {
  /** Uniform in [0, 1), 32 bits. */
  next(): number;
  /** Whole number in [0, n). */
  below(n: number): number;
  /** Exponential with the given mean. */
  exponential(mean: number): number;
  split(name: string): Random;
}

function splitMix(seed: number): () => number {
  let s = seed >>> 0;
  return () => {
    s = (s + 0x9e3779b9) >>> 0;
    let z = s;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return (z ^ (z >>> 15)) >>> 0;
  };
}

const hashName = (name: string): number => {
  let h = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) h = Math.imul(h ^ name.charCodeAt(i), 0x01000193) >>> 0;
  return h;
};

const rotl = (x: number, k: number): number => ((x << k) | (x >>> (32 - k))) >>> 0;

export function randomFrom(seed: number, path = ''): Random {
  const mix = splitMix((seed ^ hashName(path)) >>> 0);
  let [a, b, c, d] = [mix(), mix(), mix(), mix()];
  const next = (): number => {
    const result = Math.imul(rotl(Math.imul(b, 5) >>> 0, 7), 9) >>> 0;
    const t = (b << 9) >>> 0;
    c = (c ^ a) >>> 0;
    d = (d ^ b) >>> 0;
    b = (b ^ c) >>> 0;
    a = (a ^ d) >>> 0;
    c = (c ^ t) >>> 0;
    d = rotl(d, 11);
    return result / 4294967296;
  };
  return {
    next,
    below: (n) => Math.floor(next() * n),
    exponential: (mean) => -mean * Math.log(1 - next()),
    split: (name) => randomFrom(seed, `${path}/${name}`),
  };
}
