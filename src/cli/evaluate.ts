import { evaluate, markdownOf, type Area } from '../lab/offline.js';

export async function runEvaluate(options: { data?: string; only: Area[]; worlds: number; broadcasts: number; json?: boolean }): Promise<void> {
  const evaluation = await evaluate({ data: options.data, areas: options.only, worlds: options.worlds, broadcasts: options.broadcasts }, (line) => void process.stderr.write(`${line}\n`));
  process.stdout.write(options.json === true ? `${JSON.stringify(evaluation)}\n` : markdownOf(evaluation));
  // The answer is no where a gate is missed.
  if (evaluation.findings.some((f) => f.gate === true && f.met !== true)) process.exitCode = 1;
}
