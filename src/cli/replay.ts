import 'reflect-metadata';
import { join } from 'node:path';
import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { projectRoot } from '../kernel/index.js';
import { replay } from '../lab/index.js';

export async function runReplay(orders: string, options: { to: string; key: string; broadcasts?: string; returns?: string; catalogue?: string; speed: number; signals?: boolean; fromStart?: boolean; json?: boolean }): Promise<void> {
  const name = createHash('sha256').update(`${orders} ${options.to}`).digest('hex').slice(0, 16);
  const progressFile = join(projectRoot(), '.castline', 'replays', `${name}.json`);
  if (options.fromStart === true) rmSync(progressFile, { force: true });
  const summary = await replay({
    orders, to: options.to, key: options.key, broadcasts: options.broadcasts, returns: options.returns, catalogue: options.catalogue, speed: options.speed, signals: options.signals === true, progressFile,
    report: (line) => process.stderr.write(`${line}\n`),
  });
  rmSync(progressFile, { force: true });
  if (options.json === true) process.stdout.write(`${JSON.stringify(summary)}\n`);
  else {
    const status = Object.entries(summary.signals).map(([s, n]) => `${n} ${s}`).join(', ');
    process.stdout.write(
      [
        `events       ${summary.lines} lines: ${summary.accepted} accepted, ${summary.duplicates} duplicates, ${summary.quarantined} quarantined, ${summary.rejected} rejected, in ${summary.seconds.toFixed(1)} s`,
        ...(summary.returns === undefined ? [] : [`returns      ${summary.returns.accepted} accepted, ${summary.returns.duplicates} duplicates, ${summary.returns.rejectedCount} rejected`]),
        `spikes       ${summary.spikes}`,
        `need         ${summary.assessments} assessments`,
        `signals      ${status === '' ? 'none' : status}`,
        `replies      ${summary.replies}`,
        ...summary.shops.map((s) => `check        shop ${s.shop}: ${s.sent} distinct events sent, ${s.held} held, ${s.equal ? 'content equal' : 'NOT EQUAL'}`),
        '',
      ].join('\n'),
    );
  }
  if (!summary.equal) throw new Error('the database does not hold exactly what was sent (quarantined or rejected lines, or events of another file)');
}
