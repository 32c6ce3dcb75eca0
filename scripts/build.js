// Compiles src/ to dist/ with swc (about a second) and copies the SQL files beside it. Types are checked by `npm run lint`;
// a start from a fresh clone should not wait for the type checker.
import { transformFile } from '@swc/core';
import { cp, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { swcOptions } from './swc-options.js';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const from = join(root, 'src');
const to = join(root, 'dist');

await rm(to, { recursive: true, force: true });
const entries = await readdir(from, { recursive: true, withFileTypes: true });
await Promise.all(
  entries
    .filter((e) => e.isFile())
    .map(async (e) => {
      const source = join(e.parentPath ?? e.path, e.name);
      const target = join(to, relative(from, source));
      await mkdir(dirname(target), { recursive: true });
      if (source.endsWith('.spec.ts')) return;
      if (!source.endsWith('.ts')) return cp(source, target);
      const out = await transformFile(source, { ...swcOptions, sourceMaps: true });
      const file = target.replace(/\.ts$/, '.js');
      await writeFile(file, `${out.code}\n//# sourceMappingURL=${file.split('/').pop()}.map\n`);
      await writeFile(`${file}.map`, out.map ?? '');
    }),
);
