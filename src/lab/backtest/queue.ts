// A priority queue (binary heap) of numbers with what they are of; equal priorities leave in the order in which they came.

export class Queue<T> {
  private readonly items: { readonly at: number; readonly n: number; readonly value: T }[] = [];
  private count = 0;

  get size(): number {
    return this.items.length;
  }

  /** The least priority; Infinity where there is none. */
  get next(): number {
    return this.items[0]?.at ?? Infinity;
  }

  peek(): T | undefined {
    return this.items[0]?.value;
  }

  push(at: number, value: T): void {
    const item = { at, n: this.count++, value };
    const { items } = this;
    let i = items.length;
    items.push(item);
    while (i > 0) {
      const parent = (i - 1) >> 1;
      const above = items[parent] as (typeof items)[number];
      if (above.at < at || (above.at === at && above.n < item.n)) break;
      items[i] = above;
      i = parent;
    }
    items[i] = item;
  }

  pop(): T | undefined {
    const { items } = this;
    const top = items[0];
    const last = items.pop();
    if (top === undefined || last === undefined || items.length === 0) return top?.value;
    const before = (a: (typeof items)[number], b: (typeof items)[number]): boolean => a.at < b.at || (a.at === b.at && a.n < b.n);
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= items.length) break;
      if (child + 1 < items.length && before(items[child + 1] as (typeof items)[number], items[child] as (typeof items)[number])) child++;
      if (before(last, items[child] as (typeof items)[number])) break;
      items[i] = items[child] as (typeof items)[number];
      i = child;
    }
    items[i] = last;
    return top.value;
  }
}
