import { configureLog } from '../log/log.js';
import { Repeated } from './repeated.js';

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
beforeAll(() => configureLog('silent'));

describe('what is done again and again', () => {
  it('is never done twice at once, and goes on after a failure', async () => {
    let running = 0;
    let most = 0;
    let turns = 0;
    const repeated = new Repeated('a test', 5, async () => {
      most = Math.max(most, ++running);
      await pause(20);
      running--;
      if (++turns === 1) throw new Error('the first fails');
    });
    repeated.start();
    await pause(150);
    await repeated.stop();
    expect([most, running]).toEqual([1, 0]);
    expect(turns).toBeGreaterThan(1);
  });
  it('is over when it was stopped: the turn that ran has ended, and none follows', async () => {
    let ended = 0;
    const repeated = new Repeated('a test', 5, async () => {
      await pause(30);
      ended++;
    });
    repeated.start();
    await pause(15);
    await repeated.stop();
    expect(ended).toBe(1);
    await pause(40);
    expect(ended).toBe(1);
  });
});
