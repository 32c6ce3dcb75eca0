// The status page. It shows what the API answers and nothing else: no numbers of its own, no framework, and data enters the
// page as text only. Events of /v1/stream say what to read again; reading is done at most once a second.
import { shopsSection } from './shops.js';
import { LANGUAGES } from './texts.js';

const REFRESH_MS = 1_000;
/** Without any event: figures of the last minute fall, and an event may have been missed. */
const POLL_MS = 15_000;
const PAGE = 500;
const MOST_READ = 2_000;
const ROWS = 25;
const FEED = 100;
const MINUTE = 60_000;

const byId = (id) => document.getElementById(id);

// ---- Texts, numbers and times ----

const remembered = {
  get: (name) => {
    try {
      return localStorage.getItem(name);
    } catch {
      return null;
    }
  },
  set: (name, value) => {
    try {
      localStorage.setItem(name, value);
    } catch {
      // Without storage the choice lasts as long as the page.
    }
  },
};

let language = firstLanguage();

function firstLanguage() {
  const kept = remembered.get('castline.language');
  if (kept !== null && Object.hasOwn(LANGUAGES, kept)) return kept;
  return navigator.language.toLowerCase().startsWith('zh') ? 'zh' : 'en';
}

/** The text of a key with its {values}; where it depends on a number, that is `n`. Undefined where there is no such key. */
function lookUp(key, values) {
  const text = LANGUAGES[language].texts[key] ?? LANGUAGES.en.texts[key];
  if (text === undefined) return undefined;
  const form = typeof text === 'string' ? text : text[new Intl.PluralRules(language).select(values.n ?? 0)] ?? text.other;
  return form.replaceAll(/\{([\w0-9]+)\}/g, (whole, name) => (values[name] === undefined ? whole : typeof values[name] === 'number' ? number(values[name]) : String(values[name])));
}

const t = (key, values = {}) => lookUp(key, values) ?? key;
/** A word of the API in the chosen language; one that this page does not know is shown as it came. */
const word = (group, value) => lookUp(`${group}.${value}`, {}) ?? String(value);

const format = () => LANGUAGES[language].format;
const number = (value, digits = 0) => new Intl.NumberFormat(format(), { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value);
const percent = (value) => new Intl.NumberFormat(format(), { style: 'percent', maximumFractionDigits: 1 }).format(value);
/** The year is said where it is another than this. */
const dayParts = (year) => ({ day: 'numeric', month: 'short', ...(year === new Date().getFullYear() ? {} : { year: 'numeric' }) });
const moment = (at) =>
  new Intl.DateTimeFormat(format(), { ...dayParts(new Date(at).getFullYear()), hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).format(new Date(at));
const timeOfDay = (at, seconds = false) =>
  new Intl.DateTimeFormat(format(), { hour: '2-digit', minute: '2-digit', ...(seconds ? { second: '2-digit' } : {}), hourCycle: 'h23' }).format(new Date(at));
/** A calendar date has no time zone; it stays on one line. */
const day = (date) =>
  new Intl.DateTimeFormat(format(), { ...dayParts(Number(date.slice(0, 4))), timeZone: 'UTC' }).format(new Date(`${date}T00:00:00Z`)).replaceAll(' ', '\u00a0');

/** Digits of the minor unit by ISO 4217 where they are not 2; Intl leaves out those that are not in use any more (rupiah, pesos). */
const DIGITS = {
  ...Object.fromEntries('BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF'.split(' ').map((code) => [code, 0])),
  ...Object.fromEntries('BHD IQD JOD KWD LYD OMR TND'.split(' ').map((code) => [code, 3])), CLF: 4, UYW: 4,
};

function money(minor, currency) {
  const digits = DIGITS[currency] ?? 2;
  return new Intl.NumberFormat(format(), { style: 'currency', currency, minimumFractionDigits: digits, maximumFractionDigits: digits }).format(minor / 10 ** digits);
}

// ---- Elements ----

/** `make('td.number', { title: 'x', onclick }, …children)`; texts become text nodes, nothing and false are left out. */
function make(what, properties = {}, ...children) {
  const [tag, ...classes] = what.split('.');
  const element = document.createElement(tag);
  if (classes.length > 0) element.className = classes.join(' ');
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? '' : String(value));
  }
  element.append(...children.flat().filter((child) => child !== undefined && child !== null && child !== false).map(asNode));
  return element;
}

const asNode = (child) => (child instanceof Node ? child : document.createTextNode(String(child)));
const timeElement = (at, text = moment(at)) => make('time', { datetime: at, title: new Date(at).toISOString() }, text);
const english = (text) => make('span', { lang: 'en' }, text);

function drawing(tag, attributes, ...children) {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.append(...children);
  return element;
}

/** "60 → 180" to the eye, "60 becomes 180" to the ear; one value where nothing changes. */
function change(before, after) {
  if (before === undefined || before === after) return [make('b', {}, after)];
  return [before, make('span', { 'aria-hidden': 'true' }, ' → '), make('span.vh', {}, ` ${t('line.to')} `), make('b', {}, after)];
}

/** Says the trouble in words of the page where it has some, and the service's own words as the English they are. */
function showTrouble(element, problem, prefix = '') {
  const known = LANGUAGES[language].texts[`problem.${problem.code}`];
  element.replaceChildren(...[prefix, known].filter(Boolean).map((text) => `${text} `), problem.ours ? problem.message : english(problem.message));
  element.hidden = false;
}

let noticeEnds;

/** Says for a while that something was done. */
function showNotice(text) {
  clearTimeout(noticeEnds);
  byId('notice').textContent = text;
  if (text !== '') noticeEnds = setTimeout(() => showNotice(''), 10_000);
}

// ---- The API ----

class Problem extends Error {
  constructor(status, code, message, ours = false) {
    super(message);
    Object.assign(this, { status, code, ours });
  }
}

/** Who is logged in: { name, role, bindings, csrfToken }; undefined for nobody. */
let session;

async function request(method, path, body) {
  let response;
  let text;
  try {
    response = await fetch(path, {
      method,
      signal: AbortSignal.timeout(20_000),
      headers: {
        accept: 'application/json',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(method === 'GET' || session === undefined ? {} : { 'x-csrf-token': session.csrfToken }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    text = await response.text();
  } catch {
    throw new Problem(0, 'unreachable', t('error.unreachable'), true);
  }
  let answer;
  try {
    answer = text === '' ? undefined : JSON.parse(text);
  } catch {
    throw new Problem(response.status, 'unread', t('error.unread', { status: String(response.status) }), true);
  }
  if (response.ok) return answer;
  throw typeof answer?.detail === 'string'
    ? new Problem(response.status, answer.code, answer.detail)
    : new Problem(response.status, 'unread', t('error.unread', { status: String(response.status) }), true);
}

/** As somebody who is logged in: where the session has ended, the log-in form comes back. */
async function call(method, path, body) {
  const caller = session;
  try {
    return await request(method, path, body);
  } catch (problem) {
    if (problem.status === 401 && caller === session) logOutHere('log-in.ended');
    if (problem.status === 403 && caller === session && (await followSession()) && caller.id === session.id) return request(method, path, body);
    throw problem;
  }
}

/** Somebody may have logged in in another tab: the page then belongs to that session. True where it changed hands. */
async function followSession() {
  const current = await call('GET', 'v1/session');
  if (session === undefined || current.csrfToken === session.csrfToken) return false;
  enter(current);
  return true;
}

/** All items of a list up to a bound, and whether there are more. */
async function readAll(path) {
  const items = [];
  let cursor = null;
  do {
    const page = await call('GET', `${path}${path.includes('?') ? '&' : '?'}limit=${PAGE}${cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`}`);
    items.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor !== null && items.length < MOST_READ);
  return { items, more: cursor !== null };
}

// ---- Sections: what each reads, and how it is drawn ----

/** Shops change rarely, so they are asked for once a minute. */
let shops = { at: 0, live: new Set() };
async function liveShops() {
  if (Date.now() - shops.at > MINUTE) {
    const { items } = await readAll('v1/shops');
    shops = { at: Date.now(), live: new Set(items.filter((s) => s.clock === 'live').map((s) => s.id)) };
  }
  return shops.live;
}

const STATUSES = ['sent', 'countered', 'accepted', 'applied', 'rejected', 'expired', 'withdrawn'];
const WAITING = { countered: 0, sent: 1 };
const newest = (a, b) => (a.createdAt < b.createdAt ? 1 : a.createdAt > b.createdAt ? -1 : 0);

/** Per section: what was read last, when, what went wrong since, and how many rows are shown. */
let states = {};
let signalStatus = '';

const SECTIONS = {
  figures: {
    roles: ['admin', 'operator'],
    also: ['busiest'],
    read: async () => ({ overview: await call('GET', 'v1/overview'), live: await liveShops(), now: Date.now() }),
    draw: ({ overview, live, now }) => {
      drawFigures(overview);
      drawBusiest(overview.busiest, live, now);
    },
  },
  spikes: {
    roles: ['admin', 'operator'],
    read: () => readAll('v1/spikes'),
    draw: ({ items }) => drawTable('spikes', items, SPIKE_COLUMNS, t('spikes.empty')),
  },
  signals: {
    roles: ['admin', 'operator', 'factory'],
    read: async () => {
      const read = await readAll(`v1/signals${signalStatus === '' ? '' : `?status=${signalStatus}`}`);
      return { ...read, items: read.items.sort((a, b) => (WAITING[a.status] ?? 2) - (WAITING[b.status] ?? 2) || newest(a, b)) };
    },
    draw: ({ items, more }) => {
      drawTable('signals', items, signalColumns(), t(signalStatus === '' ? 'signals.empty' : 'signals.empty.filtered'));
      if (more) byId('signals-state').textContent = t('signals.truncated', { n: items.length });
    },
  },
  orders: {
    roles: ['admin', 'operator', 'factory'],
    read: async () => {
      const read = await readAll('v1/production-orders');
      return { ...read, items: read.items.sort(newest) };
    },
    draw: ({ items, more }) => {
      drawTable('orders', items, orderColumns(), t('orders.empty'));
      if (more) byId('orders-state').textContent = t('list.more', { n: items.length });
    },
  },
  dead: {
    roles: ['admin', 'operator'],
    read: () => call('GET', 'v1/dead-letters?limit=50').then((page) => ({ items: page.items, more: page.nextCursor !== null })),
    draw: ({ items, more }) => {
      byId('dead-section').hidden = items.length === 0;
      drawTable('dead', items, DEAD_COLUMNS, '');
      if (more) byId('dead-state').textContent = t('list.more', { n: items.length });
    },
  },
  quarantine: {
    roles: ['admin', 'operator'],
    read: () => call('GET', 'v1/quarantine?limit=50').then((page) => ({ items: page.items, more: page.nextCursor !== null })),
    draw: ({ items, more }) => {
      byId('quarantine-section').hidden = items.length === 0;
      drawTable('quarantine', items, QUARANTINE_COLUMNS, '');
      if (more) byId('quarantine-state').textContent = t('list.more', { n: items.length });
    },
  },
};

const isMine = (name) => session !== undefined && SECTIONS[name].roles.includes(session.role);
const isFactory = () => session?.role === 'factory';

async function load(name) {
  const reader = session;
  const state = (states[name] ??= { rows: ROWS });
  const asked = (state.asked = (state.asked ?? 0) + 1);
  try {
    const data = await SECTIONS[name].read();
    if (reader !== session || asked !== state.asked) return;
    Object.assign(state, { data, at: Date.now(), problem: undefined });
  } catch (problem) {
    if (!(problem instanceof Problem)) console.error(problem);
    if (reader !== session || asked !== state.asked) return;
    state.problem = problem;
  }
  draw(name);
}

function draw(name) {
  const state = states[name];
  const lines = [name, ...(SECTIONS[name].also ?? [])].map((id) => byId(`${id}-state`));
  for (const line of lines) {
    line.classList.toggle('failed', state?.problem !== undefined);
    line.textContent = state?.data === undefined ? t('loading') : '';
  }
  if (state?.data !== undefined) SECTIONS[name].draw(state.data);
  if (state?.problem === undefined) return;
  // A section that shows only where it has something must not hide its trouble.
  byId(`${name}-section`)?.removeAttribute('hidden');
  for (const line of lines) showTrouble(line, state.problem, state.data === undefined ? t('error.load') : t('error.stale', { time: timeOfDay(state.at, true) }));
}

// ---- When to read again ----

const stale = new Set();
let timer;
let reading = false;
let lastRead = 0;

function readAgain(...names) {
  for (const name of names) if (isMine(name)) stale.add(name);
  if (timer !== undefined || reading || stale.size === 0 || document.hidden) return;
  timer = setTimeout(readStale, Math.max(0, lastRead + REFRESH_MS - Date.now()));
}

async function readStale() {
  timer = undefined;
  reading = true;
  lastRead = Date.now();
  const names = [...stale].filter(isMine);
  stale.clear();
  await Promise.all(names.map(load));
  reading = false;
  readAgain();
}

setInterval(() => readAgain(...ALL), POLL_MS);

// ---- Figures and curves ----

const FIGURES = [
  ['eventsLastMinute', ''], ['openSpikes', ''], ['waitingDecisions', 'waits'], ['waitingReplies', ''], ['undelivered', 'bad'], ['deadLetters', 'bad'], ['quarantined', 'bad'],
];

function drawFigures(overview) {
  byId('figures').replaceChildren(
    ...FIGURES.map(([name, mark]) =>
      make(overview[name] > 0 && mark !== '' ? `div.figure.${mark}` : 'div.figure', {}, make('dt', {}, t(`figure.${name}`)), make('dd', {}, number(overview[name])))),
  );
}

function drawBusiest(busiest, live, now) {
  byId('busiest-state').textContent = busiest.length === 0 ? t('busiest.empty') : '';
  const minuteOf = (at) => Math.floor(Date.parse(at) / MINUTE) * MINUTE;
  // A live shop's hour ends now; a replayed shop's with the newest order we know of.
  const ends = new Map();
  for (const stream of busiest) for (const { at } of stream.minutes) ends.set(stream.shop, Math.max(ends.get(stream.shop) ?? 0, minuteOf(at)));
  byId('busiest').replaceChildren(
    ...busiest.map((stream) => {
      const end = live.has(stream.shop) ? Math.floor(now / MINUTE) * MINUTE : ends.get(stream.shop);
      const counts = new Map(stream.minutes.map((m) => [minuteOf(m.at), m.orders]));
      const hour = Array.from({ length: 60 }, (_, i) => ({ at: end - (59 - i) * MINUTE, orders: counts.get(end - (59 - i) * MINUTE) ?? 0 }));
      const total = stream.minutes.reduce((sum, m) => sum + m.orders, 0);
      const peak = hour.reduce((most, m) => (m.orders > most.orders ? m : most));
      const words = { sku: stream.sku, from: timeOfDay(hour[0].at), to: timeOfDay(end), n: total, peak: peak.orders, time: timeOfDay(peak.at) };
      const points = hour.map((m, i) => `${((i * 120) / 59).toFixed(2)},${(39 - (36 * m.orders) / Math.max(1, peak.orders)).toFixed(2)}`);
      return make('li', {},
        make('h3', {}, make('span', {}, stream.sku), make('span', {}, t('busiest.total', { n: total }))),
        make('div.where', {}, `${stream.shop} · ${stream.broadcast || t('busiest.standing')}`),
        drawing('svg', { viewBox: '0 0 120 40', preserveAspectRatio: 'none', role: 'img', 'aria-label': t('busiest.chart', words) },
          drawing('polygon', { class: 'area', points: `0,40 ${points.join(' ')} 120,40` }), drawing('polyline', { class: 'curve', points: points.join(' ') })),
        make('div.peak', {}, t('busiest.peak', { n: peak.orders, time: words.time })));
    }),
  );
}

// ---- Tables ----

/** Rows that did not change stay in place, so that a refresh takes no focus and no half-made click away. */
const drawn = new Map();

/** A column: its heading, and what a cell holds; `head` marks the cell that names the row. */
function drawTable(name, items, columns, empty) {
  const box = byId(name);
  const state = states[name];
  byId(`${name}-state`).textContent = items.length === 0 ? empty : '';
  if (items.length === 0) {
    box.replaceChildren();
    drawn.delete(name);
    return;
  }
  let table = drawn.get(name);
  if (table === undefined || table.language !== language) {
    const headings = columns.map((c) => make(c.number ? 'th.number' : 'th', { role: 'columnheader', scope: 'col' }, t(c.title)));
    const body = make('tbody', { role: 'rowgroup' });
    const more = make('button.show-more', { type: 'button', onclick: () => { states[name].rows += ROWS; draw(name); } });
    box.replaceChildren(make('table', { role: 'table', 'aria-labelledby': `${name}-title` }, make('thead', { role: 'rowgroup' }, make('tr', { role: 'row' }, headings)), body), more);
    table = { language, body, more, rows: new Map() };
    drawn.set(name, table);
  }
  const shown = items.slice(0, state.rows);
  const keep = new Set(shown.map((item) => item.id));
  for (const [id, row] of table.rows) {
    if (keep.has(id)) continue;
    row.element.remove();
    table.rows.delete(id);
  }
  shown.forEach((item, i) => {
    const mark = JSON.stringify(item);
    let row = table.rows.get(item.id);
    if (row?.mark !== mark) {
      const cells = columns.map((c) => make(`${c.head ? 'th' : 'td'}${c.number ? '.number' : ''}`,
        { role: c.head ? 'rowheader' : 'cell', scope: c.head ? 'row' : undefined, 'data-label': t(c.title) }, make('div', {}, c.cell(item))));
      const element = make('tr', { role: 'row' }, cells);
      const focused = row?.element.contains(document.activeElement) ? document.activeElement.dataset.action : undefined;
      row?.element.replaceWith(element);
      row = { mark, element };
      table.rows.set(item.id, row);
      if (focused !== undefined) element.querySelector(`[data-action="${focused}"]`)?.focus();
    }
    if (table.body.children[i] !== row.element) table.body.insertBefore(row.element, table.body.children[i] ?? null);
  });
  table.more.hidden = items.length <= shown.length;
  table.more.textContent = t('more', { n: Math.min(ROWS, items.length - shown.length) });
}

const button = (action, text, label, onclick, kind = '') => make(`button${kind}`, { type: 'button', 'data-action': action, 'aria-label': label, onclick }, text);
const chip = (kind, text) => make(`span.chip${kind === '' ? '' : `.${kind}`}`, {}, text);

const SPIKE_COLUMNS = [
  { title: 'spike.sku', head: true, cell: (s) => make('span.whole', {}, s.sku) },
  { title: 'spike.shop', cell: (s) => s.shop },
  { title: 'spike.broadcast', cell: (s) => s.broadcast ?? t('spike.none') },
  { title: 'spike.onset', cell: (s) => timeElement(s.onset) },
  { title: 'spike.detected', cell: (s) => timeElement(s.detectedAt) },
  { title: 'spike.orders', number: true, cell: (s) => number(s.orders) },
  { title: 'spike.expected', number: true, cell: (s) => number(s.expectedOrders, 2) },
  { title: 'spike.ratio', number: true, cell: (s) => `×${number(s.ratio)}` },
  { title: 'spike.state', cell: (s) => (s.endedAt === null ? chip('waits', t('spike.open')) : t('spike.ended', { time: moment(s.endedAt) })) },
];

const STATUS_MARKS = { sent: 'under-way', accepted: 'under-way', countered: 'waits', applied: 'good', confirmed: 'good', rejected: 'bad', expired: 'bad' };
const DELIVERY_MARKS = { delivered: 'good', waiting: 'under-way', exhausted: 'bad', gone: 'bad', 'no-endpoint': 'bad' };
const ORDER_MARKS = { confirmed: 'good', 'in-production': 'good', shipped: 'good', received: 'good', proposed: 'under-way', 'on-hold': 'waits', cancelled: 'bad' };

const signalColumns = () => [
  ...(isFactory() ? [] : [{ title: 'signal.supplier', head: true, cell: (s) => make('span.whole', {}, s.supplier) }]),
  { title: 'signal.kind', head: isFactory(), cell: (s) => [word('kind', s.kind), make('span.small', {}, t('signal.issued', { time: moment(s.createdAt) }))] },
  { title: 'signal.version', number: true, cell: (s) => number(s.version) },
  { title: 'signal.commitment', cell: (s) => word('commitment', s.commitment) },
  { title: 'signal.status', cell: (s) => [chip(STATUS_MARKS[s.status] ?? '', word('status', s.status)), s.status === 'sent' && s.respondBy !== null && make('span.small', {}, t('signal.answer-by', { time: moment(s.respondBy) }))] },
  { title: 'signal.lines', cell: (s) => [signalLines(s), counterOf(s)] },
  { title: 'signal.delivery', cell: (s) => deliveryOf(s.delivery) },
  { title: 'signal.actions', cell: (s) => make('div.actions', {}, signalActions(s)) },
];

const lineName = (l) => [make('strong', {}, l.sku), make('span.quiet', {}, `${l.colour} ${l.size} `)];
const OPEN = ['sent', 'accepted', 'countered'];

const signalLines = (s) => make('ul.lines', {}, s.lines.map((l) => make('li', {},
  lineName(l),
  make('span.units', {}, change(number(l.quantityBefore), number(l.quantity))), t('comma'),
  make('span.day', {}, `${t('line.due')} `, change(l.dueBefore === undefined ? undefined : day(l.dueBefore), day(l.due))),
  l.later.p90 > 0 && OPEN.includes(s.status) && make('span.small', {}, t('line.later', { p50: l.later.p50, p90: l.later.p90 })))));

const splitText = (splits) => splits.map((x) => t('answer.split', { n: x.quantity, date: day(x.date) })).join(' + ');

/** What the factory offered instead, line by line. */
function counterOf(s) {
  if (s.reply === null) return undefined;
  const note = s.reply.note !== undefined && make('div', {}, t('answer.note', { note: s.reply.note }));
  if (s.reply.verdict !== 'counter') return note && make('div.answer.past', {}, note);
  const answers = s.lines.map((l) => {
    const a = (s.reply.lines ?? []).find((x) => x.lineId === l.lineId);
    const says = a === undefined ? t('answer.unnamed')
      : a.verdict !== 'counter' ? t(`answer.${a.verdict}`)
        : [
            ...(a.splits?.length > 0 ? [splitText(a.splits)] : []),
            ...(a.substituteSku === undefined ? [] : [t('answer.substitute', { sku: a.substituteSku })]),
            ...(a.surcharge === undefined ? [] : [t('answer.surcharge', { amount: money(a.surcharge, l.currency) })]),
          ].join(t('comma'));
    return make('li', {}, `${l.sku}: ${says}`, a?.note !== undefined && make('div', {}, t('answer.note', { note: a.note })));
  });
  return make(s.status === 'countered' ? 'div.answer' : 'div.answer.past', {}, t('answer.title'), make('ul', {}, answers), note);
}

function deliveryOf(d) {
  if (d === null) return t('delivery.none');
  const more = [t('delivery.attempts', { n: d.attempts }), ...(d.lastStatus === null ? [] : [t('delivery.last', { status: String(d.lastStatus) })]), ...(d.state === 'waiting' && d.nextAt !== null ? [t('delivery.next', { time: timeOfDay(d.nextAt) })] : [])];
  return [chip(DELIVERY_MARKS[d.state] ?? '', word('delivery', d.state)), make('span.small', {}, more.join(t('comma')))];
}

/** Spoken names of buttons say which row they are for. */
const labelFor = (s, action) => t('for', { action: t(action), kind: word('kind', s.kind), supplier: s.supplier, version: s.version });

/** A heads-up that asks for more: the merchant may order it now. */
const isHeadsUp = (s) => !isFactory() && s.commitment !== 'firm' && OPEN.includes(s.status) && (s.kind === 'create' || s.kind === 'increase');

function signalActions(s) {
  const act = (action, onclick, kind) => button(action, t(action), labelFor(s, action), onclick, kind);
  const actions = [act('why', () => void showReasons(s.evidence.assessment ?? null, s))];
  if (isFactory() && s.status === 'sent') {
    actions.push(
      act('accept', () => confirmAnswer(s, 'accept', t(s.commitment === 'firm' ? 'ask.accept.firm' : 'ask.accept.other', { commitment: word('commitment', s.commitment) })), '.primary'),
      act('counter', () => counterForm(s)),
      act('reject', () => confirmAnswer(s, 'reject', t('ask.reject')), '.danger'));
  }
  if (isHeadsUp(s)) actions.push(act('commit', () => void commitForm(s), '.primary'));
  if (!isFactory() && s.status === 'countered') {
    if (s.commitment === 'firm') actions.push(act('accept-counter', () => confirmDecision(s, 'accept-counter', 'accept'), '.primary'));
    actions.push(act('withdraw', () => confirmDecision(s, 'withdraw', 'withdraw'), '.danger'));
    if (s.commitment !== 'firm') actions.push(make('span.small', {}, t('heads-up')));
  }
  return actions;
}

const orderColumns = () => [
  { title: 'order.id', head: true, cell: (o) => make('code', {}, o.id) },
  ...(isFactory() ? [] : [{ title: 'order.supplier', cell: (o) => make('span.whole', {}, o.supplier) }]),
  { title: 'order.status', cell: (o) => chip(ORDER_MARKS[o.status] ?? '', word('order-status', o.status)) },
  { title: 'order.version', number: true, cell: (o) => number(o.version) },
  { title: 'order.created', cell: (o) => timeElement(o.createdAt) },
  { title: 'order.confirmed', cell: (o) => (o.confirmedAt === null ? t('order.never') : timeElement(o.confirmedAt)) },
  { title: 'order.lines', cell: (o) => (o.lines.length === 0 ? t('line.none') : make('ul.lines', {}, o.lines.map((l) => make('li', {},
    make('strong', {}, l.sku), l.splits.length > 1 && `${t('line.units', { n: l.quantity })}: `, splitText(l.splits),
    (l.produced > 0 || l.received > 0) && make('span.small', {}, t('order.made', { produced: l.produced, received: l.received })))))) },
];

const DEAD_COLUMNS = [
  { title: 'dead.job', head: true, cell: (d) => make('code', {}, d.job) },
  { title: 'dead.cause', cell: (d) => (d.cause === null ? t('dead.unknown') : english(d.cause)) },
  { title: 'dead.attempts', number: true, cell: (d) => number(d.attempts) },
  { title: 'dead.buried', cell: (d) => (d.buriedAt === null ? t('dead.unknown') : timeElement(d.buriedAt)) },
  { title: 'dead.actions', cell: (d) => button('redrive', t('dead.redrive'), `${t('dead.redrive')}: ${d.job} ${d.id}`, () => void act(async () => {
    await call('POST', `v1/dead-letters/${encodeURIComponent(d.id)}/redrive`);
    return t('done.redrive');
  }, 'dead', 'figures')) },
];

const QUARANTINE_COLUMNS = [
  { title: 'quarantine.event', head: true, cell: (q) => make('code', {}, q.eventId) },
  { title: 'quarantine.shop', cell: (q) => q.shop },
  { title: 'quarantine.reason', cell: (q) => [english(q.reason), typeof q.event.sku === 'string' && make('span.small', {}, q.event.sku)] },
  { title: 'quarantine.received', cell: (q) => timeElement(q.receivedAt) },
];

byId('quarantine-redrive').addEventListener('click', () => void act(async () => {
  const answer = await call('POST', 'v1/quarantine/redrive', {});
  return t('done.redriven', { n: answer.redriven, left: answer.remaining });
}, 'quarantine', 'figures'));

/** Does something outside a dialog: says that it was done, or why not. */
async function act(work, ...sections) {
  byId('trouble').hidden = true;
  showNotice('');
  try {
    showNotice(await work());
  } catch (problem) {
    showTrouble(byId('trouble'), problem);
  }
  readAgain(...sections);
}

// ---- Dialogs ----

const dialog = byId('dialog');

function showDialog(title, ...content) {
  const heading = make('h2', { id: 'dialog-title', tabindex: -1 }, title);
  dialog.replaceChildren(heading, ...content);
  if (!dialog.open) dialog.showModal();
  heading.focus();
}

const closeButton = (text) => make('button', { type: 'button', onclick: () => dialog.close() }, text);

/** A form that does one thing: closes where it worked, says why where it did not. */
function askInDialog(title, content, submitText, done, work, kind = '.primary') {
  const trouble = make('p.trouble', { role: 'alert', hidden: true });
  const submit = make(`button${kind}`, { type: 'submit' }, submitText);
  const form = make('form', {}, ...content, trouble, make('div.buttons', {}, closeButton(t('cancel')), submit));
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    trouble.hidden = true;
    submit.disabled = true;
    submit.textContent = t('busy');
    work(form).then(
      () => {
        dialog.close();
        showNotice(done);
      },
      (problem) => {
        if (!(problem instanceof Problem)) console.error(problem);
        submit.disabled = false;
        submit.textContent = submitText;
        showTrouble(trouble, problem);
      },
    ).finally(() => readAgain('signals', 'orders', 'figures'));
  });
  showNotice('');
  showDialog(title, form);
}

const reply = (s, body) => call('POST', `v1/signals/${encodeURIComponent(s.id)}/reply`, { version: s.version, ...body });

const confirmAnswer = (s, verdict, question) =>
  askInDialog(labelFor(s, verdict), [make('p', {}, question), signalLines(s)], t(verdict), t(`done.${verdict}`), () => reply(s, { verdict }), verdict === 'reject' ? '.danger' : '.primary');

const confirmDecision = (s, action, verdict) =>
  askInDialog(labelFor(s, action), [make('p', {}, t(`ask.${action}`, { supplier: s.supplier })), signalLines(s), counterOf(s)], t(action), t(`done.${action}`),
    () => call('POST', `v1/signals/${encodeURIComponent(s.id)}/decision`, { version: s.version, verdict }), verdict === 'withdraw' ? '.danger' : '.primary');

let fields = 0;
function field(label, control) {
  control.id = `field-${++fields}`;
  return make('div.field', {}, make('label', { for: control.id }, label), control);
}

function counterForm(s) {
  const lines = s.lines.map((l) => {
    const splits = make('div', {});
    const addSplit = (quantity, date) => {
      const row = make('div.split', {},
        field(t('counter.units'), make('input', { type: 'number', name: 'quantity', min: 1, max: 100_000_000, step: 1, required: true, value: quantity })),
        field(t('counter.date'), make('input', { type: 'date', name: 'date', required: true, value: date })),
        make('button', { type: 'button', onclick: () => { if (splits.children.length > 1) row.remove(); } }, t('counter.remove')));
      splits.append(row);
      return row;
    };
    addSplit(l.quantity, l.due);
    const add = make('button', { type: 'button', onclick: () => addSplit(undefined, l.due).querySelector('input').focus() }, t('counter.add'));
    const offer = make('fieldset', { class: 'offer' }, splits, make('div', {}, add));
    const verdict = make('select', { onchange: () => { offer.hidden = offer.disabled = verdict.value !== 'counter'; } }, ['counter', 'accept', 'reject'].map((v) => make('option', { value: v }, word('verdict', v))));
    offer.setAttribute('aria-label', `${l.sku}, ${word('verdict', 'counter')}`);
    return {
      element: make('fieldset', {}, make('legend', {}, l.sku),
        make('div', {}, `${l.colour} ${l.size}: `, change(number(l.quantityBefore), number(l.quantity)), t('comma'), `${t('line.due')} `, change(l.dueBefore === undefined ? undefined : day(l.dueBefore), day(l.due))),
        field(t('counter.answer'), verdict), offer),
      answer: () => ({
        lineId: l.lineId, verdict: verdict.value,
        ...(verdict.value === 'counter' ? { splits: [...splits.children].map((row) => ({ quantity: Number(row.querySelector('[name=quantity]').value), date: row.querySelector('[name=date]').value })) } : {}),
      }),
    };
  });
  const note = make('textarea', { maxlength: 1000, rows: 2 });
  askInDialog(labelFor(s, 'counter'), [make('p', {}, t('ask.counter')), ...lines.map((l) => l.element), field(t('counter.note'), note)], t('counter.submit'), t('done.counter'), () =>
    reply(s, { verdict: 'counter', lines: lines.map((l) => l.answer()), ...(note.value.trim() === '' ? {} : { note: note.value.trim() }) }));
}

/** Shows what a heads-up would commit to, takes fewer units per line, and orders it. */
async function commitForm(s) {
  const state = make('p.state', { role: 'status' }, t('loading'));
  showDialog(labelFor(s, 'commit'), state, make('div.buttons', {}, closeButton(t('close'))));
  let p;
  try {
    p = await call('GET', `v1/signals/${encodeURIComponent(s.id)}/commitment`);
  } catch (problem) {
    if (!(problem instanceof Problem)) console.error(problem);
    if (dialog.contains(state)) showTrouble(state, problem, t('error.load'));
    return;
  }
  if (!dialog.contains(state)) return;
  const inputs = p.lines.map((l) => make('input', { type: 'number', min: 0, max: l.quantity - l.quantityBefore, step: 1, required: true, value: l.quantity - l.quantityBefore }));
  const unitsOf = (i) => Math.max(0, Math.floor(Number(inputs[i].value) || 0));
  /** Of the units that are not sold yet: what they cost less what they bring left over. */
  const riskOf = (l, i) => Math.max(0, unitsOf(i) - l.committedNeed) * Math.max(0, l.unitCost - l.salvage);
  const total = make('p.at-risk', { role: 'status' });
  const parts = p.lines.map(() => make('span.small', {}));
  const sum = () => {
    const by = new Map();
    p.lines.forEach((l, i) => {
      parts[i].textContent = t('commit.line-risk', { n: Math.max(0, unitsOf(i) - l.committedNeed), money: money(riskOf(l, i), l.currency) });
      by.set(l.currency, (by.get(l.currency) ?? 0) + riskOf(l, i));
    });
    total.textContent = t('commit.risk', { n: p.lines.reduce((units, _, i) => units + unitsOf(i), 0), money: [...by].map(([currency, amount]) => money(amount, currency)).join(t('comma')) });
  };
  inputs.forEach((input) => input.addEventListener('input', sum));
  sum();
  askInDialog(labelFor(s, 'commit'), [
    make('p', {}, t('ask.commit', { supplier: s.supplier })),
    ...p.lines.map((l, i) => make('fieldset', {}, make('legend', {}, l.sku),
      facts([
        ['commit.sold', number(l.committedNeed)], ['commit.more', `${number(l.later.p50)}, ${number(l.later.p90)}`], ['commit.before', l.quantityBefore > 0 ? number(l.quantityBefore) : undefined],
        ['commit.unit-cost', `${money(l.unitCost, l.currency)}, ${money(l.salvage, l.currency)}`], ['line.due', day(l.due)],
      ]),
      field(t('commit.units'), inputs[i]), parts[i])),
    make('p.small', {}, t(p.moq > 0 ? 'commit.terms' : 'commit.lots', { moq: p.moq, lot: p.lotMultiple })),
    total,
  ], t('commit.submit'), t('done.commit'), () =>
    call('POST', `v1/signals/${encodeURIComponent(s.id)}/decision`, { version: p.version, verdict: 'commit', lines: p.lines.map((l, i) => ({ lineId: l.lineId, quantity: l.quantityBefore + unitsOf(i) })) }));
}

const facts = (entries) => make('dl.facts', {}, entries.filter(([, value]) => value !== undefined && value !== null).map(([key, value]) => make('div', {}, make('dt', {}, t(key)), make('dd', {}, value))));

function evidenceOf(s) {
  const e = s.evidence;
  const owners = Object.entries(s.liability).map(([stage, owner]) => lookUp(`evidence.of.${stage}`, { owner: word('owner', owner) }) ?? `${stage}: ${owner}`);
  return [
    make('h3', {}, t('reasons.signal')),
    facts([
      ['evidence.signal', make('code', {}, s.id)], ['evidence.order', make('code', {}, s.productionOrder)], ['evidence.broadcast', e.broadcast], ['evidence.anchor', e.anchor],
      ...['gross', 'paid', 'cancelled', 'open'].map((name) => [`evidence.${name}`, typeof e[name] === 'number' ? number(e[name]) : undefined]),
      ['evidence.liability', owners.join(t('comma'))],
    ]),
    typeof e.reason === 'string' && make('p', {}, english(e.reason)),
  ].filter(Boolean);
}

/** Why a quantity was decided: the figures and reasons of one assessment, and what the factory was told, where it is about a signal. */
async function showReasons(assessment, s) {
  const told = s === undefined ? [] : evidenceOf(s);
  const buttons = make('div.buttons', {}, closeButton(t('close')));
  const name = s === undefined ? '…' : s.lines.map((l) => l.sku).join(', ');
  const state = make('p.state', { role: 'status' }, assessment === null ? t('reasons.none') : t('loading'));
  showDialog(t('reasons.title', { sku: name }), state, ...told, buttons);
  if (assessment === null) return;
  try {
    const a = await call('GET', `v1/assessments/${encodeURIComponent(assessment)}`);
    if (!dialog.contains(state)) return;
    const { 0.5: p50, 0.9: p90 } = a.expectedMore.quantiles;
    showDialog(t('reasons.title', { sku: a.sku }),
      make('h3', {}, t('reasons.figures')),
      facts([
        ['reason.at', timeElement(a.at)], ['reason.supplier', a.supplier], ['reason.open', number(a.open)], ['reason.held', number(a.held)], ['reason.cancellationToCome', percent(a.cancellationToCome)],
        ['reason.stock', number(a.stock)], ['reason.productionDue', number(a.productionDue)], ['reason.committedNeed', number(a.committedNeed)],
        ['reason.more', p50 === undefined || p90 === undefined ? undefined : `${number(p50)}, ${number(p90)}`],
        ['reason.recommended', a.recommended === null ? t('reason.undecided') : number(a.recommended)], ['reason.firm', number(a.firm)], ['reason.surplus', number(a.surplus)],
      ]),
      make('h3', {}, t('reasons.text')),
      make('ul.reasons', { lang: 'en' }, a.reasons.map((reason) => make('li', {}, reason))),
      ...told, buttons);
  } catch (problem) {
    if (!(problem instanceof Problem)) console.error(problem);
    if (dialog.contains(state)) showTrouble(state, problem, t('error.load'));
  }
}

// ---- Shops ----

SECTIONS.shops = shopsSection({ t, word, number, make, chip, button, timeElement, english, call, readAll, act, field, askInDialog, showDialog, closeButton, drawTable, byId, readAgain });
const ALL = Object.keys(SECTIONS);

// ---- The event stream ----

/** A file may change thousands at once. */
const NAMED_SKUS = 8;
const skusNamed = (skus) => (skus.length <= NAMED_SKUS ? skus.join(t('comma')) : t('feed.skus.many', { n: skus.length }));

const describe = {
  'orders.events-recorded': (d) => t('feed.orders', d),
  'forecast.spike-detected': (d) => t('feed.spike', { ...d, expected: number(d.expectedOrders, 2) }),
  'forecast.need-changed': (d) => t('feed.need', d),
  'production.signal-issued': (d) => t('feed.issued', inWords(d)),
  'production.signal-answered': (d) => t('feed.answered', inWords(d)),
  'production.adjustment-applied': (d) => t('feed.applied', inWords(d)),
  'production.adjustment-ended': (d) => t('feed.ended', inWords(d)),
  'production.progress-reported': (d) => t('feed.progress', { ...d, stage: word('stage', d.stage) }),
  'production.lot-received': (d) => t('feed.received', d),
  'inventory.stock-changed': (d) => t('feed.stock', { cause: word('cause', d.cause), skus: skusNamed(d.skus) }),
  'returns.cases-recorded': (d) => t('feed.cases', d),
  'returns.goods-received': (d) => t('feed.returned', d),
  'returns.goods-inspected': (d) => t('feed.inspected', d),
  'production.sample-requested': (d) => t('feed.sample', { ...d, kind: word('sample', d.kind) }),
  'production.sample-moved': (d) => t('feed.sample.moved', { ...d, kind: word('sample', d.kind), status: word('sampleStatus', d.status) }),
  'production.sample-cleared': (d) => t('feed.sample.cleared', d),
  'returns.alarm-raised': (d) => t('feed.alarm', { ...d, skus: d.skus.join(t('comma')) }),
  'returns.alarm-closed': (d) => t('feed.alarm.closed', { ...d, status: word('alarm', d.status) }),
  'accountability.responsibility-proposed': (d) => t('feed.judged', { ...d, parties: d.parties.map((p) => word('party', p)).join(t('comma')) }),
  'accountability.decision-awaited': (d) => t(d.reason === 'goods-came' ? 'feed.goods-came' : 'feed.nothing-lost', d),
  'accountability.chargeback-notified': (d) => t('feed.charged', { ...d, who: d.supplier ?? word('party', d.party), money: money(d.amount, d.currency) }),
  'accountability.chargeback-moved': (d) => t('feed.chargeback', { ...d, who: d.supplier ?? word('party', d.party), money: money(d.amount, d.currency), status: word('chargeback', d.status) }),
  'connectors.delivery-failed': (d) => t('feed.undelivered', d),
  'catalogue.skus-added': (d) => t('feed.skus', { n: d.skus.length }),
  'catalogue.terms-changed': (d) => t('feed.terms', { skus: skusNamed(d.skus) }),
};
const FEED_MARKS = {
  'forecast.spike-detected': 'spike', 'production.adjustment-applied': 'good', 'production.lot-received': 'good', 'production.adjustment-ended': 'bad', 'connectors.delivery-failed': 'bad',
  'returns.alarm-raised': 'bad', 'production.sample-cleared': 'good',
};
/** Which sections an event makes stale, by the first part of its name. */
const MAKES_STALE = {
  orders: ['figures', 'quarantine', 'shops'], forecast: ['figures', 'spikes'], production: ['figures', 'signals', 'orders'], connectors: ['figures', 'signals', 'shops'], catalogue: ['figures', 'quarantine'],
};

const inWords = (d) => ({ ...d, kind: word('kind', d.kind), commitment: word('commitment', d.commitment), verdict: word('verdict', d.verdict), status: word('status', d.status) });

let feed = [];
let feedPaused = false;
let stream;
let lastEvent;
let again;

function feedEntry(entry) {
  const lines = entry.name === 'forecast.need-changed' ? entry.data.groups.flatMap((g) => g.lines) : [];
  const needs = lines.length > 0
    ? make('div', {}, lines.map((l) => make('button.link', { type: 'button', 'aria-label': t('feed.need.reasons', l), onclick: () => void showReasons(l.assessment) }, t('feed.need.line', l))))
    : undefined;
  entry.element = make(`li${FEED_MARKS[entry.name] === undefined ? '' : `.${FEED_MARKS[entry.name]}`}`, {}, timeElement(entry.at, timeOfDay(entry.at, true)), make('span', {}, describe[entry.name](entry.data)), needs);
  return entry.element;
}

function drawFeed() {
  if (!feedPaused) byId('feed').replaceChildren(...feed.map(feedEntry));
  drawFeedState();
}

function drawFeedState() {
  byId('feed-state').textContent = feed.length === 0 ? t('feed.empty') : '';
  byId('feed-log').hidden = feed.length === 0;
  byId('feed-pause').textContent = t(feedPaused ? 'feed.go-on' : 'feed.pause');
  const live = stream?.readyState === EventSource.OPEN;
  byId('connection').textContent = t(feedPaused ? 'feed.paused' : live ? 'feed.live' : 'feed.connecting');
  byId('connection').classList.toggle('live', live && !feedPaused);
}

function arrived(name, data) {
  const { at } = data;
  const [last] = feed;
  if (name === 'orders.events-recorded' && last?.name === name && last.data.shop === data.shop) {
    // Batches of one shop in a row are one entry that counts on, so that orders do not push all else out.
    last.data = { ...data, events: last.data.events + data.events };
    last.at = at;
    const old = last.element;
    if (!feedPaused && old !== undefined) {
      old.children[0].replaceWith(timeElement(at, timeOfDay(at, true)));
      old.children[1].textContent = describe[name](last.data);
    }
    return;
  }
  const entry = { name, at, data };
  feed.unshift(entry);
  feed.length = Math.min(feed.length, FEED);
  if (!feedPaused) {
    byId('feed').prepend(feedEntry(entry));
    while (byId('feed').children.length > FEED) byId('feed').lastElementChild.remove();
  }
  drawFeedState();
}

function openStream() {
  closeStream();
  if (session === undefined || document.hidden) return;
  const source = new EventSource(`v1/stream${lastEvent === undefined ? '' : `?after=${encodeURIComponent(lastEvent)}`}`);
  stream = source;
  for (const name of Object.keys(describe)) {
    source.addEventListener(name, (event) => {
      lastEvent = event.lastEventId;
      arrived(name, JSON.parse(event.data));
      readAgain(...(MAKES_STALE[name.split('.')[0]] ?? []));
    });
  }
  source.addEventListener('open', () => {
    drawFeedState();
    readAgain(...ALL);
  });
  source.addEventListener('error', () => {
    drawFeedState();
    if (source.readyState !== EventSource.CLOSED || source !== stream) return;
    // Refused, not interrupted: the browser does not try again. Reading the session tells whether it has ended.
    again = setTimeout(() => {
      call('GET', 'v1/session').then(openStream, openStreamLater);
    }, 5_000);
  });
}

const openStreamLater = () => {
  if (session !== undefined) again = setTimeout(openStream, 5_000);
};

function closeStream() {
  clearTimeout(again);
  stream?.close();
  stream = undefined;
}

byId('feed-pause').addEventListener('click', () => {
  feedPaused = !feedPaused;
  drawFeed();
});

// A page that nobody looks at neither reads nor keeps a connection; it catches up where it stopped.
document.addEventListener('visibilitychange', () => {
  if (session === undefined || byId('desk').hidden) return;
  if (document.hidden) return closeStream();
  followSession().then((changed) => {
    if (changed || session === undefined) return;
    openStream();
    readAgain(...ALL);
  }, openStreamLater);
});

// ---- Log-in and the page as a whole ----

function enter(given) {
  session = given;
  states = {};
  stale.clear();
  drawn.clear();
  feed = [];
  feedPaused = false;
  lastEvent = undefined;
  signalStatus = '';
  shops.at = 0;
  for (const name of ALL.flatMap((n) => [n, ...(SECTIONS[n].also ?? [])])) byId(name).replaceChildren();
  byId('feed').replaceChildren();
  showNotice('');
  byId('trouble').hidden = true;
  if (dialog.open) dialog.close();
  const known = ALL.some(isMine);
  byId('starting').hidden = true;
  byId('log-in').hidden = session !== undefined;
  byId('who').hidden = session === undefined;
  byId('desk').hidden = !known;
  byId('elsewhere').hidden = session === undefined || known;
  byId('queues').hidden = !isMine('dead');
  for (const section of document.querySelectorAll('[data-section]')) {
    const name = section.dataset.section;
    // These two are shown where there is something in them.
    section.hidden = name !== 'feed' && (!isMine(name === 'busiest' ? 'figures' : name) || name === 'dead' || name === 'quarantine');
  }
  document.querySelector('.columns').classList.toggle('with-feed', known);
  drawPage();
  if (!known) {
    closeStream();
    return;
  }
  openStream();
  lastRead = 0;
  readAgain(...ALL);
}

function logOutHere(reason) {
  closeStream();
  enter(undefined);
  byId('password').value = '';
  const error = byId('log-in-error');
  error.hidden = reason === undefined;
  error.textContent = reason === undefined ? '' : t(reason);
  byId('name').focus();
}

/** Everything that depends on the language. */
function drawPage() {
  document.documentElement.lang = LANGUAGES[language].tag;
  document.title = t('title');
  for (const element of document.querySelectorAll('[data-text]')) element.textContent = t(element.dataset.text);
  for (const element of document.querySelectorAll('[data-label]')) if (element.closest('table') === null) element.setAttribute('aria-label', t(element.dataset.label));
  for (const choice of byId('languages').children) choice.setAttribute('aria-pressed', String(choice.dataset.language === language));
  byId('time-zone').textContent = t('time-zone', { zone: Intl.DateTimeFormat().resolvedOptions().timeZone });
  if (session === undefined) return;
  const supplier = session.bindings.find((b) => b.kind === 'supplier')?.id ?? '';
  byId('who-name').textContent = t('logged-in-as', { name: session.name, role: word('role', session.role) });
  byId('elsewhere-text').textContent = lookUp(`elsewhere.${session.role}`, {}) ?? '';
  byId('signals-title').textContent = t(isFactory() ? 'signals.title.factory' : 'signals.title', { supplier });
  byId('orders-title').textContent = t(isFactory() ? 'orders.title.factory' : 'orders.title', { supplier });
  byId('signals-filter').replaceChildren(make('option', { value: '' }, t('signals.filter.all')), ...STATUSES.map((status) => make('option', { value: status }, word('status', status))));
  byId('signals-filter').value = signalStatus;
  for (const name of ALL) if (isMine(name)) draw(name);
  drawFeed();
}

byId('signals-filter').addEventListener('change', (event) => {
  signalStatus = event.target.value;
  states.signals = { rows: ROWS, asked: states.signals?.asked };
  byId('signals').replaceChildren();
  drawn.delete('signals');
  draw('signals');
  void load('signals');
});

byId('languages').append(
  ...Object.entries(LANGUAGES).map(([id, { name, tag }]) =>
    make('button', { type: 'button', lang: tag, 'data-language': id, onclick: () => {
      language = id;
      remembered.set('castline.language', id);
      if (dialog.open) dialog.close();
      showNotice('');
      byId('log-in-error').hidden = true;
      drawPage();
    } }, name)),
);

byId('log-in-form').addEventListener('submit', (event) => {
  event.preventDefault();
  const submit = byId('log-in-submit');
  const error = byId('log-in-error');
  error.hidden = true;
  submit.disabled = true;
  submit.textContent = t('log-in.busy');
  request('POST', 'v1/session', { name: byId('name').value, password: byId('password').value })
    .then(
      (given) => {
        byId('password').value = '';
        enter(given);
        byId('main').focus();
      },
      (problem) => {
        showTrouble(error, problem);
        byId('password').select();
      },
    )
    .finally(() => {
      submit.disabled = false;
      submit.textContent = t('log-in.submit');
    });
});

byId('log-out').addEventListener('click', () => {
  call('DELETE', 'v1/session').then(() => logOutHere(), (problem) => {
    if (session !== undefined) showTrouble(byId('trouble'), problem);
  });
});

async function start() {
  drawPage();
  try {
    enter(await request('GET', 'v1/session'));
  } catch (problem) {
    if (problem.status === 401) return enter(undefined);
    // Without an answer there is nothing to show but that; it is tried again.
    byId('starting').hidden = true;
    showTrouble(byId('trouble'), problem);
    setTimeout(() => void start(), 5_000);
  }
  return undefined;
}

await start();
