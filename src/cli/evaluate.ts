import { evaluation, type Area } from '../lab/offline.js';

export async function runEvaluate(options: { data?: string; only: Area[]; worlds: number; broadcasts: number; json?: boolean }): Promise<void> {
  const { AREAS, evaluate, markdownOf } = await evaluation();
  const answer = await evaluate({ data: options.data, areas: options.only, worlds: options.worlds, broadcasts: options.broadcasts }, (line) => void process.stderr.write(`${line}\n`));
  process.stdout.write(options.json === true ? `${JSON.stringify(answer)}\n` : markdownOf(answer, commandOf(options, AREAS.length)));
  // The answer is no where a gate is missed.
  if (answer.findings.some((f) => f.gate === true && f.met !== true)) process.exitCode = 1;
}

/** The call as anybody would write it: the folder's own place is nobody's business. */
const commandOf = (o: { data?: string; only: Area[]; worlds: number; broadcasts: number }, areas: number): string =>
  ['npx castline evaluate', ...(o.data === undefined ? [] : ['--data FOLDER']), ...(o.only.length === areas ? [] : [`--only ${o.only.join(',')}`]), `--worlds ${o.worlds} --broadcasts ${o.broadcasts}`].join(' ');
