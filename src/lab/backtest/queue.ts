// A priority queue (binary heap) of numbers with what they are of; equal priorities leave in the order in which they came.

export class Queue<T> {
  // Side by side and not as objects: the times alone decide nearly every comparison.
  private readonly times: number[] = [];
  private readonly turns: number[] = [];
  private readonly values: T[] = [];
  private count = 0;

  get size(): number {
    return this.times.length;
  }

  /** The least priority; Infinity where there is none. */
  get next(): number {
    return this.times.length === 0 ? Infinity : (this.times[0] as number);
  }

  peek(): T | undefined {
    return this.values[0];
  }

  push(at: number, value: T): void {
    const { times } = this;
    let i = times.length;
    times.push(at);
    this.turns.push(0);
    this.values.push(value);
    while (i > 0) {
      const parent = (i - 1) >> 1;
      // What came before leaves before.
      if ((times[parent] as number) <= at) break;
      this.move(parent, i);
      i = parent;
    }
    this.put(i, at, this.count++, value);
  }

  pop(): T | undefined {
    const { times, turns, values } = this;
    const top = values[0];
    const at = times.pop();
    const turn = turns.pop();
    const last = values.pop();
    if (at === undefined || turn === undefined || times.length === 0) return top;
    const { length } = times;
    let i = 0;
    for (let child = 1; child < length; child = 2 * i + 1) {
      if (child + 1 < length && this.isBefore(child + 1, times[child] as number, turns[child] as number)) child++;
      if (!this.isBefore(child, at, turn)) break;
      this.move(child, i);
      i = child;
    }
    this.put(i, at, turn, last as T);
    return top;
  }

  private isBefore(i: number, at: number, turn: number): boolean {
    const own = this.times[i] as number;
    return own < at || (own === at && (this.turns[i] as number) < turn);
  }

  private move(from: number, to: number): void {
    this.put(to, this.times[from] as number, this.turns[from] as number, this.values[from] as T);
  }

  private put(i: number, at: number, turn: number, value: T): void {
    this.times[i] = at;
    this.turns[i] = turn;
    this.values[i] = value;
  }
}
