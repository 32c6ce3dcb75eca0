// What is read far more often than it changes, kept for a moment in this process. Those who ask together for what is not
// there, or has just run out, share one look-up: under load a stampede of them would cost more than all the rest.
export class Remembered<V> {
  private readonly known = new Map<string, { readonly value: V; readonly until: number }>();
  private readonly running = new Map<string, Promise<V | undefined>>();

  /** `lifeMs`: how long a value may be out of date; `most`: how many are kept before all are forgotten. */
  constructor(
    private readonly lifeMs: number,
    private readonly most: number,
  ) {}

  peek(key: string): V | undefined {
    const found = this.known.get(key);
    return found !== undefined && found.until > Date.now() ? found.value : undefined;
  }

  /** The value of a key, looked up where it is not known; what is not found is not remembered. */
  async get(key: string, lookUp: () => Promise<V | undefined>): Promise<V | undefined> {
    const found = this.peek(key);
    if (found !== undefined) return found;
    const waiting = this.running.get(key);
    if (waiting !== undefined) return waiting;
    const running = lookUp()
      .then((value) => {
        // Forgotten meanwhile: what was read may be what was changed.
        if (this.running.get(key) !== running) return value;
        if (this.known.size >= this.most) this.known.clear();
        if (value === undefined) this.known.delete(key);
        else this.known.set(key, { value, until: Date.now() + this.lifeMs });
        return value;
      })
      .finally(() => {
        if (this.running.get(key) === running) this.running.delete(key);
      });
    this.running.set(key, running);
    return running;
  }

  forget(key: string): void {
    this.known.delete(key);
    this.running.delete(key);
  }

  clear(): void {
    this.known.clear();
    this.running.clear();
  }
}
