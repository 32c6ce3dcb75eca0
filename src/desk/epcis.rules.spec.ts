import { faultsOf } from '../../test/factories/epcis.js';
import { FINDINGS } from '../returns/index.js';
import { documentOf, eventIdOf, eventOf, meaningOf, STEPS, uriOf, type Happening, type LotOfChain } from './epcis.rules.js';

const BASE = 'https://shop.example';
const lot: LotOfChain = {
  supplier: 'factory-1', name: 'D 7', productionOrder: 'po_1', receipt: 'rec_1', deliveryNote: 'DN/9',
  signals: [{ id: 'sig_1', spike: 'spk_1', broadcast: 'B7' }, { id: 'sig_2', spike: null, broadcast: 'B7' }],
};
const line = { shop: 'shop-1', orderId: 'o:1', lineId: '1', broadcast: 'B7', anchor: '主播', shippedAt: new Date('2026-11-20T08:00:00Z') };
const returned = { id: 'R1', shop: 'shop-1', orderId: 'o:1', claimedReason: 'too small' };
const happening = (over: Partial<Happening>): Happening => ({
  step: 'receipt', id: 1, at: new Date('2026-11-20T09:00:00Z'), recordedAt: new Date('2026-11-22T00:00:00.5Z'), world: 'live', location: 'main', lot: 'lot_1', goods: [{ sku: 'K1 S', subLot: 'D9', units: 20 }],
  origin: lot, line: undefined, returned: undefined, found: undefined, toSupplier: false, ...over,
});
const found = (disposition: string, finding: string, chargebacks: string[] = []) => ({ grade: disposition === 'restock' ? 'A' : 'C', finding, disposition, chargebacks });
const inspection = (disposition: string, finding: string, chargebacks?: string[]) => happening({ step: 'inspection', id: 1, returned, found: found(disposition, finding, chargebacks) });
const faults = (...list: Happening[]) => faultsOf(documentOf(BASE, list, new Date(), null));

describe('an event', () => {
  it('of a lot that comes in is the first of its identifiers, with what it was ordered by and why', () => {
    expect(eventOf(BASE, happening({}))).toEqual({
      type: 'ObjectEvent', eventID: eventIdOf(BASE, { step: 'receipt', id: 1 }), eventTime: '2026-11-20T09:00:00.000Z', eventTimeZoneOffset: '+00:00', recordTime: '2026-11-22T00:00:00.500Z',
      action: 'ADD', bizStep: 'receiving', disposition: 'in_progress', readPoint: { id: `${BASE}/id/loc/live:main` }, bizLocation: { id: `${BASE}/id/loc/live:main` },
      quantityList: [{ epcClass: `${BASE}/id/class/K1%20S:lot_1:D9`, quantity: 20 }],
      bizTransactionList: [
        { type: 'prodorder', bizTransaction: `${BASE}/id/bt/production-order:po_1` }, { type: 'recadv', bizTransaction: `${BASE}/id/bt/receipt:rec_1` }, { type: 'desadv', bizTransaction: `${BASE}/id/bt/delivery-note:po_1:DN%2F9` },
      ],
      sourceList: [{ type: 'possessing_party', source: `${BASE}/id/party/supplier:factory-1` }], ilmd: { 'cbvmda:lotNumber': 'D 7' },
      'castline:signals': [`${BASE}/id/signal/sig_1`, `${BASE}/id/signal/sig_2`], 'castline:spikes': [`${BASE}/id/spike/spk_1`], 'castline:broadcasts': [`${BASE}/id/broadcast/B7`],
    });
  });

  it('of a parcel is at no place afterwards, and happened when the shop said, not when the news was booked', () => {
    const event = eventOf(BASE, happening({ step: 'claim', line, goods: [{ sku: 'K1', subLot: '', units: 2 }] }));
    expect(event).toMatchObject({
      action: 'OBSERVE', bizStep: 'shipping', disposition: 'in_transit', eventTime: '2026-11-20T08:00:00.000Z', readPoint: { id: `${BASE}/id/loc/live:main` }, quantityList: [{ epcClass: `${BASE}/id/class/K1:lot_1`, quantity: 2 }],
      bizTransactionList: [{ type: 'po', bizTransaction: `${BASE}/id/bt/order:shop-1:o%3A1` }], 'castline:broadcasts': [`${BASE}/id/broadcast/B7`], 'castline:anchor': `${BASE}/id/party/anchor:%E4%B8%BB%E6%92%AD`, 'castline:orderLine': '1',
    });
    for (const name of ['bizLocation', 'sourceList', 'destinationList', 'ilmd', 'castline:signals']) expect(event).not.toHaveProperty([name]);
    // A later parcel of the line does not make an earlier one late.
    expect(eventOf(BASE, happening({ step: 'claim', line: { ...line, shippedAt: new Date('2026-11-21T00:00:00Z') } }))).toMatchObject({ eventTime: '2026-11-20T09:00:00.000Z' });
  });

  it('of what came back names the return and its order, what was claimed, and no lot where none is known', () => {
    expect(eventOf(BASE, happening({ step: 'return-receipt', returned, lot: '', origin: undefined, goods: [{ sku: 'K1', subLot: '', units: 1 }] }))).toMatchObject({
      action: 'OBSERVE', bizStep: 'receiving', disposition: 'returned', bizLocation: { id: `${BASE}/id/loc/live:main` }, quantityList: [{ epcClass: `${BASE}/id/class/K1`, quantity: 1 }],
      bizTransactionList: [{ type: 'po' }, { type: 'rma', bizTransaction: `${BASE}/id/bt/return:R1` }], 'castline:claimedReason': 'too small',
    });
  });

  it.each([
    ['restock', 'no-fault', 'sellable_not_accessible'], ['scrap', 'defect', 'damaged'], ['quarantine', 'out-of-tolerance', 'damaged'], ['return-to-supplier', 'damaged-in-transit', 'damaged'],
    ['rework', 'too-small', 'non_sellable_other'], ['scrap', 'worn', 'non_sellable_other'],
  ])('of an inspection (%s, %s) is %s in the words of the CBV, and in ours', (disposition, finding, expected) => {
    const event = eventOf(BASE, inspection(disposition, finding, ['cb_1']));
    expect(event).toMatchObject({ action: 'OBSERVE', bizStep: 'inspecting', disposition: expected, 'castline:finding': finding, 'castline:disposition': disposition });
    expect(event['bizTransactionList']).toContainEqual({ type: 'castline:chargeback', bizTransaction: `${BASE}/id/bt/chargeback:cb_1` });
  });

  it('of units that leave the house says whether they are no more, or go back to their supplier', () => {
    expect(eventOf(BASE, happening({ step: 'scrap', returned }))).toMatchObject({ action: 'DELETE', bizStep: 'destroying', disposition: 'destroyed' });
    const back = eventOf(BASE, happening({ step: 'scrap', returned, toSupplier: true }));
    expect(back).toMatchObject({ action: 'OBSERVE', bizStep: 'shipping', disposition: 'returned', destinationList: [{ type: 'possessing_party', destination: `${BASE}/id/party/supplier:factory-1` }] });
    expect(back).not.toHaveProperty('bizLocation');
  });

  it('says nothing of what is not known', () => {
    const bare = eventOf(BASE, happening({ location: null, origin: { supplier: null, name: null, productionOrder: null, receipt: null, deliveryNote: null, signals: [] } }));
    expect(Object.keys(bare).sort()).toEqual(['action', 'bizStep', 'disposition', 'eventID', 'eventTime', 'eventTimeZoneOffset', 'quantityList', 'recordTime', 'type']);
  });
});

describe('an identifier', () => {
  it('of an event is a UUID of its name: the same each time, another for each event and each installation', () => {
    const id = eventIdOf(BASE, { step: 'claim', id: 7 });
    // What Python's uuid.uuid5(uuid.NAMESPACE_URL, 'https://shop.example/id/event/movement:7') says.
    expect(id).toBe('urn:uuid:25816cf3-0fea-52f5-b95c-f2e710275bae');
    expect(eventIdOf(BASE, { step: 'claim', id: 7 })).toBe(id);
    expect(new Set([id, eventIdOf(BASE, { step: 'claim', id: 8 }), eventIdOf(BASE, { step: 'inspection', id: 7 }), eventIdOf('https://other.example', { step: 'claim', id: 7 })]).size).toBe(4);
  });

  it('keeps names apart whatever stands in them, and is one segment of a path', () => {
    expect(uriOf(BASE, 'bt', 'order', 'a:b', 'c')).not.toBe(uriOf(BASE, 'bt', 'order', 'a', 'b:c'));
    expect(uriOf(BASE, 'class', 'K 1/黑?#', '100%').slice(`${BASE}/id/class/`.length)).toMatch(/^[A-Za-z0-9\-._~!'()*:%]+$/);
  });
});

describe('a document', () => {
  it('of every kind of event is one that EPCIS 2.0 takes', () => {
    const each = STEPS.flatMap((step, i) => [happening({ step, id: 10 + i, line: step === 'claim' ? line : undefined }), happening({ step, id: 20 + i, lot: '', origin: undefined, location: null, toSupplier: true })]);
    expect(faults(...each)).toEqual([]);
    for (const finding of FINDINGS) for (const disposition of ['restock', 'rework', 'quarantine', 'return-to-supplier', 'scrap']) expect(faults(inspection(disposition, finding, ['cb_1']))).toEqual([]);
  });

  it('of a chain that never moved has no events, and says where more follows', () => {
    const empty = documentOf(BASE, [], new Date('2026-11-23T00:00:00Z'), null);
    expect(empty).toEqual({
      '@context': ['https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld', { castline: 'https://castline.example/epcis/' }], type: 'EPCISDocument', schemaVersion: '2.0', creationDate: '2026-11-23T00:00:00.000Z', epcisBody: { eventList: [] },
    });
    const more = documentOf(BASE, [], new Date(), 'abc');
    expect(more).toMatchObject({ 'castline:nextCursor': 'abc' });
    expect(faultsOf(more)).toEqual([]);
  });

  it('that EPCIS would not take is found out', () => {
    const event = eventOf(BASE, happening({}));
    const wrong = (over: Record<string, unknown>) => faultsOf({ ...documentOf(BASE, [], new Date(), null), epcisBody: { eventList: [{ ...event, ...over }] } });
    expect(wrong({})).toEqual([]);
    for (const over of [
      { action: 'CHANGE' }, { action: 'OBSERVE' }, { bizStep: 'urn:epcglobal:cbv:bizstep:shipping' }, { bizStep: 'returning' }, { disposition: 'sold' }, { eventTimeZoneOffset: 'Z' }, { eventTime: '2026-11-20' }, { quantityList: [] },
      { quantityList: [{ epcClass: 'K1 S', quantity: 1 }] }, { sourceList: [{ source: BASE }] }, { bizTransactionList: [{ type: 'rma' }] }, { colour: 'red' }, { 'other:colour': 'red' }, { readPoint: null },
    ]) expect([over, wrong(over).length > 0]).toEqual([over, true]);
  });
});

it('every step has a meaning of its own', () => {
  const meanings = STEPS.map((step) => meaningOf({ step, found: undefined, toSupplier: false }));
  expect(new Set(meanings.map((m) => `${m.bizStep} ${m.disposition}`)).size).toBe(STEPS.length);
});
