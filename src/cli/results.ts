// Results as NDJSON on stdout; progress on stderr.
import type { OnBadLine, Reading } from '../lab/offline.js';

const CHUNK = 1 << 16;

/** Collects lines and writes them in large pieces; `end` writes the rest. A reader who went away (`| head`) is no failure. */
export function ndjsonOut(): { readonly write: (line: object) => void; readonly end: () => void } {
  let held = '';
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
  const end = (): void => {
    if (held !== '') process.stdout.write(held);
    held = '';
  };
  return {
    write: (line) => {
      held += `${JSON.stringify(line)}\n`;
      if (held.length > CHUNK) end();
    },
    end,
  };
}

export const readingOf = (onError: OnBadLine): Reading => ({ onError, report: (line) => void process.stderr.write(`${line}\n`) });
