// Runs the benches and says what they measured: `node bench/bench.js` all of them, `node bench/bench.js p1 p3` only those.
// BENCH_QUICK=1: a short form; BENCH_P2_EVENTS=1000000: P2 in full; BENCH_P7_ORDERS: how long P7's history is. A bar that is missed is a result; only work that was not
// done as it should be ends with 1.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const benches = {
  p1: './p1-single-orders.js',
  p2: './p2-bulk-orders.js',
  p3: './p3-signal-latency.js',
  p4: './p4-detector.js',
  p7: './p7-history.js',
  p8: './p8-backtest.js',
  p10: './p10-footprint.js',
};

const wanted = process.argv.slice(2).map((name) => name.toLowerCase());
const unknown = wanted.filter((name) => !(name in benches));
if (unknown.length > 0) {
  process.stderr.write(`bench: there is no bench ${unknown.join(', ')}; choose from ${Object.keys(benches).join(', ')}\n`);
  process.exit(2);
}
if (!existsSync(join(fileURLToPath(new URL('.', import.meta.url)), '..', 'dist', 'cli', 'main.js'))) {
  process.stderr.write('bench: not built yet; run "npm ci" (or "npm run build") in the checkout first\n');
  process.exit(2);
}

const { endAll, quick, say } = await import('./service.js');
const { machine, printResult, versions, writeResults } = await import('./report.js');

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    say('interrupted; ending what was started');
    void endAll().finally(() => process.exit(130));
  });
}

const run = { startedAt: new Date().toISOString(), quick, machine: machine(), versions: versions(), results: [] };
const { cores, cpu, memoryMB, system } = run.machine;
process.stdout.write(`${cores} cores (${cpu}), ${memoryMB} MB, ${system}, load ${run.machine.loadAverage.join(' ')}; Node ${run.versions.node}\n`);

let failed = false;
for (const name of wanted.length > 0 ? wanted : Object.keys(benches)) {
  const began = Date.now();
  try {
    const bench = await import(benches[name]);
    const result = { ...(await bench.run()), seconds: (Date.now() - began) / 1000 };
    run.results.push(result);
    printResult(result);
    failed ||= result.checks.some((check) => !check.ok);
  } catch (error) {
    failed = true;
    run.results.push({ id: name, error: error.message });
    process.stderr.write(`bench: ${name} failed: ${error.stack}\n`);
  }
  await endAll();
}
process.stdout.write(`\nwritten to ${writeResults(run)}\n`);
process.exit(failed ? 1 : 0);
