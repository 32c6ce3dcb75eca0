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

/** FNV-1a of a text, going on from the hash of what stands before it. */
function hashOn(text: string, from: number): number {
  let h = from;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193) >>> 0;
  return h;
}

const rotl = (x: number, k: number): number => ((x << k) | (x >>> (32 - k))) >>> 0;

class Stream implements Random {
  private a = 0;
  private b = 0;
  private c = 0;
  private d = 0;
  private seeded = false;

  /** @param path hash of the stream's name; many streams are only split, so that the first number seeds it */
  constructor(
    private readonly seed: number,
    private readonly path: number,
  ) {}

  next(): number {
    if (!this.seeded) this.sow();
    const { a, b } = this;
    const result = Math.imul(rotl(Math.imul(b, 5) >>> 0, 7), 9) >>> 0;
    const c = this.c ^ a;
    const d = this.d ^ b;
    this.b = b ^ c;
    this.a = a ^ d;
    this.c = c ^ (b << 9);
    this.d = rotl(d, 11) | 0;
    return result / 4294967296;
  }

  below(n: number): number {
    return Math.floor(this.next() * n);
  }

  exponential(mean: number): number {
    return -mean * Math.log(1 - this.next());
  }

  split(name: string): Random {
    return new Stream(this.seed, hashOn(name, hashOn('/', this.path)));
  }

  private sow(): void {
    const mix = splitMix((this.seed ^ this.path) >>> 0);
    this.a = mix() | 0;
    this.b = mix() | 0;
    this.c = mix() | 0;
    this.d = mix() | 0;
    this.seeded = true;
  }
}

export const randomFrom = (seed: number, path = ''): Random => new Stream(seed, hashOn(path, 0x811c9dc5));
