// Plants one violation of each rule of .dependency-cruiser.cjs in a copy of the sources and expects each to be found: a rule
// that finds nothing because its path is wrong would pass for ever.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const planted = [
  ['looks-left', 'src/kernel/planted.ts', "import '../orders/index.js';"],
  ['looks-left', 'src/orders/planted.ts', "import type { AssessService } from '../forecast/index.js';\nexport type X = AssessService;"],
  ['front-door', 'src/forecast/planted.ts', "import '../orders/intake.service.js';"],
  ['math-is-pure', 'src/forecast/math/planted.ts', "import '../../kernel/index.js';"],
  ['bullmq-in-kernel-only', 'src/production/planted.ts', "import 'bullmq';"],
  ['sql-in-repositories-only', 'src/orders/planted.service.ts', "import '../kernel/database/sql.js';"],
  ['pg-in-kernel-database-only', 'src/forecast/planted2.ts', "import 'pg';"],
  ['no-cycles', 'src/desk/planted.ts', "import './planted2.js';\nexport const a = 1;"],
  ['cli-and-app-are-the-roof', 'src/lab/planted.ts', "import '../app.js';"],
];

const copy = mkdtempSync(join(tmpdir(), 'castline-planted-'));
try {
  cpSync('src', join(copy, 'src'), { recursive: true });
  for (const file of ['.dependency-cruiser.cjs', 'tsconfig.json', 'package.json']) cpSync(file, join(copy, file));
  symlinkSync(join(process.cwd(), 'node_modules'), join(copy, 'node_modules'));
  for (const [, file, text] of planted) writeFileSync(join(copy, file), `${text}\n`);
  writeFileSync(join(copy, 'src/desk/planted2.ts'), "import './planted.js';\nexport const b = 1;\n");
  const { stdout } = spawnSync('npx', ['depcruise', 'src', '--config', '.dependency-cruiser.cjs', '--output-type', 'json'], { cwd: copy, encoding: 'utf8', maxBuffer: 1 << 28 });
  const found = JSON.parse(stdout).summary.violations.map((v) => `${v.rule.name} ${v.from}`);
  const missed = planted.filter(([rule, file]) => !found.includes(`${rule} ${file}`));
  for (const [rule, file] of missed) process.stderr.write(`planted in ${file}, not found by ${rule}\n`);
  process.stdout.write(`planted violations: ${planted.length - missed.length} of ${planted.length} found\n`);
  process.exitCode = missed.length === 0 ? 0 : 1;
} finally {
  rmSync(copy, { recursive: true, force: true });
}
