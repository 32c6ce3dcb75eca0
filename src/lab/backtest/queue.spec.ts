import fc from 'fast-check';
import { Queue } from './queue.js';

describe('a queue', () => {
  it('gives the least first, and equals in the order in which they came, whatever comes in between (1,000 runs, seed 5)', () => {
    fc.assert(
      fc.property(fc.array(fc.option(fc.integer({ min: 0, max: 6 }), { freq: 2 }), { maxLength: 60 }), (steps) => {
        const queue = new Queue<number>();
        let held: { at: number; n: number }[] = [];
        for (const [n, at] of steps.entries()) {
          if (at !== null) {
            queue.push(at, n);
            held.push({ at, n });
            held.sort((a, b) => a.at - b.at || a.n - b.n);
          } else {
            expect(queue.pop()).toBe(held[0]?.n);
            held = held.slice(1);
          }
          expect([queue.size, queue.next, queue.peek()]).toEqual([held.length, held[0]?.at ?? Infinity, held[0]?.n]);
        }
      }),
      { numRuns: 1000, seed: 5 },
    );
  });
});
