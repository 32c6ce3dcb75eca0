import fc from 'fast-check';
import { expectedSales } from '../../forecast/math/index.js';
import { negativeBinomialMean } from '../../kernel/math/index.js';
import { simulateWorld } from '../world/world.js';
import { castlinePolicy } from './castline.js';
import { learned, truePrior, type Knowledge } from './knowledge.js';
import { mostExcess } from './may-pay.js';
import { played } from './oracle.js';
import { sceneOfWorld } from './scene-of-world.js';

describe('what demand exceeds a supply by', () => {
  it('is never more than the bound (1,000 negative binomials, seed 7)', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.05, max: 20, noNaN: true }), fc.double({ min: 0.01, max: 0.95, noNaN: true }), fc.integer({ min: 0, max: 300 }), (shape, probability, supply) => {
        const mean = negativeBinomialMean({ shape, probability });
        const excess = mean - expectedSales({ shape, probability }, supply);
        expect(mostExcess({ mean, variance: mean / probability }, supply)).toBeGreaterThanOrEqual(excess - 1e-9 * (1 + mean));
      }),
      { numRuns: 1000, seed: 7 },
    );
  });
});

describe('a look that is proven to end in nothing', () => {
  const scenes = [{ family: 'cluster' as const, seed: 8_001 }, { family: 'pulsed' as const, seed: 8_002 }].map((world) => sceneOfWorld(simulateWorld({ ...world, broadcasts: 4 })));
  const believing: readonly (readonly [string, (scene: (typeof scenes)[number]) => Knowledge])[] = [['learned', () => learned()], ['the true prior', (scene) => truePrior(scene.prior as NonNullable<typeof scene.prior>)]];
  it.each(believing)('is not missed by %s: all comes to the same to the last unit where every group is looked at in full (seeds 8001, 8002)', (_, knowledgeOf) => {
    for (const scene of scenes) {
      let [looked, made] = [0, 0];
      // Whoever listens hears of every look, so none is left out.
      const full = played(scene, castlinePolicy(knowledgeOf(scene), { committedOnly: false, hear: (d) => { looked++; made += d.made.size > 0 ? 1 : 0; } }));
      const asked: string[] = [];
      const knowledge = knowledgeOf(scene);
      const short = played(scene, castlinePolicy({ ...knowledge, reflow: (house, sku, days) => { asked.push(`${house.now} ${house.scene.skus[sku]?.group ?? ''}`); return knowledge.reflow(house, sku, days); } }));
      expect(short.account).toEqual(full.account);
      expect(made).toBeGreaterThan(5);
      expect(new Set(asked).size).toBeLessThan(0.7 * looked);
    }
  });
});
