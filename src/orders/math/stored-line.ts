// A line's state as it is stored. Of millions of lines most have one event or two, so what is nought, null, or known from the row
// itself is left out: that is less than half of the bytes, and bytes are what writing a line costs.
import type { Attribute, LineState } from './settle.js';

const COUNTS = ['created', 'paid', 'cancelled', 'shipped', 'delivered'] as const;
const TIMES = ['countedAt', 'paidAt', 'cancelledAt', 'shippedAt', 'deliveredAt'] as const;

type Stamped = readonly [value: string | number, at?: number, eventId?: string];

/** As JSON; `lineId` and `sku` are columns of the row, and an attribute of the line's first event names no stamp of its own. */
export function storedLine(state: LineState): string {
  const [at, id] = state.first;
  let text = `{"first":[${at},${JSON.stringify(id)}]`;
  for (const name of COUNTS) if (state[name] !== 0) text += `,"${name}":${state[name]}`;
  for (const name of TIMES) if (state[name] != null) text += `,"${name}":${state[name]}`;
  let attributes = '';
  for (const name in state.attributes) {
    const [value, when, by] = state.attributes[name as Attribute] as readonly [string | number, number, string];
    const written = typeof value === 'number' ? String(value) : JSON.stringify(value);
    attributes += `,"${name}":[${written}${when === at && by === id ? '' : `,${when},${JSON.stringify(by)}`}]`;
  }
  return `${text}${attributes === '' ? '' : `,"attributes":{${attributes.slice(1)}}`}}`;
}

/** The state that was stored, by this version or one that left nothing out. */
export function lineOfStored(lineId: string, sku: string, stored: Partial<Omit<LineState, 'attributes'>> & { readonly first: LineState['first']; readonly attributes?: Readonly<Record<string, Stamped>> }): LineState {
  const [at, id] = stored.first;
  return {
    created: 0, paid: 0, cancelled: 0, shipped: 0, delivered: 0, countedAt: null, paidAt: null, cancelledAt: null, shippedAt: null, deliveredAt: null,
    ...stored, lineId, sku,
    attributes: Object.fromEntries(Object.entries(stored.attributes ?? {}).map(([name, [value, when, by]]) => [name, [value, when ?? at, by ?? id]])),
  };
}
