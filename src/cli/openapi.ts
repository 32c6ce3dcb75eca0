import 'reflect-metadata';
import { writeFileSync } from 'node:fs';
import { createApplication, describeApi, openFoundations } from '../app.js';
import { configureLog, readConfiguration } from '../kernel/index.js';

/** Keys sorted, so that the checked-in file changes only where the API does. */
const sorted = (value: unknown): unknown =>
  Array.isArray(value) ? value.map(sorted)
    : typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)).map(([k, v]) => [k, sorted(v)])) : value;

export async function runOpenApi(file: string | undefined): Promise<void> {
  configureLog('error');
  const foundations = await openFoundations({ ...readConfiguration(), logLevel: 'error' });
  try {
    const app = await createApplication(foundations);
    const text = `${JSON.stringify(sorted(describeApi(app)), null, 2)}\n`;
    if (file === undefined) process.stdout.write(text);
    else writeFileSync(file, text);
    await app.close();
  } finally {
    await foundations.close();
  }
}
