// What EPCIS 2.0 asks of a document of object events and what words the CBV 2.0 has for them, as GS1's JSON schemas and ontology say
// (github.com/gs1/EPCIS: JSON-Schema/, Ontology/CBV.ttl).
type Fields = Readonly<Record<string, unknown>>;

const STEPS = [
  'accepting', 'arriving', 'assembling', 'collecting', 'commissioning', 'consigning', 'creating_class_instance', 'cycle_counting', 'decommissioning', 'departing', 'destroying', 'disassembling', 'dispensing', 'encoding',
  'entering_exiting', 'holding', 'inspecting', 'installing', 'killing', 'loading', 'other', 'packing', 'picking', 'receiving', 'removing', 'repackaging', 'repairing', 'replacing', 'reserving', 'retail_selling', 'sampling',
  'sensor_reporting', 'shipping', 'staging_outbound', 'stock_taking', 'stocking', 'storing', 'transporting', 'unloading', 'unpacking', 'void_shipping',
];
const DISPOSITIONS = [
  'active', 'available', 'completeness_inferred', 'completeness_verified', 'conformant', 'container_closed', 'container_open', 'damaged', 'destroyed', 'dispensed', 'disposed', 'encoded', 'expired', 'in_progress', 'in_transit',
  'inactive', 'mismatch_class', 'mismatch_instance', 'mismatch_quantity', 'needs_replacement', 'no_pedigree_match', 'non_conformant', 'non_sellable_other', 'partially_dispensed', 'recalled', 'reserved', 'retail_sold', 'returned',
  'sellable_accessible', 'sellable_not_accessible', 'stolen', 'unavailable', 'unknown',
];
const TRANSACTIONS = ['bol', 'cert', 'desadv', 'inv', 'pedigree', 'po', 'poc', 'prodorder', 'recadv', 'rma', 'testprd', 'testres', 'upevt'];
const PARTIES = ['owning_party', 'possessing_party', 'location'];
const EVENT_FIELDS = [
  '@context', 'type', 'eventTime', 'recordTime', 'eventTimeZoneOffset', 'eventID', 'certificationInfo', 'errorDeclaration', 'action', 'epcList', 'quantityList', 'bizStep', 'disposition', 'persistentDisposition', 'readPoint', 'bizLocation',
  'bizTransactionList', 'sourceList', 'destinationList', 'sensorElementList', 'ilmd',
];
const DOCUMENT_FIELDS = ['@context', 'id', 'type', 'schemaVersion', 'creationDate', 'instanceIdentifier', 'sender', 'receiver', 'epcisHeader', 'epcisBody'];

/** An absolute URI, or a name under a prefix of the context, which has the same form. */
const isUri = (value: unknown): boolean => typeof value === 'string' && /^[A-Za-z][A-Za-z0-9+.-]*:(?:[A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;=]|%[0-9A-F]{2})+$/.test(value);
const isTime = (value: unknown): boolean => typeof value === 'string' && /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/.test(value) && !Number.isNaN(Date.parse(value));
const listOf = (value: unknown): Fields[] => (value === undefined ? [] : (value as Fields[]));

function* eventFaults(e: Fields): Generator<string> {
  for (const name of ['type', 'action', 'eventTime', 'eventTimeZoneOffset']) if (e[name] === undefined) yield `${name} is missing`;
  for (const [name, value] of Object.entries(e)) {
    if (!EVENT_FIELDS.includes(name) && !isUri(name)) yield `${name} is no field`;
    if (value === null || value === undefined) yield `${name} has no value`;
  }
  if (e['type'] !== 'ObjectEvent') yield `type ${JSON.stringify(e['type'])}`;
  if (!['ADD', 'OBSERVE', 'DELETE'].includes(e['action'] as string)) yield `action ${JSON.stringify(e['action'])}`;
  if (e['ilmd'] !== undefined && e['action'] !== 'ADD') yield 'ilmd without ADD';
  if (!isTime(e['eventTime'])) yield 'eventTime';
  if (e['recordTime'] !== undefined && !isTime(e['recordTime'])) yield 'recordTime';
  if (!/^[+-]((0\d|1[0-3]):[0-5]\d|14:00)$/.test(String(e['eventTimeZoneOffset']))) yield 'eventTimeZoneOffset';
  if (e['eventID'] !== undefined && !isUri(e['eventID'])) yield 'eventID';
  if (e['bizStep'] !== undefined && !STEPS.includes(e['bizStep'] as string)) yield `bizStep ${JSON.stringify(e['bizStep'])}`;
  if (e['disposition'] !== undefined && !DISPOSITIONS.includes(e['disposition'] as string)) yield `disposition ${JSON.stringify(e['disposition'])}`;
  for (const place of ['readPoint', 'bizLocation']) if (e[place] !== undefined && !isUri((e[place] as Fields | null)?.['id'])) yield place;
  if (e['epcList'] === undefined && listOf(e['quantityList']).length === 0) yield 'neither epcList nor quantityList';
  for (const q of listOf(e['quantityList'])) {
    if (!isUri(q['epcClass']) || typeof q['quantity'] !== 'number' || Object.keys(q).some((k) => !['epcClass', 'quantity', 'uom'].includes(k))) yield `quantity element ${JSON.stringify(q)}`;
  }
  for (const t of listOf(e['bizTransactionList'])) {
    const type = t['type'];
    if (!isUri(t['bizTransaction']) || !(type === undefined || TRANSACTIONS.includes(type as string) || isUri(type)) || Object.keys(t).some((k) => k !== 'type' && k !== 'bizTransaction')) yield `business transaction ${JSON.stringify(t)}`;
  }
  for (const [list, name] of [['sourceList', 'source'], ['destinationList', 'destination']] as const) {
    for (const p of listOf(e[list])) if (!isUri(p[name]) || !PARTIES.includes(p['type'] as string) || Object.keys(p).length !== 2) yield `${name} ${JSON.stringify(p)}`;
  }
  for (const name of Object.keys((e['ilmd'] ?? {}))) if (!isUri(name)) yield `ilmd ${name}`;
}

/** What a reader of EPCIS 2.0 would not take; nothing, of a good document. */
export function faultsOf(document: Fields): string[] {
  const faults: string[] = [];
  for (const name of ['@context', 'type', 'schemaVersion', 'creationDate', 'epcisBody']) if (document[name] === undefined) faults.push(`${name} is missing`);
  for (const name of Object.keys(document)) if (!DOCUMENT_FIELDS.includes(name) && !isUri(name)) faults.push(`${name} is no field`);
  const context = document['@context'] as (string | Fields)[];
  if (context[0] !== 'https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld') faults.push('@context');
  if (document['type'] !== 'EPCISDocument' || !/^\d+(\.\d+)*$/.test(String(document['schemaVersion'])) || !isTime(document['creationDate'])) faults.push('head');
  const events = (document['epcisBody'] as { eventList: Fields[] }).eventList;
  // A name under a prefix means something only where the context says what the prefix stands for.
  const prefixes = [...context.flatMap((c) => (typeof c === 'string' ? [] : Object.keys(c))), 'cbvmda'];
  const used = [...Object.keys(document), ...events.flatMap((e) => [...Object.keys(e), ...Object.keys((e['ilmd'] ?? {}) as Fields), ...listOf(e['bizTransactionList']).map((t) => String(t['type']))])].filter((n) => n.includes(':'));
  for (const name of used) if (!prefixes.includes(name.split(':')[0] ?? '')) faults.push(`prefix of ${name}`);
  const ids = events.flatMap((e) => (e['eventID'] === undefined ? [] : [e['eventID']]));
  if (new Set(ids).size !== ids.length) faults.push('an eventID twice');
  return [...faults, ...events.flatMap((e, i) => [...eventFaults(e)].map((f) => `event ${i}: ${f}`))];
}
