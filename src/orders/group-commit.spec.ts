import { GroupCommit } from './group-commit.js';
import type { OrderEvent } from './math/settle.js';

const event = (n: number): OrderEvent => ({ eventId: `e${n}` }) as OrderEvent;
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A writer whose batches end when they are told to. */
function writer(): { take: (events: readonly OrderEvent[]) => Promise<{ kind: 'accepted' }[]>; batches: { size: number; end: () => void }[] } {
  const batches: { size: number; end: () => void }[] = [];
  return { batches, take: (events) => new Promise((resolve) => batches.push({ size: events.length, end: () => resolve(events.map(() => ({ kind: 'accepted' }))) })) };
}

const LIMITS = { batch: 10, beside: 5, waiting: 20, patienceMs: 1_000 };

describe('a group commit', () => {
  it('writes what arrives in a turn together, and a second batch beside the first only when enough wait', async () => {
    const { take, batches } = writer();
    const commit = new GroupCommit(take, LIMITS);
    const first = [1, 2, 3].map((n) => commit.submit(event(n)));
    await turn();
    expect(batches.map((b) => b.size)).toEqual([3]);
    const few = [4, 5].map((n) => commit.submit(event(n)));
    await turn();
    expect(batches).toHaveLength(1);
    const more = [6, 7, 8].map((n) => commit.submit(event(n)));
    await turn();
    expect(batches.map((b) => b.size)).toEqual([3, 5]);
    batches.forEach((b) => b.end());
    expect((await Promise.all([...first, ...few, ...more])).every((o) => o.kind === 'accepted')).toBe(true);
  });

  it('refuses with 503 and Retry-After what comes beyond the queue, keeps what it took, and takes at once again when the queue is short', async () => {
    const { take, batches } = writer();
    const commit = new GroupCommit(take, LIMITS);
    const taken: Promise<unknown>[] = [];
    for (let n = 0; n < 40; n++) {
      taken.push(commit.submit(event(n)));
      await turn();
    }
    const settled = Promise.allSettled(taken);
    expect(commit.waiting).toBe(20);
    await expect(commit.submit(event(99))).rejects.toMatchObject({ status: 503, extra: { retryAfter: 1 } });
    for (let k = 0; k < 30 && (commit.waiting > 0 || k < batches.length); k++) {
      batches[k]?.end();
      await turn();
      await turn();
    }
    const outcomes = await settled;
    expect(outcomes.filter((o) => o.status === 'fulfilled')).toHaveLength(batches.reduce((s, b) => s + b.size, 0));
    expect(outcomes.filter((o) => o.status === 'rejected').length).toBeGreaterThan(0);
    const again = commit.submit(event(100));
    await turn();
    batches.at(-1)?.end();
    await expect(again).resolves.toEqual({ kind: 'accepted' });
  });

  it('lets nobody in while the first in line has waited too long', async () => {
    let now = 0;
    const { take, batches } = writer();
    const commit = new GroupCommit(take, LIMITS, () => now);
    const first = commit.submit(event(1));
    await turn();
    const waiting = commit.submit(event(2));
    now = 1_001;
    await expect(commit.submit(event(3))).rejects.toMatchObject({ status: 503 });
    batches[0]?.end();
    await first;
    await turn();
    batches[1]?.end();
    await waiting;
    const later = commit.submit(event(4));
    await turn();
    batches[2]?.end();
    await expect(later).resolves.toEqual({ kind: 'accepted' });
  });
});
