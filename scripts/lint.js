// Types, style, the order of rooms, and a proof that the rules of the rooms find what they are for.
import { spawnSync } from 'node:child_process';

const steps = [
  ['types', 'npx', ['tsc', '--noEmit', '-p', '.']],
  ['eslint', 'npx', ['eslint', '.', '--max-warnings', '0']],
  ['rooms', 'npx', ['depcruise', 'src', '--config', '.dependency-cruiser.cjs', '--output-type', 'err']],
  ['planted violations', 'node', ['scripts/planted-violations.js']],
];
let failed = false;
for (const [name, command, args] of steps) {
  process.stdout.write(`lint: ${name}\n`);
  const { status } = spawnSync(command, args, { stdio: 'inherit' });
  if (status !== 0) {
    failed = true;
    process.stderr.write(`lint: ${name} found something\n`);
  }
}
process.exit(failed ? 1 : 0);
