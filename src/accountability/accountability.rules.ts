// Pure decisions of accountability: who answers for a finding, what a returned unit cost, and how much of it is asked for.
// Money in minor units of one currency, shares in basis points that sum to 10,000.
import { splitByLargestRemainder } from '../kernel/math/index.js';

export const PARTIES = ['supplier', 'anchor', 'warehouse', 'carrier', 'buyer', 'merchant'] as const;
export type Party = (typeof PARTIES)[number];
/** Parties that a chargeback can be sent to: buyers and the merchant itself pay by other ways. */
export const CHARGEABLE: readonly Party[] = ['supplier', 'anchor', 'warehouse', 'carrier'];

export const WHOLE_BP = 10_000;

export interface Share {
  readonly party: Party;
  readonly shareBp: number;
}

export interface Rule extends Share {
  readonly finding: string;
  /** Empty: whatever was claimed. */
  readonly claimedReason: string;
}

/** Finding of a case whose goods nobody has seen. */
export const NOT_INSPECTED = 'not-inspected';

/** The parties to a finding: rules for just this claimed reason come before those for any; the merchant bears what no rule names. */
export function sharesOf(rules: readonly Rule[], finding: string, claimedReason: string | null): Share[] {
  const mine = rules.filter((r) => r.finding === finding);
  const special = mine.filter((r) => r.claimedReason !== '' && r.claimedReason === claimedReason);
  const found = special.length > 0 ? special : mine.filter((r) => r.claimedReason === '');
  return found.length === 0 ? [{ party: 'merchant', shareBp: WHOLE_BP }] : [...found].sort((a, b) => PARTIES.indexOf(a.party) - PARTIES.indexOf(b.party)).map(({ party, shareBp }) => ({ party, shareBp }));
}

/** What is wrong with a set of shares; undefined where it is whole. */
export function faultOfShares(shares: readonly Share[]): string | undefined {
  if (new Set(shares.map((s) => s.party)).size < shares.length) return 'a party is named twice';
  const sum = shares.reduce((s, x) => s + x.shareBp, 0);
  return sum === WHOLE_BP ? undefined : `shares must sum to ${WHOLE_BP} basis points, these sum to ${sum}`;
}

/** In the order in which a cap leaves them standing. */
export const ELEMENTS = ['write-down', 'inspection', 'return-freight', 'forward-freight', 'refund'] as const;
export type Element = (typeof ELEMENTS)[number];
export type Costs = Readonly<Partial<Record<Element, number>>>;

export interface CostRates {
  readonly currency: string;
  readonly forwardFreight: number;
  readonly returnFreight: number;
  readonly inspection: number;
}

export interface InspectedUnit {
  readonly grade: 'A' | 'B' | 'C';
  readonly disposition: string;
  readonly unitValue: number;
}

/**
 * What one returned unit cost, by element. The write-down is the part of its value that its grade loses, the whole of it where
 * the unit left the house; a unit of grade A that is sold again loses nothing. Freight and inspection where the policy has rates.
 */
export function unitCosts(unit: InspectedUnit, writeDownBp: Readonly<Record<string, number>>, rates: CostRates | undefined): Costs {
  const lost = unit.disposition === 'scrap' || unit.disposition === 'return-to-supplier' ? WHOLE_BP : (writeDownBp[unit.grade] ?? 0);
  const costs: Record<Element, number> = {
    'write-down': Math.floor((unit.unitValue * lost) / WHOLE_BP), inspection: rates?.inspection ?? 0, 'return-freight': rates?.returnFreight ?? 0, 'forward-freight': rates?.forwardFreight ?? 0, refund: 0,
  };
  return Object.fromEntries(ELEMENTS.filter((e) => costs[e] > 0).map((e) => [e, costs[e]]));
}

/** The part of a unit's costs that may be asked for: no more than `cap` in all, elements in their order. */
export function capped(costs: Costs, cap: number): Costs {
  let left = cap;
  return Object.fromEntries(ELEMENTS.flatMap((e) => {
    const part = Math.min(costs[e] ?? 0, left);
    left -= part;
    return part > 0 ? [[e, part]] : [];
  }));
}

export interface SupplierTerms {
  readonly allowanceBp: number;
  readonly capBp: number;
  readonly claimWindowDays: number;
  readonly answerDays: number;
  readonly collectDays: number;
  readonly silenceAccepts: boolean;
  readonly remedy: 'money' | 'rework' | 'replacement';
}

/** Where a party has no terms of its own: 2 % natural defects, at most the unit's cost, 90 days, silence accepts nothing. */
export const USUAL_TERMS: SupplierTerms = { allowanceBp: 200, capBp: WHOLE_BP, claimWindowDays: 90, answerDays: 7, collectDays: 7, silenceAccepts: false, remedy: 'money' };
/** Nothing is natural about a parcel that was lost: the allowance is for goods as they were made. */
export const OTHER_TERMS: SupplierTerms = { ...USUAL_TERMS, allowanceBp: 0 };

export interface Claimant {
  readonly quantity: number;
  readonly costs: Costs;
  readonly unitValue: number;
  /** What a supplier is asked for at most is measured by, where the value is another (a refund); null where it is in another currency. */
  readonly unitCost?: number | null | undefined;
  readonly disposition: string;
  /** Days from the receipt of the lot to the return of the goods; null where the lot is not known. */
  readonly age: number | null;
  /** Units of the lot's allowance that earlier claims left. */
  readonly allowanceLeft: number;
}

export type Outcome = 'claimed' | 'allowance' | 'outside-window' | 'not-traced' | 'no-rate' | 'nothing-lost' | 'not-charged' | 'beyond-sold';

/**
 * Of the units of a judgement those that their order line never sold, because other cases of it were judged for them already:
 * one sold unit is lost once. A case alone is judged for all that came of it.
 */
export function unitsBeyond(quantity: number, sold: number, judged: { readonly elsewhere: number; readonly here: number }): number {
  if (judged.elsewhere === 0) return 0;
  return Math.min(quantity, Math.max(0, quantity + judged.elsewhere + judged.here - sold));
}

export interface ClaimParts {
  readonly outcome: Outcome;
  readonly allowed: number;
  /** Per element: the party's share of the cost, and the part of it that is asked for. */
  readonly elements: readonly { readonly element: Element; readonly cost: number; readonly amount: number }[];
}

/**
 * Splits the cost of inspected units between their parties and says what each is asked for. Costs are divided by largest
 * remainder, so that no cent appears or disappears; a claim is the party's share of the capped costs of the units beyond the
 * allowance. Where terms ask for rework or replacement, units that go that way lose no money by their value.
 */
export function claimsOf(unit: Claimant, shares: readonly Share[], termsOf: (party: Party) => SupplierTerms, known: (party: Party) => boolean): ReadonlyMap<Party, ClaimParts> {
  const weights = shares.map((s) => s.shareBp);
  const whole = new Map(ELEMENTS.map((e) => [e, splitByLargestRemainder((unit.costs[e] ?? 0) * unit.quantity, weights)]));
  return new Map(shares.map(({ party }, i): [Party, ClaimParts] => {
    const costOf = (e: Element): number => whole.get(e)?.[i] ?? 0;
    const standing = ELEMENTS.filter((e) => costOf(e) > 0);
    const none = (outcome: Outcome, allowed = 0): [Party, ClaimParts] => [party, { outcome, allowed, elements: standing.map((element) => ({ element, cost: costOf(element), amount: 0 })) }];
    if (standing.length === 0) return none('nothing-lost');
    if (!CHARGEABLE.includes(party)) return none('not-charged');
    if (!known(party)) return none('not-traced');
    const terms = termsOf(party);
    if (party === 'supplier' && (unit.age === null || unit.age > terms.claimWindowDays)) return none(unit.age === null ? 'not-traced' : 'outside-window');
    if (party === 'supplier' && unit.unitCost === null) return none('no-rate');
    const allowed = party === 'supplier' ? Math.min(unit.quantity, unit.allowanceLeft) : 0;
    if (allowed === unit.quantity) return none('allowance', allowed);
    const inKind = party === 'supplier' && ((terms.remedy === 'rework' && unit.disposition === 'rework') || (terms.remedy === 'replacement' && unit.disposition === 'return-to-supplier'));
    const { 'write-down': lost, ...rest } = unit.costs;
    const asked = capped(inKind || lost === undefined ? rest : unit.costs, Math.floor(((party === 'supplier' ? (unit.unitCost ?? unit.unitValue) : unit.unitValue) * terms.capBp) / WHOLE_BP));
    const elements = standing.map((element) => {
      const amount = splitByLargestRemainder((asked[element] ?? 0) * (unit.quantity - allowed), weights)[i] ?? 0;
      return { element, cost: costOf(element), amount: Math.min(amount, costOf(element)) };
    });
    return elements.every((e) => e.amount === 0) ? none('nothing-lost', allowed) : [party, { outcome: 'claimed', allowed, elements }];
  }));
}

/** The part of a line's amount that stands for `charged` of its `claimed` units, exact for all parts together. */
export const partFor = (amount: number, charged: number, claimed: number): number => splitByLargestRemainder(amount, [charged, claimed - charged])[0] ?? 0;

/** Natural defects of a lot that nobody pays for, in whole units. */
export const allowanceOf = (received: number, allowanceBp: number): number => Math.floor((received * allowanceBp) / WHOLE_BP);
