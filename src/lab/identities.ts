// Which identities were seen, in constant memory per identity: open addressing over 64 bits of hash and 32 bits of content.
// Two different ids share a hash with a probability below one in ten million among a million of them.

const LOAD = 0.6;

type Content = string | number | undefined;

/** FNV-1a with another prime and shifts, over the values one after the other; `seed` makes hashes that are independent in effect. */
function hashOf(values: readonly Content[], seed: number): number {
  let h = seed;
  for (const value of values) {
    if (typeof value === 'string') for (let i = 0; i < value.length; i++) h = Math.imul(h ^ value.charCodeAt(i), 0x01000193);
    else if (value !== undefined) {
      h = Math.imul(h ^ (value | 0), 0x85ebca6b);
      h = Math.imul(h ^ (value / 4294967296), 0xc2b2ae35);
    }
    h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d) + 1;
  }
  return h ^ (h >>> 13);
}

export class Identities {
  private places = new Int32Array(3 * 65_536);
  private size = 65_536;
  private used = 0;

  /** What is known of an id: new, here again with the same content, or used before for something else. Remembers it. */
  see(id: readonly [shop: string, eventId: string], content: readonly Content[]): 'new' | 'repeated' | 'reused' {
    const digest = hashOf(content, 0x3c6ef372);
    const first = hashOf(id, 0x811c9dc5);
    // 0 marks a free place.
    const second = hashOf(id, 0x9e3779b9) | 1;
    let place = (first >>> 0) % this.size;
    while (this.places[3 * place + 1] !== 0) {
      if (this.places[3 * place] === first && this.places[3 * place + 1] === second) return this.places[3 * place + 2] === digest ? 'repeated' : 'reused';
      place = place + 1 === this.size ? 0 : place + 1;
    }
    this.places[3 * place] = first;
    this.places[3 * place + 1] = second;
    this.places[3 * place + 2] = digest;
    if (++this.used > LOAD * this.size) this.grow();
    return 'new';
  }

  private grow(): void {
    const old = this.places;
    this.size *= 2;
    this.places = new Int32Array(3 * this.size);
    for (let i = 0; i < old.length; i += 3) {
      if (old[i + 1] === 0) continue;
      let place = ((old[i] as number) >>> 0) % this.size;
      while (this.places[3 * place + 1] !== 0) place = place + 1 === this.size ? 0 : place + 1;
      this.places.set(old.subarray(i, i + 3), 3 * place);
    }
  }
}
