import fc from 'fast-check';
import { allowanceOf, capped, claimsOf, ELEMENTS, faultOfShares, OTHER_TERMS, PARTIES, partFor, sharesOf, unitCosts, unitsBeyond, USUAL_TERMS, type Claimant, type Party, type Rule, type Share, type SupplierTerms } from './accountability.rules.js';

const rules: readonly Rule[] = [
  { finding: 'defect', claimedReason: '', party: 'supplier', shareBp: 10_000 },
  { finding: 'defect', claimedReason: 'arrived late', party: 'carrier', shareBp: 3_000 },
  { finding: 'defect', claimedReason: 'arrived late', party: 'supplier', shareBp: 7_000 },
];

describe('the policy', () => {
  it('prefers the rule for just this reason, falls back to any, and to the merchant where nothing is ruled', () => {
    expect(sharesOf(rules, 'defect', 'torn')).toEqual([{ party: 'supplier', shareBp: 10_000 }]);
    expect(sharesOf(rules, 'defect', 'arrived late')).toEqual([{ party: 'supplier', shareBp: 7_000 }, { party: 'carrier', shareBp: 3_000 }]);
    expect(sharesOf(rules, 'worn', null)).toEqual([{ party: 'merchant', shareBp: 10_000 }]);
  });

  it('shares are whole and name each party once', () => {
    expect(faultOfShares([{ party: 'supplier', shareBp: 9_999 }])).toContain('9999');
    expect(faultOfShares([{ party: 'supplier', shareBp: 5_000 }, { party: 'supplier', shareBp: 5_000 }])).toContain('twice');
    expect(faultOfShares([{ party: 'supplier', shareBp: 5_000 }, { party: 'anchor', shareBp: 5_000 }])).toBeUndefined();
  });
});

const rates = { currency: 'CNY', forwardFreight: 800, returnFreight: 900, inspection: 200 };
const writeDown = { A: 0, B: 5_000, C: 10_000 };

describe('what a returned unit cost', () => {
  it('is the value its grade lost, all of it where the unit left the house, and what moving and inspecting cost', () => {
    expect(unitCosts({ grade: 'C', disposition: 'scrap', unitValue: 5_160 }, writeDown, rates)).toEqual({ 'write-down': 5_160, inspection: 200, 'return-freight': 900, 'forward-freight': 800 });
    expect(unitCosts({ grade: 'B', disposition: 'quarantine', unitValue: 5_161 }, writeDown, undefined)).toEqual({ 'write-down': 2_580 });
    expect(unitCosts({ grade: 'B', disposition: 'return-to-supplier', unitValue: 5_160 }, writeDown, undefined)).toEqual({ 'write-down': 5_160 });
    expect(unitCosts({ grade: 'A', disposition: 'restock', unitValue: 5_160 }, writeDown, undefined)).toEqual({});
  });

  it('is asked for up to the cap, the lost value first', () => {
    const costs = { 'write-down': 2_500, inspection: 200, 'return-freight': 900, 'forward-freight': 800 };
    expect(capped(costs, 3_000)).toEqual({ 'write-down': 2_500, inspection: 200, 'return-freight': 300 });
    expect(capped(costs, 0)).toEqual({});
  });
});

const claim = (over: Partial<Claimant> = {}, shares: readonly Share[] = [{ party: 'supplier', shareBp: 10_000 }], terms: Partial<SupplierTerms> = {}, unknown: readonly Party[] = []) =>
  claimsOf(
    { quantity: 10, costs: { 'write-down': 5_160, 'return-freight': 900 }, unitValue: 5_160, disposition: 'scrap', age: 20, allowanceLeft: 0, ...over }, shares,
    (party) => (party === 'supplier' ? { ...USUAL_TERMS, ...terms } : OTHER_TERMS), (party) => !unknown.includes(party),
  );

describe('a claim', () => {
  it('asks for the units beyond the allowance, each at most at its cap', () => {
    expect(claim({ allowanceLeft: 3 }).get('supplier')).toEqual({ outcome: 'claimed', allowed: 3, elements: [{ element: 'write-down', cost: 51_600, amount: 7 * 5_160 }, { element: 'return-freight', cost: 9_000, amount: 0 }] });
    expect(claim({ allowanceLeft: 10 }).get('supplier')).toMatchObject({ outcome: 'allowance', allowed: 10 });
    expect(allowanceOf(149, 200)).toBe(2);
  });

  it('is not made after the window, without a lot, against a buyer or the merchant, or where nothing was lost', () => {
    expect(claim({ age: 91 }).get('supplier')?.outcome).toBe('outside-window');
    expect(claim({ age: 90 }).get('supplier')?.outcome).toBe('claimed');
    expect(claim({ age: null }).get('supplier')?.outcome).toBe('not-traced');
    expect(claim({}, [{ party: 'anchor', shareBp: 10_000 }], {}, ['anchor']).get('anchor')?.outcome).toBe('not-traced');
    expect(claim({ age: null }, [{ party: 'anchor', shareBp: 10_000 }]).get('anchor')?.outcome).toBe('claimed');
    for (const party of ['buyer', 'merchant'] as const) expect(claim({}, [{ party, shareBp: 10_000 }]).get(party)?.outcome).toBe('not-charged');
    expect(claim({ costs: {} }).get('supplier')?.outcome).toBe('nothing-lost');
    expect(claim({}, undefined, { capBp: 0 }).get('supplier')?.outcome).toBe('nothing-lost');
  });

  it('of a refund is asked of a supplier by what the unit cost, and not at all where that is in another currency', () => {
    const refund = { costs: { refund: 15_900 }, unitValue: 15_900, quantity: 1 };
    expect(claim({ ...refund, unitCost: 5_160 }).get('supplier')).toMatchObject({ outcome: 'claimed', elements: [{ element: 'refund', cost: 15_900, amount: 5_160 }] });
    expect(claim({ ...refund, unitCost: null }).get('supplier')).toMatchObject({ outcome: 'no-rate', elements: [{ cost: 15_900, amount: 0 }] });
    expect(claim({ ...refund, unitCost: null }, [{ party: 'carrier', shareBp: 10_000 }]).get('carrier')?.elements).toMatchObject([{ amount: 15_900 }]);
  });

  it('is of no unit that the order line did not sell, once another case of it was judged', () => {
    expect(unitsBeyond(1, 1, { elsewhere: 1, here: 0 })).toBe(1);
    expect(unitsBeyond(3, 4, { elsewhere: 2, here: 0 })).toBe(1);
    expect(unitsBeyond(1, 4, { elsewhere: 2, here: 1 })).toBe(0);
    expect(unitsBeyond(2, 1, { elsewhere: 5, here: 0 })).toBe(2);
    // A case alone is judged for all that came of it.
    expect(unitsBeyond(3, 1, { elsewhere: 0, here: 2 })).toBe(0);
  });

  it('leaves the value out where it is made good in kind', () => {
    const of = (disposition: string, remedy: 'rework' | 'replacement') => claim({ disposition }, undefined, { remedy }).get('supplier')?.elements.map((e) => e.amount);
    expect(of('rework', 'rework')).toEqual([0, 9_000]);
    expect(of('scrap', 'rework')).toEqual([51_600, 0]);
    expect(of('return-to-supplier', 'replacement')).toEqual([0, 9_000]);
  });

  it('no cent appears or disappears between the parties, no unit is asked for above its value, whatever the shares', () => {
    const whole = fc.uniqueArray(fc.constantFrom(...PARTIES), { minLength: 1, maxLength: 6 }).chain((parties) =>
      fc.array(fc.integer({ min: 0, max: 10_000 - parties.length }), { minLength: parties.length - 1, maxLength: parties.length - 1 }).map((cuts) => {
        const at = [0, ...cuts.sort((a, b) => a - b), 10_000 - parties.length];
        return parties.map((party, i): Share => ({ party, shareBp: (at[i + 1] as number) - (at[i] as number) + 1 }));
      }));
    fc.assert(
      fc.property(whole, fc.integer({ min: 1, max: 500 }), fc.integer({ min: 0, max: 90_000 }), fc.array(fc.integer({ min: 0, max: 20_000 }), { minLength: 5, maxLength: 5 }), fc.integer({ min: 0, max: 10_000 }), fc.nat(600),
        (shares, quantity, unitValue, each, capBp, allowanceLeft) => {
          expect(faultOfShares(shares)).toBeUndefined();
          const costs = Object.fromEntries(ELEMENTS.map((e, i) => [e, each[i] as number]));
          const parts = claimsOf({ quantity, costs, unitValue, disposition: 'scrap', age: 1, allowanceLeft }, shares, () => ({ ...USUAL_TERMS, capBp }), () => true);
          for (const e of ELEMENTS) expect([...parts.values()].reduce((s, p) => s + (p.elements.find((x) => x.element === e)?.cost ?? 0), 0)).toBe((costs[e] ?? 0) * quantity);
          const asked = [...parts.values()].reduce((s, p) => s + p.elements.reduce((x, el) => x + el.amount, 0), 0);
          expect(asked).toBeLessThanOrEqual(Math.floor((unitValue * capBp) / 10_000) * quantity);
          for (const p of parts.values()) expect(p.elements.every((x) => x.amount >= 0 && x.amount <= x.cost)).toBe(true);
        }),
      { seed: 20_261_122, numRuns: 500 },
    );
  });

  it('a part of a line stands for its units exactly: what is charged and what is not sum to the line', () => {
    fc.assert(
      fc.property(fc.nat(1_000_000), fc.integer({ min: 1, max: 400 }), fc.nat(400), (amount, claimed, some) => {
        const charged = Math.min(some, claimed);
        expect(partFor(amount, charged, claimed) + partFor(amount, claimed - charged, claimed)).toBeGreaterThanOrEqual(amount - 1);
        expect(partFor(amount, claimed, claimed)).toBe(amount);
        expect(partFor(amount, 0, claimed)).toBe(0);
        expect(Math.abs(partFor(amount, charged, claimed) - (amount * charged) / claimed)).toBeLessThan(1);
      }),
      { seed: 20_261_122 },
    );
  });
});
