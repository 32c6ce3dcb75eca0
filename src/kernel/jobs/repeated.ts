import { log } from '../log/log.js';

/** What a process does again and again: never twice at once, and a failure is the next turn's business. */
export class Repeated {
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;

  /** @param what how the log calls it where it fails */
  constructor(
    private readonly what: string,
    private readonly everyMs: number,
    private readonly work: () => Promise<unknown>,
  ) {}

  start(): void {
    this.timer = setInterval(() => {
      this.running ??= this.work()
        .then(() => undefined)
        .catch((error: unknown) => log.warn(`${this.what} failed`, { reason: (error as Error).message }))
        .finally(() => (this.running = undefined));
    }, this.everyMs);
  }

  /** Ends when the turn that runs has ended. */
  async stop(): Promise<void> {
    if (this.timer !== undefined) clearInterval(this.timer);
    await this.running;
  }
}
