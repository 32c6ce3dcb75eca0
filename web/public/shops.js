// The shops of the status page: how each connection is, connecting one, and naming codes that nobody knows. What it needs of the
// page is handed to it.
const MARKS = { connected: 'good', paused: 'waits', failing: 'bad', deauthorised: 'bad' };

export function shopsSection({ t, word, number, make, chip, button, timeElement, english, call, readAll, act, field, askInDialog, showDialog, closeButton, drawTable, byId, readAgain }) {
  const path = (shop, rest = '') => `v1/shops/${encodeURIComponent(shop)}/connection${rest}`;

  const columns = [
    { title: 'shop.name', head: true, cell: (c) => [make('span.whole', {}, c.shop), make('span.small', {}, c.platform)] },
    { title: 'shop.state', cell: (c) => [chip(MARKS[c.status] ?? '', word('connection', c.status)), c.account !== null && make('span.small', {}, c.account)] },
    { title: 'shop.last', cell: (c) => (c.lastEventAt === null ? t('shop.never') : timeElement(c.lastEventAt)) },
    { title: 'shop.waiting', number: true, cell: (c) => [number(c.waiting), c.lagSeconds > 0 && make('span.small', {}, t('shop.lag', { n: c.lagSeconds }))] },
    { title: 'shop.aside', number: true, cell: (c) => [number(c.quarantined), c.refused > 0 && make('span.small', {}, t('shop.refused', { n: c.refused }))] },
    { title: 'shop.fault', cell: (c) => (c.lastFault === null ? t('shop.none') : [english(c.lastFault), c.lastFaultAt !== null && make('span.small', {}, timeElement(c.lastFaultAt))]) },
    { title: 'shop.actions', cell: (c) => make('div.actions', {}, actions(c)) },
  ];

  const spoken = (c, action) => `${t(action)}: ${c.shop}`;
  const does = (c, action, rest, done, body) => button(action, t(action), spoken(c, action), () => void act(async () => {
    const answer = await call('POST', path(c.shop, rest), body);
    return done(answer);
  }, 'shops'));

  function actions(c) {
    return [
      does(c, 'shop.test', '/test', (a) => (a.ok ? t('shop.tested', { shop: c.shop, account: a.account ?? '' }) : t('shop.test-failed', { shop: c.shop, fault: a.fault ?? '' }))),
      c.status === 'paused' ? does(c, 'shop.resume', '/resume', () => t('shop.resumed', { shop: c.shop })) : does(c, 'shop.pause', '/pause', () => t('shop.paused', { shop: c.shop })),
      c.feeds.length > 0 && does(c, 'shop.pull', '/pull', () => t('shop.pulled', { shop: c.shop }), {}),
      c.unmappedCodes > 0 && button('shop.codes', t('shop.codes', { n: c.unmappedCodes }), spoken(c, 'shop.codes.title'), () => void showCodes(c.shop), '.primary'),
    ].filter(Boolean);
  }

  /** Codes that nobody knows, each with what it most resembles; naming one takes in what waited for it. */
  async function showCodes(shop) {
    const buttons = make('div.buttons', {}, closeButton(t('close')));
    const title = t('shop.codes.of', { shop });
    showDialog(title, make('p.state', { role: 'status' }, t('loading')), buttons);
    const { items } = await call('GET', `v1/shops/${encodeURIComponent(shop)}/unmapped-codes?limit=50`);
    const rows = items.map((u) => {
      const sku = make('input', { maxlength: 128, required: true, value: u.suggestions[0]?.sku ?? '' });
      const units = make('input', { type: 'number', min: 1, max: 1000, step: 1, value: 1, required: true });
      const trouble = make('p.trouble', { role: 'alert', hidden: true });
      const form = make('form', {}, make('h3', {}, u.code), make('p.quiet', {}, t('shop.code.met', { n: u.lines, kind: word('code', u.kind) }),
        u.suggestions.length > 0 && ` ${t('shop.code.like', { skus: u.suggestions.map((s) => s.sku).join(t('comma')) })}`),
      make('div.split', {}, field(t('shop.code.sku'), sku), field(t('shop.code.units'), units), make('button.primary', { type: 'submit' }, t('shop.code.map'))), trouble);
      form.addEventListener('submit', (event) => {
        event.preventDefault();
        call('PUT', `v1/shops/${encodeURIComponent(shop)}/sku-mappings`, { code: u.code, components: [{ sku: sku.value.trim(), quantity: Number(units.value) }] }).then(
          (answer) => {
            form.replaceChildren(make('p', { role: 'status' }, t('shop.code.mapped', { code: u.code, sku: sku.value.trim(), n: answer.redriven })));
            readAgain('shops', 'figures');
          },
          (problem) => {
            trouble.replaceChildren(english(problem.message));
            trouble.hidden = false;
          },
        );
      });
      return form;
    });
    showDialog(title, make('p', {}, t(items.length === 0 ? 'shop.codes.none' : 'shop.codes.about')), ...rows, buttons);
  }

  async function connect() {
    const [{ items: platforms }, { items: shops }, { items: connections }] = await Promise.all([call('GET', 'v1/platforms'), readAll('v1/shops'), readAll('v1/connections')]);
    const connected = new Map(connections.map((c) => [c.shop, c.platform]));
    const shop = make('select', { required: true, onchange: drawShop }, shops.map((s) => make('option', { value: s.id }, s.id)));
    const fields = make('div', {});
    const platform = make('select', { onchange: drawFields }, platforms.map((p) => make('option', { value: p.name }, p.title)));
    let inputs = [];
    function drawFields() {
      const chosen = platforms.find((p) => p.name === platform.value);
      inputs = [...chosen.credentials.map((f) => ({ ...f, of: 'credentials' })), ...chosen.settings.map((f) => ({ ...f, of: 'settings' }))].map((f) => {
        const input = make('input', { type: f.secret ? 'password' : 'text', autocomplete: 'off', spellcheck: 'false', maxlength: 4096, required: f.required && !connected.has(shop.value) });
        return { ...f, input, element: make('div', {}, field(f.name, input), make('p.quiet', { lang: 'en' }, f.about)) };
      });
      fields.replaceChildren(...inputs.map((f) => f.element));
    }
    /** A shop that is connected keeps its platform, and what is left empty. */
    function drawShop() {
      if (connected.has(shop.value)) platform.value = connected.get(shop.value);
      drawFields();
    }
    drawShop();
    askInDialog(t('shop.connect'), [make('p', {}, t(shops.length === 0 ? 'shop.connect.no-shop' : 'shop.connect.about')), field(t('shop.name'), shop), field(t('shop.platform'), platform), fields], t('shop.connect.submit'), t('shop.connected'), async () => {
      const given = (of) => Object.fromEntries(inputs.filter((f) => f.of === of && f.input.value !== '').map((f) => [f.name, f.input.value.trim()]));
      const answer = await call('PUT', path(shop.value), { platform: platform.value, credentials: given('credentials'), settings: given('settings') });
      readAgain('shops');
      // The address and a secret that was made are shown once, after the form has closed.
      setTimeout(() => showDialog(t('shop.connected'), make('p', {}, t('shop.register')), make('p', {}, make('code', {}, answer.webhookUrl ?? t('shop.no-address'))),
        ...Object.entries(answer.made ?? {}).flatMap(([name, value]) => [make('p', {}, t('shop.made', { name })), make('p', {}, make('code', {}, value))]), make('div.buttons', {}, closeButton(t('close')))));
    });
  }

  byId('shops-connect').addEventListener('click', () => void act(async () => {
    await connect();
    return '';
  }));

  return {
    roles: ['admin', 'operator'],
    read: () => readAll('v1/connections'),
    draw: ({ items }) => drawTable('shops', items.map((c) => ({ ...c, id: c.shop })), columns, t('shops.empty')),
  };
}
