// Data and golden numbers that stand beside the checkout and are never copied into it. Where they are absent (a fresh clone),
// the tests on them are skipped by name, and a plain line says so.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { providedData } from '../../src/kernel/config/environment.js';

const folder = providedData();
let said = false;

/** A test that needs provided files; `../shared/data` beside the checkout holds them. */
export function withProvided(name: string, test: () => void): void {
  if (folder === undefined && !said) {
    process.stderr.write('skipped: tests on provided data, as there is no ../shared/data beside this checkout\n');
    said = true;
  }
  const declare = folder === undefined ? it.skip : it;
  declare(folder === undefined ? `${name} (skipped: no ../shared/data beside this checkout)` : name, test);
}

function textOf(path: string): string {
  if (folder === undefined) throw new Error('there is no provided data beside this checkout');
  const bytes = readFileSync(join(folder, '..', path));
  return (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
}

/** Rows of a provided CSV file by column name; no field of them holds a comma. `path` as 'golden/…' or 'data/…'. */
export function providedRows(path: string): Record<string, string>[] {
  const [head = '', ...lines] = textOf(path).trim().split(/\r?\n/);
  const cells = (line: string): string[] => line.split(',').map((cell) => cell.replace(/^"|"$/g, ''));
  const names = cells(head);
  return lines.map((line) => Object.fromEntries(cells(line).map((cell, i) => [names[i] ?? '', cell])));
}

/** A provided JSON file. */
export const providedJson = (path: string): unknown => JSON.parse(textOf(path));
