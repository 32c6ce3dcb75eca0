// Which identities were seen, in constant memory per identity: open addressing over 64 bits of hash and 32 bits of content.
// Two different ids share a hash with a probability below one in ten million among a million of them.

const LOAD = 0.6;

type Content = string | number | undefined;

/** FNV-1a with another prime at the end, of one text. */
function hashOf(text: string, seed: number): number {
  let h = seed;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
  return h ^ (h >>> 13);
}

export class Identities {
  private places = new Int32Array(3 * 65_536);
  private size = 65_536;
  private used = 0;
  // Two hashes of the shop, which seldom changes from one event to the next: both go on over the event's id.
  private shop = '';
  private shopFirst = 0;
  private shopSecond = 0;
  // Neighbouring events share most of their texts: those of the last event, by their place, with their hashes.
  private readonly texts: Content[] = [];
  private readonly hashes: number[] = [];

  /**
   * What is known of an id: new, here again with the same content, or used before for something else. Remembers it.
   * `content` from `from` on is what is compared; what stands before it is part of the id.
   */
  see(shop: string, eventId: string, content: readonly Content[], from: number): 'new' | 'repeated' | 'reused' {
    if (shop !== this.shop) {
      this.shop = shop;
      this.shopFirst = hashOf(shop, 0x811c9dc5);
      this.shopSecond = hashOf(shop, 0x9e3779b9);
    }
    let first = this.shopFirst;
    let second = this.shopSecond;
    for (let i = 0; i < eventId.length; i++) {
      const c = eventId.charCodeAt(i);
      first = Math.imul(first ^ c, 0x01000193);
      // Another prime, so that ids which share the first hash do not share this one.
      second = Math.imul((second ^ c) + 0x7f4a7c15, 0x85ebca6b);
    }
    first = Math.imul(first ^ (first >>> 15), 0x2c1b3c6d);
    first ^= first >>> 13;
    // 0 marks a free place.
    second = Math.imul(second ^ (second >>> 15), 0xc2b2ae35) | 1;
    const digest = this.digestOf(content, from);
    const { places } = this;
    const last = this.size - 1;
    let place = first & last;
    for (let at = 3 * place; places[at + 1] !== 0; at = 3 * place) {
      if (places[at] === first && places[at + 1] === second) return places[at + 2] === digest ? 'repeated' : 'reused';
      place = (place + 1) & last;
    }
    places[3 * place] = first;
    places[3 * place + 1] = second;
    places[3 * place + 2] = digest;
    if (++this.used > LOAD * this.size) this.grow();
    return 'new';
  }

  private digestOf(content: readonly Content[], from: number): number {
    let h = 0x3c6ef372;
    for (let k = from; k < content.length; k++) {
      const value = content[k];
      if (value === undefined) continue;
      let part: number;
      if (typeof value === 'string') {
        if (value !== this.texts[k]) {
          this.texts[k] = value;
          this.hashes[k] = hashOf(value, 0x811c9dc5);
        }
        part = this.hashes[k] as number;
      } else part = Math.imul(value | 0, 0x85ebca6b) ^ Math.imul(value / 4294967296, 0xc2b2ae35);
      // With its place: what is left out is told by the places of the others.
      h = Math.imul(h ^ part, 0x2c1b3c6d);
      h = (h ^ (h >>> 15)) + k;
    }
    return h | 0;
  }

  private grow(): void {
    const old = this.places;
    // A power of two, so that a place is some bits of the hash.
    this.size *= 4;
    const last = this.size - 1;
    const places = new Int32Array(3 * this.size);
    for (let i = 0; i < old.length; i += 3) {
      if (old[i + 1] === 0) continue;
      let place = (old[i] as number) & last;
      while (places[3 * place + 1] !== 0) place = (place + 1) & last;
      places[3 * place] = old[i] as number;
      places[3 * place + 1] = old[i + 1] as number;
      places[3 * place + 2] = old[i + 2] as number;
    }
    this.places = places;
  }
}
