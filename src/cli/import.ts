import 'reflect-metadata';
import { createReadStream, existsSync } from 'node:fs';
import { createApplication, openFoundations } from '../app.js';
import { ImportsService, type ImportKind } from '../connectors/index.js';
import { configureLog, DomainError, formatOf, readConfiguration, type OnError } from '../kernel/index.js';
import type { Principal } from '../access/index.js';

const CLI: Principal = { kind: 'key', id: 'castline-import', name: 'castline import', role: 'admin', bindings: [], scopes: [] };

export async function runImport(options: { catalogue?: string; broadcasts?: string; orders?: string; returns?: string; onError: OnError; json?: boolean }): Promise<void> {
  const files = (['catalogue', 'broadcasts', 'orders', 'returns'] as const).flatMap((kind): [ImportKind, string][] => (options[kind] === undefined ? [] : [[kind, options[kind]]]));
  if (files.length === 0) throw new DomainError(422, 'nothing-to-do', 'name at least one file: --catalogue, --broadcasts, --orders or --returns');
  if (files.filter(([, file]) => file === '-').length > 1) throw new DomainError(422, 'stdin-twice', 'only one file can be stdin');
  for (const [, file] of files) if (file !== '-' && !existsSync(file)) throw new DomainError(422, 'no-file', `${file}: no such file`);
  const configuration = readConfiguration();
  configureLog(configuration.logLevel === 'info' ? 'warn' : configuration.logLevel);
  const foundations = await openFoundations(configuration);
  try {
    const app = await createApplication(foundations);
    for (const [kind, file] of files) {
      const format = file === '-' ? 'csv' : formatOf(undefined, file);
      if (format === undefined) throw new DomainError(422, 'unknown-format', `${file}: the name must end in .csv, .ndjson or .json (and .gz)`);
      const source = file === '-' ? process.stdin : createReadStream(file);
      try {
        const answer = await app.get(ImportsService).run(kind, source, format, options.onError, CLI, (lines) => process.stderr.write(`${kind}: ${lines} lines read\n`));
        process.stdout.write(options.json === true ? `${JSON.stringify({ kind, ...answer })}\n`
          : `${kind}: ${answer.accepted} accepted, ${answer.duplicates} duplicates, ${answer.quarantined} quarantined, ${answer.rejectedCount} rejected\n`);
        for (const r of answer.rejected) process.stderr.write(`${file}:${r.line}: ${r.code}: ${r.detail}\n`);
      } catch (error) {
        const rejected = error instanceof DomainError ? (error.extra['rejected'] as { line: number; code: string; detail: string }[] | undefined) : undefined;
        for (const r of rejected ?? []) process.stderr.write(`${file}:${r.line}: ${r.code}: ${r.detail}\n`);
        throw error instanceof DomainError ? new DomainError(error.status, error.code, `${file}: ${error.message}`) : error;
      }
    }
    await app.close();
  } finally {
    await foundations.close();
  }
}
