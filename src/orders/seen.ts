// Keys seen lately, as many as fit; the older half is forgotten when there are too many.
export class Seen {
  private young = new Set<string>();
  private old = new Set<string>();

  constructor(private readonly most: number) {}

  has(key: string): boolean {
    return this.young.has(key) || this.old.has(key);
  }

  add(key: string): void {
    this.young.add(key);
    if (this.young.size * 2 < this.most) return;
    this.old = this.young;
    this.young = new Set();
  }
}
