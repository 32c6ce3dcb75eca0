// The policies that a back-test plays beside castline's own: none makes nothing, naive makes what was ordered.
import type { House } from './house.js';

export interface Policy {
  /** False: only what is there is sold; nobody is let wait for more. */
  readonly sells: boolean;
  /** It looks at more than demand and shelves (house.seen). */
  readonly looks: boolean;
  /** Called after every step of time. */
  decide(house: House): void;
}

export const none = (): Policy => ({ sells: false, looks: false, decide: () => undefined });

/** Rounds wishes for the SKUs of a group up to its MOQ and lots; the excess goes to the SKU that is wanted most. */
export function roundedUp(wanted: ReadonlyMap<number, number>, moq: number, lot: number): Map<number, number> {
  const sum = [...wanted.values()].reduce((s, q) => s + q, 0);
  if (sum === 0) return new Map();
  const total = Math.ceil(Math.max(sum, moq) / lot) * lot;
  const [largest] = [...wanted].reduce((most, entry) => (entry[1] > most[1] ? entry : most));
  return new Map([...wanted].map(([sku, q]) => [sku, sku === largest ? q + total - sum : q]));
}

/** Makes every unit that was ever ordered, paid or not, cancelled or not, beyond the initial stock; looks at it once an hour. */
export function naive(): Policy {
  const made = new Map<number, number>();
  let looked = -Infinity;
  return {
    sells: true,
    looks: false,
    decide: (house) => {
      if (house.now - looked < 3_600_000) return;
      looked = house.now;
      const { skus } = house.scene;
      const wantedOf = (sku: number): number => Math.max(0, (house.demand[sku]?.ordered ?? 0) - (skus[sku]?.initialStock ?? 0) - (made.get(sku) ?? 0));
      for (const group of house.groups.values()) {
        if (group.every((sku) => wantedOf(sku) === 0)) continue;
        const wanted = new Map(group.map((sku) => [sku, wantedOf(sku)]));
        const terms = skus[group[0] as number]?.terms;
        if (terms?.supplier == null) continue;
        const order = roundedUp(wanted, terms.moq, terms.lot_multiple);
        if (order.size === 0) continue;
        house.place(order);
        for (const [sku, q] of order) made.set(sku, (made.get(sku) ?? 0) + q);
      }
    },
  };
}
