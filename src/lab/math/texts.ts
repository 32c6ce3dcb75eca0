// Texts that are kept in great number and seldom asked for, such as the ids of a year's events: as characters side by side, which
// the garbage collector need not visit one by one.

const CHUNK_CHARACTERS = 1 << 18;
const MOST_AT_ONCE = 8_192;

export class Texts {
  private readonly chunks: Uint16Array[] = [];
  private room = 0;
  /** Of each text: its chunk, where it begins there, and its length. */
  private places = new Int32Array(3 * 4_096);
  private count = 0;

  add(text: string): void {
    const { length } = text;
    if (length > this.room) {
      this.room = Math.max(length, CHUNK_CHARACTERS);
      this.chunks.push(new Uint16Array(this.room));
    }
    const chunk = this.chunks.at(-1);
    const from = chunk === undefined ? 0 : chunk.length - this.room;
    if (chunk !== undefined) for (let i = 0; i < length; i++) chunk[from + i] = text.charCodeAt(i);
    this.room -= length;
    const at = 3 * this.count++;
    if (at === this.places.length) {
      const places = new Int32Array(2 * at);
      places.set(this.places);
      this.places = places;
    }
    this.places[at] = this.chunks.length - 1;
    this.places[at + 1] = from;
    this.places[at + 2] = length;
  }

  /** The text that was added as number `i`, from 0. */
  at(i: number): string {
    const at = 3 * i;
    const from = this.places[at + 1] as number;
    const characters = this.chunks[this.places[at] as number]?.subarray(from, from + (this.places[at + 2] as number));
    let text = '';
    // A call takes so many arguments and no more.
    if (characters !== undefined) for (let k = 0; k < characters.length; k += MOST_AT_ONCE) text += String.fromCharCode(...characters.subarray(k, k + MOST_AT_ONCE));
    return text;
  }
}
