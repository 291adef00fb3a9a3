/**
 * Where the files of a run lie: `HOME/runs/NAME/` for a plan, and for each experiment `HOME/runs/NAME/ARM/seed-N/`,
 * or `HOME/runs/NAME/` itself if the plan is a single experiment. An experiment's id is its path under `runs/`.
 */
import { join } from 'node:path'
import { nameForm, nameWords } from '../../../pipelines/config/names.js'
import { RlevError } from '../../../pipelines/errors.js'
import { shortened } from '../../../pipelines/printable.js'
import { insideHome } from '../inside-home.js'

/** Name, arm and seed. */
const maxParts = 3

/** Folders of a report, below its own. */
export const reportParts = ['figures', 'tables', 'responses'] as const

/** Folders of a run that stages write into, below its own. */
const written = [
  ...['rounds', 'rollouts', 'records', 'metrics', 'checkpoints', 'evaluations', 'server'],
  ...['report', ...reportParts.map(part => `report/${part}`)],
] as const

/** Folder of a plan or of an experiment. Throws CallInvalid if the id, or a link at its path, leads out of the home. */
export function runFolder(home: string, id: string): string {
  const parts = id.split('/')
  const bad = parts.length > maxParts ? id : parts.find(part => !nameForm.test(part))
  if (bad !== undefined) {
    throw new RlevError({
      kind: 'CallInvalid',
      message: 'the name of a run cannot be used as a folder',
      place: shortened(id, 200),
      expected: `at most ${maxParts} parts divided by /, each of ${nameWords}`,
      found: JSON.stringify(shortened(bad, 200)),
    })
  }
  const folder = join(home, 'runs', ...parts)
  insideHome(home, folder)
  for (const below of written) insideHome(home, join(folder, below), folder)
  return folder
}

export function stepName(step: number): string {
  return `step-${String(step).padStart(6, '0')}`
}

/** The step of `step-000020` or `step-000020.json`; null for other names. */
export function stepOf(name: string): number | null {
  const match = /^step-(\d{6,})(?:\.json)?$/.exec(name)
  return match === null ? null : Number(match[1])
}

/**
 * What a file of the journal or of an evaluation contains. The seal covers it, so that the file of another step or experiment is not
 * accepted in its place.
 */
export function entryLabel(
  kind: 'rounds' | 'rollout' | 'records' | 'metrics' | 'evaluation' | 'evaluation items' | 'source' | 'state',
  step: number,
  experimentKey: string,
): string {
  return `${kind} of step ${step}, experiment ${experimentKey.slice(0, 16)}`
}

/** Paths inside an experiment's folder. */
export const experimentPaths = {
  config: (folder: string) => join(folder, 'config.json'),
  rounds: (folder: string, step: number) => join(folder, 'rounds', `${stepName(step)}.json`),
  rollout: (folder: string, step: number) => join(folder, 'rollouts', `${stepName(step)}.json`),
  records: (folder: string, step: number) => join(folder, 'records', `${stepName(step)}.json`),
  metrics: (folder: string, step: number) => join(folder, 'metrics', `${stepName(step)}.json`),
  checkpoints: (folder: string) => join(folder, 'checkpoints'),
  evaluation: (folder: string, step: number) => join(folder, 'evaluations', `${stepName(step)}.json`),
  evaluationItems: (folder: string, step: number) => join(folder, 'evaluations', `${stepName(step)}.items.json`),
  /** States of a server that computes the policy. */
  server: (folder: string) => join(folder, 'server'),
  values: (folder: string) => join(folder, 'values.json'),
  predictor: (folder: string) => join(folder, 'predictor.json'),
  result: (folder: string) => join(folder, 'result.json'),
  references: (folder: string) => join(folder, 'references'),
  reference: (folder: string, name: string) => join(folder, 'references', `${name}.json`),
  trim: (folder: string) => join(folder, 'trimmed.json'),
  source: (folder: string, step: number) => join(folder, 'sources', `${stepName(step)}.json`),
} as const

/** Paths inside a plan's folder. */
export const planPaths = {
  plan: (folder: string) => join(folder, 'plan.json'),
  provenance: (folder: string) => join(folder, 'provenance.json'),
  origin: (folder: string) => join(folder, 'origin.json'),
  elsewhere: (folder: string) => join(folder, 'trained-elsewhere.json'),
  deletion: (folder: string) => join(folder, 'deleting.json'),
  reportFolder: (folder: string) => join(folder, 'report'),
  report: (folder: string) => join(folder, 'report', 'report.html'),
  reportMarkdown: (folder: string) => join(folder, 'report', 'report.md'),
  comparison: (folder: string) => join(folder, 'report', 'comparison.json'),
  comparisonMarkdown: (folder: string) => join(folder, 'report', 'comparison.md'),
  /** Digests of the report's files, by their paths in its folder. */
  reportFiles: (folder: string) => join(folder, 'report', 'files.json'),
} as const
