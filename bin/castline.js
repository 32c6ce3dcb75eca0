#!/usr/bin/env node
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const entry = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
if (!existsSync(entry)) {
  process.stderr.write('castline: not built yet; run "npm ci" (or "npm run build") in the checkout first\n');
  process.exit(2);
}
await import(entry);
