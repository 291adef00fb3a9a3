/**
 * Where the files of a run lie: `HOME/runs/NAME/` for a plan, and for each experiment `HOME/runs/NAME/ARM/seed-N/`,
 * or `HOME/runs/NAME/` itself where the plan is a single experiment. An experiment's id is its path under `runs/`.
 */
import { join } from 'node:path'
import { RlevError } from '../../pipelines/errors.js'

const segment = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/

/** Folder of a plan or of an experiment. Refuses ids that would leave the home. */
export function runFolder(home: string, id: string): string {
  for (const part of id.split('/')) {
    if (!segment.test(part)) {
      throw new RlevError({
        kind: 'CallInvalid',
        message: 'the name of a run cannot be used as a folder',
        place: id,
        expected: 'letters, digits, dot, dash and underscore, a letter or digit first, parts divided by /',
        found: JSON.stringify(part),
      })
    }
  }
  return join(home, 'runs', ...id.split('/'))
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
 * What a file of the journal or of an evaluation is. It is bound into the file's seal, so that the whole file of another step or
 * experiment is not taken for it.
 */
export function entryLabel(
  kind: 'rollout' | 'records' | 'metrics' | 'evaluation' | 'evaluation items',
  step: number,
  experimentKey: string,
): string {
  return `${kind} of step ${step}, experiment ${experimentKey.slice(0, 16)}`
}

/** Paths inside an experiment's folder. */
export const experimentPaths = {
  config: (folder: string) => join(folder, 'config.json'),
  rollout: (folder: string, step: number) => join(folder, 'rollouts', `${stepName(step)}.json`),
  records: (folder: string, step: number) => join(folder, 'records', `${stepName(step)}.json`),
  metrics: (folder: string, step: number) => join(folder, 'metrics', `${stepName(step)}.json`),
  checkpoints: (folder: string) => join(folder, 'checkpoints'),
  evaluation: (folder: string, step: number) => join(folder, 'evaluations', `${stepName(step)}.json`),
  evaluationItems: (folder: string, step: number) => join(folder, 'evaluations', `${stepName(step)}.items.json`),
  values: (folder: string) => join(folder, 'values.json'),
  result: (folder: string) => join(folder, 'result.json'),
  references: (folder: string) => join(folder, 'references'),
  reference: (folder: string, name: string) => join(folder, 'references', `${name}.json`),
  trim: (folder: string) => join(folder, 'trimmed.json'),
} as const

/** Paths inside a plan's folder. */
export const planPaths = {
  plan: (folder: string) => join(folder, 'plan.json'),
  report: (folder: string) => join(folder, 'report', 'report.html'),
  comparison: (folder: string) => join(folder, 'report', 'comparison.json'),
  comparisonMarkdown: (folder: string) => join(folder, 'report', 'comparison.md'),
  /** Digests of the three. */
  reportFiles: (folder: string) => join(folder, 'report', 'files.json'),
} as const
