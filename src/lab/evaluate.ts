// `castline evaluate`: every target beside what is reached, from simulated data alone or with a folder of real data.
import { existsSync, statSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { DomainError } from '../kernel/offline.js';
import { detectionTrial } from './trials/detection.js';
import type { Finding, Trial } from './trials/finding.js';
import { launchesTrial } from './trials/launches.js';
import { nowcastTrial } from './trials/nowcast.js';
import { quantityTrial } from './trials/quantity.js';
import { returnsTrial } from './trials/returns.js';
import { timeTrial } from './trials/time.js';

export const AREAS = ['spikes', 'nowcast', 'launches', 'returns', 'quantity', 'time'] as const;
export type Area = (typeof AREAS)[number];

export interface EvaluateOptions {
  readonly data?: string | undefined;
  readonly areas: readonly Area[];
  /** Simulated worlds of each family, and broadcasts of each. */
  readonly worlds: number;
  readonly broadcasts: number;
}

export interface Evaluation {
  readonly machine: string;
  readonly findings: readonly Finding[];
}

export async function evaluate(options: EvaluateOptions, report: (line: string) => void): Promise<Evaluation> {
  const { data } = options;
  if (data !== undefined && (!existsSync(data) || !statSync(data).isDirectory())) throw new DomainError(422, 'no-folder', `${data}: no such folder`);
  const trials: Record<Area, Trial> = {
    spikes: detectionTrial, nowcast: nowcastTrial, launches: launchesTrial, returns: returnsTrial,
    quantity: quantityTrial({ worlds: options.worlds, broadcasts: options.broadcasts, whole: 10 }), time: timeTrial,
  };
  const findings: Finding[] = [];
  for (const area of options.areas) {
    report(`${area}: …`);
    const began = Date.now();
    findings.push(...(await trials[area](data, report)));
    report(`${area}: ${((Date.now() - began) / 1000).toFixed(0)} s`);
  }
  return { machine: `Node ${process.version}, ${availableParallelism()} × ${cpus()[0]?.model.trim() ?? 'unknown'}`, findings };
}

const TITLES: Readonly<Record<Finding['area'], string>> = {
  spikes: 'Spikes', nowcast: 'Nowcast of running broadcasts', launches: 'Launches', standing: 'Standing sales', returns: 'Returns', quantity: 'Quantity: the back-test', time: 'Time',
};

const verdict = (f: Finding): string => (f.met === undefined ? '' : f.met ? 'met' : '**missed**');

/** The evaluation as Markdown: one table per area, gates marked. */
export function markdownOf({ findings, machine }: Evaluation): string {
  const areas = [...new Set(findings.map((f) => f.area))];
  const cell = (text: string): string => text.replaceAll('|', '\\|');
  const tables = areas.map((area) => {
    const rows = findings.filter((f) => f.area === area).map((f) => `| ${cell(f.figure)}${f.gate === true ? ' (**gate**)' : ''} | ${cell(f.asked)} | ${cell(f.reached)} | ${verdict(f)} |`);
    return `## ${TITLES[area]}\n\n| figure | asked | reached | |\n|---|---|---|---|\n${rows.join('\n')}\n`;
  });
  const asked = findings.filter((f) => f.met !== undefined);
  return `${machine}. ${asked.filter((f) => f.met).length} of ${asked.length} targets are met; gates: ${findings.filter((f) => f.gate === true).map((f) => `${TITLES[f.area]} ${f.met === true ? 'met' : 'missed'}`).join(', ') || 'none'}.\n\n${tables.join('\n')}`;
}
