import { chmodSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A new temporary folder that the embedded server's own user can enter as well: what it makes lies inside, and goes when the folder goes. */
export function newFolder(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `castline-${name}-`));
  chmodSync(folder, 0o755);
  return folder;
}
