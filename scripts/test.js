// Runs the test tiers this machine can run, says what it skipped and why, and closes with one plain line of counts.
//   node scripts/test.js [unit|medium|e2e|browser|faults ...] [--whole] [--once-more]
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const arguments_ = process.argv.slice(2);
const whole = arguments_.includes('--whole');
// On another database, after everything ran on this one: what Redis does and what laws say is the same there.
const onceMore = arguments_.includes('--once-more');
const asked = arguments_.filter((a) => !a.startsWith('--'));
const all = ['unit', 'medium', 'e2e', 'browser', 'faults'];
const tiers = asked.length === 0 ? all : asked;
const unknown = tiers.find((t) => !all.includes(t));
if (unknown !== undefined) {
  process.stderr.write(`there is no test tier ${unknown}; there are ${all.join(', ')}\n`);
  process.exit(2);
}

const onPath = (name) => spawnSync(process.platform === 'win32' ? 'where' : 'which', [name], { encoding: 'utf8' }).status === 0;
const paths = { unit: 'src/', medium: 'test/medium', e2e: 'test/e2e', browser: 'test/browser', faults: 'test/faults' };
/** One file after the other: faults and pages are watched by the clock. All else has a database (and a Redis database) of its own, and waits more than it works. */
const IN_BAND = ['--runInBand'];
const skipped = [];
const results = [];

const freePort = () =>
  new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });

/** A Redis of our own on a free port: noeviction, nothing on disk; undefined where the server is not installed. */
async function openRedis() {
  if (!onPath('redis-server')) return undefined;
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'castline-redis-'));
  const server = spawn('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--maxmemory-policy', 'noeviction', '--dir', folder], { stdio: 'ignore' });
  await new Promise((resolve) => setTimeout(resolve, 600));
  return {
    url: `redis://127.0.0.1:${port}`,
    close: () => {
      server.kill('SIGTERM');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** What cannot be emptied is no failure of a test. */
function empty(folder) {
  try {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  } catch (error) {
    process.stderr.write(`${folder} stays: ${error.message}\n`);
  }
}

function jest(label, path, env, more = []) {
  // Databases and files of the tests lie in here too, and go with it: each run leaves gigabytes otherwise.
  const folder = mkdtempSync(join(tmpdir(), 'castline-jest-'));
  // The embedded server's own user must be able to enter it, else its databases are made elsewhere and stay.
  chmodSync(folder, 0o755);
  const report = join(folder, 'report.json');
  process.stdout.write(`\n== ${label}\n`);
  const run = spawnSync(process.execPath, ['--experimental-vm-modules', '--no-warnings', 'node_modules/jest/bin/jest.js', '-c', 'jest.config.js', '--forceExit', '--json', '--outputFile', report, path, ...more], {
    stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, TMPDIR: folder, ...env },
  });
  if (!existsSync(report)) {
    results.push({ label, passed: 0, failed: 1, skipped: 0 });
    process.stderr.write(`${label}: jest ended with ${run.status} and wrote no report\n`);
    empty(folder);
    return;
  }
  const json = JSON.parse(readFileSync(report, 'utf8'));
  empty(folder);
  const crashed = json.testResults.filter((t) => t.status === 'failed' && t.assertionResults.length === 0).length;
  results.push({ label, passed: json.numPassedTests, failed: json.numFailedTests + crashed, skipped: json.numPendingTests });
}

if (spawnSync(process.execPath, ['scripts/build.js'], { stdio: 'inherit' }).status !== 0) process.exit(1);

const redis = !onceMore && tiers.some((t) => ['medium', 'e2e'].includes(t)) ? await openRedis() : undefined;
const wholeEnv = whole ? { CASTLINE_FAULTS: 'whole' } : {};
for (const tier of tiers) {
  if (tier === 'medium') {
    jest('medium, queues on PostgreSQL', paths.medium, {}, onceMore ? ['--testPathIgnorePatterns', '(laws|flood)\\.test'] : []);
    // What hangs on which queues wake the workers: jobs of every room from orders to samples. All else is the database's alone.
    if (redis !== undefined) jest('medium, queues on Redis', 'test/medium/(jobs|intake|late|nowcast|production-flow|returns|samples|standing)', { TEST_REDIS_URL: redis.url });
    else if (!onceMore) skipped.push('medium on Redis: no redis-server on the PATH');
  } else if (tier === 'browser' && !existsSync('/usr/bin/chromium')) skipped.push('browser: no Chromium at /usr/bin/chromium');
  else jest(tier, paths[tier], { ...wholeEnv, ...(tier === 'e2e' && redis !== undefined ? { TEST_REDIS_URL_E2E: redis.url } : {}) }, ['browser', 'faults'].includes(tier) ? IN_BAND : []);
}
redis?.close();

process.stdout.write('\n');
for (const r of results) process.stdout.write(`${r.label}: ${r.passed} passed, ${r.failed} failed${r.skipped > 0 ? `, ${r.skipped} skipped` : ''}\n`.replace(/^/, '  '));
for (const s of skipped) process.stdout.write(`  skipped ${s}\n`);
const sum = (name) => results.reduce((s, r) => s + r[name], 0);
process.stdout.write(`${sum('passed')} passed, ${sum('failed')} failed, ${sum('skipped')} skipped\n`);
process.exit(sum('failed') > 0 || sum('passed') === 0 ? 1 : 0);
