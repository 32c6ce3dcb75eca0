// What happened to the goods of a chain, as events of EPCIS 2.0 (GS1; ISO/IEC 19987) in the words of the CBV 2.0 (ISO/IEC 19988).
// Nothing is added to what the books say: GS1 keys are not known, so every identifier is a URI of this installation (docs/epcis.md).
import { createHash } from 'node:crypto';

export const CONTEXT = 'https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld';
/** The namespace of what EPCIS has no field for. A name, as problems have; nothing is fetched from it. */
export const NAMESPACE = 'https://castline.example/epcis/';

/** In the order in which they happen where they are booked at one moment. */
export const STEPS = ['receipt', 'claim', 'return-receipt', 'inspection', 'scrap'] as const;
export type Step = (typeof STEPS)[number];

export interface LotOfChain {
  readonly supplier: string | null;
  readonly name: string | null;
  readonly productionOrder: string | null;
  readonly receipt: string | null;
  readonly deliveryNote: string | null;
  /** The changes that made its production order, with what caused each. */
  readonly signals: readonly { readonly id: string; readonly spike: string | null; readonly broadcast: string | null }[];
}

export interface LineOfChain {
  readonly shop: string;
  readonly orderId: string;
  readonly lineId: string;
  readonly broadcast: string | null;
  readonly anchor: string | null;
  /** The last time that the shop named for a parcel of the line. */
  readonly shippedAt: Date | null;
}

export interface Happening {
  readonly step: Step;
  /** Number of its movement, or of its inspection. */
  readonly id: number;
  readonly at: Date;
  readonly recordedAt: Date;
  readonly world: string;
  /** Null where the books do not say in which of several places it was. */
  readonly location: string | null;
  /** Empty where nobody knows the lot of the units. */
  readonly lot: string;
  readonly goods: readonly { readonly sku: string; readonly subLot: string; readonly units: number }[];
  readonly origin: LotOfChain | undefined;
  readonly line: LineOfChain | undefined;
  readonly returned: { readonly id: string; readonly shop: string; readonly orderId: string; readonly claimedReason: string | null } | undefined;
  readonly found: { readonly grade: string; readonly finding: string; readonly disposition: string; readonly chargebacks: readonly string[] } | undefined;
  /** Units that are booked out go back to their supplier, or are destroyed. */
  readonly toSupplier: boolean;
}

export type EpcisEvent = Readonly<Record<string, unknown>>;

/** A URI of one thing: `{base}/id/{sort}/{name}:{name}…`, each name percent-encoded, so that the sort's name is one segment of a path as the CBV asks. */
export const uriOf = (base: string, sort: string, ...names: readonly string[]): string => `${base}/id/${sort}/${names.map(encodeURIComponent).join(':')}`;

/** The namespace for names that are URLs (RFC 9562, 6.6). */
const URL_NAMES = Buffer.from('6ba7b8119dad11d180b400c04fd430c8', 'hex');

/** The CBV asks for a UUID as an event's id; one made of a name (version 5) is the same whenever the event is told. */
export function eventIdOf(base: string, h: Pick<Happening, 'step' | 'id'>): string {
  const bytes = createHash('sha1').update(URL_NAMES).update(uriOf(base, 'event', h.step === 'inspection' ? 'inspection' : 'movement', String(h.id))).digest().subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x50, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return `urn:uuid:${bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')}`;
}

/** Findings that say of the goods themselves that they are impaired; with any other, units that are not restocked are just not to be sold. */
const IMPAIRED: readonly string[] = ['defect', 'out-of-tolerance', 'damaged-in-transit'];

interface Meaning {
  readonly action: 'ADD' | 'OBSERVE' | 'DELETE';
  readonly bizStep: string;
  readonly disposition: string;
  /** Whether the goods are at the place afterwards. */
  readonly stays: boolean;
}

/** A lot gets its number where it comes in: that is the first use of its identifiers (ADD). What is destroyed is no more (DELETE). */
export function meaningOf(h: Pick<Happening, 'step' | 'found' | 'toSupplier'>): Meaning {
  switch (h.step) {
    case 'receipt': return { action: 'ADD', bizStep: 'receiving', disposition: 'in_progress', stays: true };
    case 'claim': return { action: 'OBSERVE', bizStep: 'shipping', disposition: 'in_transit', stays: false };
    case 'return-receipt': return { action: 'OBSERVE', bizStep: 'receiving', disposition: 'returned', stays: true };
    case 'scrap': return h.toSupplier ? { action: 'OBSERVE', bizStep: 'shipping', disposition: 'returned', stays: false } : { action: 'DELETE', bizStep: 'destroying', disposition: 'destroyed', stays: false };
    case 'inspection': {
      // In a warehouse no buyer reaches the shelf: the CBV's word for goods that can be sold from there.
      const disposition = h.found?.disposition === 'restock' ? 'sellable_not_accessible' : IMPAIRED.includes(h.found?.finding ?? '') ? 'damaged' : 'non_sellable_other';
      return { action: 'OBSERVE', bizStep: 'inspecting', disposition, stays: true };
    }
  }
}

/** The units of a SKU in a lot and its part; of the SKU alone where nobody knows the lot. */
const classOf = (base: string, sku: string, lot: string, subLot: string): string => uriOf(base, 'class', sku, ...(lot === '' ? [] : [lot]), ...(lot === '' || subLot === '' ? [] : [subLot]));

/** Fields without a value are left out: EPCIS knows no null. */
const filled = (fields: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(fields).filter(([, v]) => v !== undefined && v !== null && !(Array.isArray(v) && v.length === 0)));

function transactionsOf(base: string, h: Happening): object[] {
  const of = (type: string, ...names: string[]): object => ({ type, bizTransaction: uriOf(base, 'bt', ...names) });
  const order = h.line ?? h.returned;
  const came = h.step === 'receipt' ? h.origin : undefined;
  return [
    ...(order === undefined ? [] : [of('po', 'order', order.shop, order.orderId)]),
    ...(came?.productionOrder == null ? [] : [of('prodorder', 'production-order', came.productionOrder)]),
    ...(came?.receipt == null ? [] : [of('recadv', 'receipt', came.receipt)]),
    ...(came?.deliveryNote == null ? [] : [of('desadv', 'delivery-note', came.productionOrder ?? '', came.deliveryNote)]),
    ...(h.returned === undefined ? [] : [of('rma', 'return', h.returned.id)]),
    ...(h.found?.chargebacks ?? []).map((id) => of('castline:chargeback', 'chargeback', id)),
  ];
}

/** What made the goods move, and what was found of them, in our own words. */
function extensionOf(base: string, h: Happening): Record<string, unknown> {
  const signals = h.step === 'receipt' ? (h.origin?.signals ?? []) : [];
  const named = (sort: string, ids: readonly (string | null)[]): string[] => [...new Set(ids.filter((id) => id !== null))].map((id) => uriOf(base, sort, id));
  return {
    'castline:signals': named('signal', signals.map((s) => s.id)), 'castline:spikes': named('spike', signals.map((s) => s.spike)), 'castline:broadcasts': named('broadcast', h.line === undefined ? signals.map((s) => s.broadcast) : [h.line.broadcast]),
    'castline:anchor': h.line?.anchor == null ? undefined : uriOf(base, 'party', 'anchor', h.line.anchor), 'castline:orderLine': h.line?.lineId,
    'castline:claimedReason': h.step === 'return-receipt' ? h.returned?.claimedReason : undefined,
    'castline:grade': h.found?.grade, 'castline:finding': h.found?.finding, 'castline:disposition': h.found?.disposition,
  };
}

export function eventOf(base: string, h: Happening): EpcisEvent {
  const { action, bizStep, disposition, stays } = meaningOf(h);
  const place = h.location === null ? undefined : { id: uriOf(base, 'loc', h.world, h.location) };
  const supplier = h.origin?.supplier == null ? undefined : uriOf(base, 'party', 'supplier', h.origin.supplier);
  // Stock is booked when the news of a parcel comes, which may be long after it left; never before.
  const at = h.step === 'claim' && h.line?.shippedAt != null && h.line.shippedAt < h.at ? h.line.shippedAt : h.at;
  return filled({
    type: 'ObjectEvent', eventID: eventIdOf(base, h), eventTime: at.toISOString(),
    // Instants are kept, the zone of a warehouse is not: times are told in UTC.
    eventTimeZoneOffset: '+00:00', recordTime: h.recordedAt.toISOString(),
    action, bizStep, disposition, readPoint: place, bizLocation: stays ? place : undefined,
    quantityList: h.goods.map((g) => ({ epcClass: classOf(base, g.sku, h.lot, g.subLot), quantity: g.units })),
    bizTransactionList: transactionsOf(base, h),
    sourceList: h.step !== 'receipt' || supplier === undefined ? [] : [{ type: 'possessing_party', source: supplier }],
    destinationList: h.step !== 'scrap' || !h.toSupplier || supplier === undefined ? [] : [{ type: 'possessing_party', destination: supplier }],
    ...(h.step === 'receipt' && h.origin?.name != null ? { ilmd: { 'cbvmda:lotNumber': h.origin.name } } : {}),
    ...extensionOf(base, h),
  });
}

/** One document of what happened; `nextCursor` where more follows. */
export const documentOf = (base: string, happenings: readonly Happening[], createdAt: Date, nextCursor: string | null): EpcisEvent => ({
  '@context': [CONTEXT, { castline: NAMESPACE }], type: 'EPCISDocument', schemaVersion: '2.0', creationDate: createdAt.toISOString(),
  epcisBody: { eventList: happenings.map((h) => eventOf(base, h)) }, ...(nextCursor === null ? {} : { 'castline:nextCursor': nextCursor }),
});
