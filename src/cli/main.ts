// Each command brings its own modules, so that help and wrong usage answer at once.
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { readFileSync } from 'node:fs';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };

const speedOf = (text: string): number => {
  if (text === 'max') return Infinity;
  const speed = Number(text);
  if (!(speed > 0) || !Number.isFinite(speed)) throw new InvalidArgumentError('must be max or a positive number such as 600');
  return speed;
};

const positive = (text: string): number => {
  const value = Number(text);
  if (!(value > 0) || !Number.isFinite(value)) throw new InvalidArgumentError('must be a positive number');
  return value;
};

const UNITS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `10s`, `15m`, `168h` or `55d` in milliseconds. */
const duration = (text: string): number => {
  const m = /^(\d{1,6})([smhd])$/.exec(text);
  if (m === null || Number(m[1]) === 0) throw new InvalidArgumentError('must be a time such as 10s, 15m, 168h or 55d');
  return Number(m[1]) * (UNITS[m[2] as string] as number);
};

const bucketOf = (text: string): number => {
  const ms = duration(text);
  if (900_000 % ms !== 0) throw new InvalidArgumentError('must divide a quarter of an hour, such as 5s, 10s or 1m');
  return ms;
};

const daysOf = (text: string): number => {
  const ms = duration(text);
  if (ms % 86_400_000 !== 0 || ms > 3650 * 86_400_000) throw new InvalidArgumentError('must be whole days, such as 180d');
  return ms;
};

const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})$/;

const instant = (text: string): number => {
  // Date.parse takes the 30th of February for the 2nd of March.
  const [year, month, day] = text.slice(0, 10).split('-').map(Number) as [number, number, number];
  const at = INSTANT.test(text) && day <= new Date(Date.UTC(year, month, 0)).getUTCDate() ? Date.parse(text) : NaN;
  if (Number.isNaN(at)) throw new InvalidArgumentError('must be a time as in RFC 3339 with an offset, such as 2026-11-22T20:15:00+08:00');
  return at;
};

const between0And1 = (text: string): number => {
  const value = Number(text);
  if (!(value > 0 && value < 1)) throw new InvalidArgumentError('must be between 0 and 1, such as 0.9');
  return value;
};

/** A moment, or `launch+7d`: so long after each SKU's first sale. */
const asOfOrLaunch = (text: string): { at: number } | { afterLaunchMs: number } => (text.startsWith('launch+') ? { afterLaunchMs: duration(text.slice('launch+'.length)) } : { at: instant(text) });

const levelsOf = (text: string): number[] => {
  const levels = text.split(',').map((part) => Number(part.trim() === '' ? NaN : part));
  if (!levels.every((level) => level > 0 && level < 1)) throw new InvalidArgumentError('must be numbers between 0 and 1, such as 0.05,0.5,0.95');
  return [...new Set(levels)].sort((a, b) => a - b);
};

const wholeFrom = (least: number) => (text: string): number => {
  const value = Number(text);
  if (!/^\d{1,10}$/.test(text) || value < least || value > 2 ** 32 - 1) throw new InvalidArgumentError(`must be a whole number from ${least}`);
  return value;
};

const onBadLine = (): Option => new Option('--on-error <what>', 'what a bad line does').choices(['stop', 'skip']).default('stop');

const program = new Command('castline')
  .description('Castline: order spikes become production signals, and every returned unit finds its cause.')
  .version(version)
  .exitOverride()
  .showHelpAfterError('(castline --help lists the commands)');

program.command('serve').description('start the service from environment variables (README lists them)').action(async () => (await import('./serve.js')).runServe());

program
  .command('demo')
  .description('start everything on this machine and replay a simulated live broadcast')
  .option('--once', 'end when the story is told: exit 0, or 1 with the reason')
  .action((options: { once?: boolean }) => import('./demo.js').then((demo) => demo.runDemo(options.once === true)));

program
  .command('import')
  .description('take files into the configured database; each file applies whole or not at all')
  .option('--catalogue <file>', 'CSV or NDJSON, .gz accepted, - is stdin')
  .option('--broadcasts <file>', 'the same')
  .option('--orders <file>', 'the same')
  .option('--returns <file>', 'the same')
  .addOption(new Option('--on-error <what>', 'what a bad line does').choices(['stop', 'skip']).default('stop'))
  .option('--json', 'print the answers as JSON')
  .action((options: { catalogue?: string; broadcasts?: string; orders?: string; returns?: string; onError: 'stop' | 'skip'; json?: boolean }) => import('./import.js').then((command) => command.runImport(options)));

program
  .command('replay')
  .description('run a file of past orders through the HTTP API of a service')
  .argument('<orders>', 'CSV or NDJSON, .gz accepted')
  .requiredOption('--to <url>', 'address of the service')
  .requiredOption('--key <key>', 'an API key of an admin or operator')
  .option('--broadcasts <file>')
  .option('--returns <file>', 'taken in whole once the orders are in')
  .option('--catalogue <file>', 'without it terms are derived, and said so')
  .option('--speed <speed>', 'event seconds per second, or max', speedOf, Infinity)
  .option('--signals', 'let factories really get the signals')
  .option('--from-start', 'send everything again (the service recognises repeats)')
  .option('--json', 'print the summary as JSON')
  .action((orders: string, options: { to: string; key: string; broadcasts?: string; returns?: string; catalogue?: string; speed: number; signals?: boolean; fromStart?: boolean; json?: boolean }) => import('./replay.js').then((command) => command.runReplay(orders, options)));

program
  .command('detect')
  .description('the spikes of a file of orders, as the service would have raised them; NDJSON on stdout, no server needed')
  .argument('<orders>', 'CSV or NDJSON, .gz accepted, - is stdin')
  .option('--false-alarms-per-1000-sku-hours <n>', 'false alarms allowed per 1,000 hours of one SKU', positive, 1)
  .addOption(new Option('--bucket <time>', 'length of a bin').argParser(bucketOf).default(10_000, '10s'))
  .addOption(onBadLine())
  .action((orders: string, options: { falseAlarmsPer1000SkuHours: number; bucket: number; onError: 'stop' | 'skip' }) => import('./detect.js').then((command) => command.runDetect(orders, options)));

program
  .command('return-rates')
  .description('how much of what was sold comes back in the end, from files; NDJSON on stdout, no server needed')
  .requiredOption('--orders <file>', 'CSV or NDJSON, .gz accepted, - is stdin')
  .requiredOption('--returns <file>', 'the same')
  .option('--catalogue <file>', 'the same; sizes come from it, and suppliers where orders name none')
  .requiredOption('--as-of <time>', 'the moment from which it is seen: nothing later is known', instant)
  .addOption(new Option('--by <key>', 'one line per value of this').choices(['sku', 'supplier', 'lot', 'anchor', 'broadcast', 'size', 'all']).makeOptionMandatory())
  .addOption(new Option('--horizon <days>', 'returns within so many days of their sale').argParser(daysOf).default(180 * 86_400_000, '180d'))
  .option('--level <p>', 'coverage of the intervals', between0And1, 0.9)
  .addOption(new Option('--kind <kind>', 'which loss').choices(['return', 'failed-delivery', 'refund-only']).default('return'))
  .addOption(onBadLine())
  .action((options: Parameters<typeof import('./return-rates.js').runReturnRates>[0]) => import('./return-rates.js').then((command) => command.runReturnRates(options)));

program
  .command('forecast')
  .description('net units per SKU over a horizon, with quantiles, from a file of orders; NDJSON on stdout, no server needed')
  .argument('<orders>', 'CSV or NDJSON, .gz accepted, - is stdin')
  .requiredOption('--as-of <time>', "a moment for all SKUs, or launch+7d: a week after each SKU's first sale", asOfOrLaunch)
  .requiredOption('--horizon <time>', 'how far, such as 55d', duration)
  .addOption(new Option('--levels <list>', 'levels of the quantiles').argParser(levelsOf).default([0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95], '0.05,0.1,0.25,0.5,0.75,0.9,0.95'))
  .addOption(onBadLine())
  .action((orders: string, options: Parameters<typeof import('./forecast.js').runForecast>[1]) => import('./forecast.js').then((command) => command.runForecast(orders, options)));

program
  .command('nowcast')
  .description('what running broadcasts will have sold of each SKU of their line-ups, with quantiles, from files; NDJSON on stdout, no server needed')
  .requiredOption('--history <file>', 'orders of the past: CSV or NDJSON, .gz accepted, - is stdin')
  .requiredOption('--live <file>', 'orders of the running broadcasts, the same; what is later than --at is ignored')
  .requiredOption('--broadcasts <file>', 'the same; broadcasts that only orders name teach too')
  .option('--catalogue <file>', 'the same; categories come from it')
  .requiredOption('--at <time>', 'the moment of the nowcast: nothing later is known', instant)
  .addOption(new Option('--levels <list>', 'levels of the quantiles').argParser(levelsOf).default([0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95], '0.05,0.1,0.25,0.5,0.75,0.9,0.95'))
  .addOption(onBadLine())
  .action((options: Parameters<typeof import('./nowcast.js').runNowcast>[0]) => import('./nowcast.js').then((command) => command.runNowcast(options)));

program
  .command('simulate')
  .description('write a simulated world: catalogue, broadcasts, orders, returns, how it was made and its truth; no server needed')
  .addOption(new Option('--world <name>', 'how arrivals come about (docs/backtest.md)').choices(['cluster', 'doubly-stochastic', 'pulsed', 'replayed']).makeOptionMandatory())
  .requiredOption('--seed <n>', 'the same seed gives the same world', wholeFrom(0))
  .addOption(new Option('--broadcasts <n>', 'how many').argParser(wholeFrom(1)).default(20))
  .requiredOption('--out <dir>', 'folder for the files; it is made')
  .option('--arrivals <orders>', 'for replayed: a file of real orders whose gaps are re-played')
  .action((options: Parameters<typeof import('./simulate.js').runSimulate>[0]) => import('./simulate.js').then((command) => command.runSimulate(options)));

const POLICIES = ['castline', 'none', 'naive', 'perfect-prior', 'oracle', 'castline-firm'];

const policiesOf = (text: string): string[] => {
  const names = [...new Set(text.split(',').map((name) => name.trim()))];
  const wrong = names.find((name) => !POLICIES.includes(name));
  if (wrong !== undefined) throw new InvalidArgumentError(`knows no policy ${wrong}; there are ${POLICIES.join(', ')}`);
  return names;
};

program
  .command('backtest')
  .description('what policies would have earned on a folder of files: catalogue and orders, and where they are there broadcasts, returns, assumptions.json, world.json')
  .argument('<dir>', 'CSV or NDJSON files, .gz accepted')
  .addOption(new Option('--policies <list>', 'which').argParser(policiesOf).default(POLICIES.slice(0, 5), POLICIES.slice(0, 5).join(',')))
  .option('--json', 'one JSON object')
  .option('--chart <file>', 'also write a page (HTML) that shows what happened')
  .addOption(onBadLine())
  .action((dir: string, options: Parameters<typeof import('./backtest.js').runBacktest>[1]) => import('./backtest.js').then((command) => command.runBacktest(dir, options)));

program
  .command('plan')
  .description('what castline would decide at a moment of a folder of files, with the reasons and numbers')
  .argument('<dir>', 'as for backtest')
  .requiredOption('--at <time>', 'the moment: nothing later is known', instant)
  .option('--json', 'NDJSON, one line per group of SKUs that share a least order')
  .addOption(onBadLine())
  .action((dir: string, options: Parameters<typeof import('./backtest.js').runPlan>[1]) => import('./backtest.js').then((command) => command.runPlan(dir, options)));

const numbersFrom = (least: number, most: number) => (text: string): number[] => {
  const values = text.split(',').map((part) => Number(part.trim() === '' ? NaN : part));
  if (values.length > 20 || !values.every((v) => v >= least && v <= most)) throw new InvalidArgumentError(`must be up to 20 numbers from ${least} to ${most}, such as 2,1`);
  return values;
};

program
  .command('oversell')
  .description('fake platforms that sell one pile: units oversold against the delay of news, with and without the buffers of the service')
  .addOption(new Option('--pile <units>', 'units there are').argParser(wholeFrom(1)).default(300))
  .addOption(new Option('--demand <list>', 'units a second that buyers want, one number for each shop').argParser(numbersFrom(0, 1000)).default([2, 1], '2,1'))
  .addOption(new Option('--delays <list>', 'seconds from a sale until it is heard of, and from a push until it is shown').argParser(numbersFrom(0, 600)).default([1, 2, 5, 10, 20, 30, 60], '1,2,5,10,20,30,60'))
  .addOption(new Option('--minutes <n>', 'how long a show lasts').argParser(wholeFrom(1)).default(4))
  .addOption(new Option('--shows <n>', 'how many are played').argParser(wholeFrom(1)).default(200))
  .addOption(new Option('--seed <n>', 'the same seed gives the same shows').argParser(wholeFrom(0)).default(1))
  .option('--json', 'NDJSON, one line per delay and policy')
  .action((options: Parameters<typeof import('./oversell.js').runOversell>[0]) => import('./oversell.js').then((command) => command.runOversell(options)));

const AREAS = ['spikes', 'nowcast', 'launches', 'returns', 'quantity', 'time'];

const areasOf = (text: string): string[] => {
  const names = [...new Set(text.split(',').map((name) => name.trim()))];
  const wrong = names.find((name) => !AREAS.includes(name));
  if (wrong !== undefined) throw new InvalidArgumentError(`knows no area ${wrong}; there are ${AREAS.join(', ')}`);
  return names;
};

program
  .command('evaluate')
  .description('every target of the mathematics beside what is reached, as Markdown; takes minutes. Exit 1 where a gate is missed')
  .option('--data <dir>', 'folder of real data; without it only what is simulated is measured')
  .addOption(new Option('--only <areas>', 'some areas').argParser(areasOf).default(AREAS, AREAS.join(',')))
  .addOption(new Option('--worlds <n>', 'simulated worlds of each family for the back-test').argParser(wholeFrom(2)).default(20))
  .addOption(new Option('--broadcasts <n>', 'broadcasts of each world').argParser(wholeFrom(1)).default(8))
  .option('--json', 'one JSON object')
  .action((options: Parameters<typeof import('./evaluate.js').runEvaluate>[0]) => import('./evaluate.js').then((command) => command.runEvaluate(options)));

const shops = program.command('shops').description('connect shops to their platforms, and see how they are');
const asked = (command: Command): Command => command.requiredOption('--to <url>', 'address of the service').requiredOption('--key <key>', 'an API key of an admin or operator').option('--json', 'print the answer as JSON');
const several = (value: string, list: readonly string[]): string[] => [...list, value];
type Shops = typeof import('./shops.js');

asked(shops.command('list').description('every connected shop: last event, lag, failures')).action((options: Parameters<Shops['listShops']>[0]) => import('./shops.js').then((command) => command.listShops(options)));
asked(shops.command('platforms').description('what can be connected, and which credentials each needs')).action((options: Parameters<Shops['listPlatforms']>[0]) => import('./shops.js').then((command) => command.listPlatforms(options)));
asked(shops.command('connect').description('connect a shop, or change its credentials').argument('<shop>'))
  .requiredOption('--platform <name>', 'as in castline shops platforms')
  .option('--credential <name=@file>', 'a credential out of a file, or - for standard input; may be given several times', several, [])
  .option('--setting <name=value>', 'may be given several times', several, [])
  .option('--time-zone <zone>', 'with --currency: also create the shop, such as Asia/Shanghai')
  .option('--currency <code>', 'ISO 4217, such as CNY')
  .action((shop: string, options: Parameters<Shops['connectShop']>[1]) => import('./shops.js').then((command) => command.connectShop(shop, options)));
asked(shops.command('test').description('one call with the stored credentials; exit 1 where it fails').argument('<shop>')).action((shop: string, options: Parameters<Shops['testShop']>[1]) => import('./shops.js').then((command) => command.testShop(shop, options)));
for (const [name, about] of [['pause', 'ask the platform nothing; webhooks are still taken in'], ['resume', 'go on'], ['pull', 'pull what changed, now']] as const) {
  const command = asked(shops.command(name).description(about).argument('<shop>'));
  if (name === 'pull') command.option('--since <time>', 'from this moment on, RFC 3339 with an offset', (text: string) => (instant(text), text));
  command.action((shop: string, options: Parameters<Shops['changeShop']>[2]) => import('./shops.js').then((loaded) => loaded.changeShop(shop, name, options)));
}
asked(shops.command('disconnect').description('forget the credentials; orders stay').argument('<shop>')).action((shop: string, options: Parameters<Shops['disconnectShop']>[1]) => import('./shops.js').then((command) => command.disconnectShop(shop, options)));

program
  .command('openapi')
  .description('print the OpenAPI 3.1 description of the HTTP API')
  .option('--write <file>', 'write it to a file instead')
  .action((options: { write?: string }) => import('./openapi.js').then((command) => command.runOpenApi(options.write)));

const fail = (message: string, code: number): void => {
  process.stderr.write(`castline: ${message}\n`);
  process.exitCode = code;
};

try {
  await program.parseAsync();
} catch (error) {
  // By name and shape: the classes live in modules that were perhaps never loaded.
  const { name, status, code, port, message } = error as Error & { status?: number; code?: string; port?: number };
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
  else if (name === 'ConfigurationError') fail(message, 2);
  else if (name === 'DomainError') fail(message, (status ?? 500) >= 500 ? 1 : 2);
  else fail(code === 'EADDRINUSE' ? `PORT: ${port ?? ''} is in use; choose another, or 0 for a free one` : message, 1);
}
