import { soldLines, type MerchantTerms } from './sold-world.js';

const SEED = 20_261_122;
const TERMS: MerchantTerms = { keys: 60, days: 140, means: [0.15, 0.3, 0.55], strength: 15, season: 'none', pace: 0.5, bulk: 60 };
const rateOf = (lines: ReturnType<typeof soldLines>): number => lines.reduce((s, l) => s + l.chance, 0) / lines.length;

describe('a merchant whose returns are known', () => {
  const lines = soldLines(SEED, TERMS);

  it('returns no more than was sold, after it was sold, as often as the chances say', () => {
    let [units, back, chance] = [0, 0, 0];
    for (const line of lines) {
      const returned = line.returns.reduce((s, r) => s + r.units, 0);
      expect(returned).toBeLessThanOrEqual(line.units);
      expect(line.returns.every((r, i) => r.at >= line.start && r.at - line.start <= 60 * 86_400_000 && r.at >= (line.returns[i - 1]?.at ?? 0))).toBe(true);
      units += line.units;
      back += returned;
      chance += line.units * line.chance;
    }
    expect(Math.abs(back - chance) / units).toBeLessThan(0.02);
    expect(lines.some((l) => l.units > 12)).toBe(true);
    expect(lines.some((l) => l.returns.length > 1)).toBe(true);
    expect(lines.some((l) => l.units > 1 && l.returns.length === 1 && l.returns[0]?.units === l.units)).toBe(true);
  });

  it('is the same for the same seed, and another for another', () => {
    expect(soldLines(SEED, TERMS)).toEqual(lines);
    expect(soldLines(SEED + 1, TERMS)).not.toEqual(lines);
  });

  it('has the season that it was asked for', () => {
    const half = TERMS.days / 2;
    const halves = (season: MerchantTerms['season']): [number, number] => {
      const all = soldLines(SEED, { ...TERMS, season });
      return [rateOf(all.filter((l) => l.start < half * 86_400_000)), rateOf(all.filter((l) => l.start >= half * 86_400_000))];
    };
    const [before, after] = halves('step');
    expect(after - before).toBeGreaterThan(0.08);
    const [early, late] = halves('none');
    expect(Math.abs(late - early)).toBeLessThan(0.02);
    expect(halves('walk')).not.toEqual([early, late]);
  });
});
