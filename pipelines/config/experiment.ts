/** One experiment from its located keys: validated by the schema and checked for contradictions. */

import { resolve } from 'node:path'
import { contradictions } from './contradictions.js'
import { problemsOf } from './issues.js'
import type { Problem } from './problems.js'
import { type ExperimentConfig, experimentSchema } from './schema.js'
import { at, type Located, nearest, plain, withValue } from './yaml/located.js'
import { withKinds } from './yaml/merge.js'

export interface Warning {
  place: string
  /** Path of the key it is about. */
  key: string
  sentence: string
}

export interface ResolvedExperiment {
  /** Null if the schema refuses it. */
  config: ExperimentConfig | null
  problems: Problem[]
  warnings: Warning[]
}

const paths = [
  ['data', 'train'],
  ['data', 'test'],
  ['policy', 'path'],
] as const

/** `keys` is the merged content of a file, without `sweep`. */
export function resolveExperiment(keys: Located, { placebo }: { placebo: boolean }): ResolvedExperiment {
  const node = withAbsolutePaths(withKinds(keys))
  const parsed = experimentSchema.safeParse(plain(node))
  if (!parsed.success)
    return { config: null, problems: problemsOf({ issues: parsed.error.issues, node }), warnings: [] }
  const findings = contradictions({
    config: parsed.data,
    given: key => at(keys, key.split('.')) !== undefined,
    placebo,
  })
  const problems: Problem[] = []
  const warnings: Warning[] = []
  for (const { severity, key, message, expected, found, remedy } of findings) {
    const { place } = nearest(node, key.split('.'))
    if (severity === 'refuse') problems.push({ place, message, expected, found, remedy })
    else
      warnings.push({
        place,
        key,
        sentence: [`${place}: ${message}`, expected === undefined ? '' : ` (expected: ${expected})`].join(''),
      })
  }
  return { config: parsed.data, problems, warnings }
}

/** Paths are relative to the file that names them, whichever file extends it. */
function withAbsolutePaths(node: Located): Located {
  const sets = at(node, ['evaluation', 'transfer'])
  const transferred = sets?.content.kind === 'map' ? [...sets.content.entries.keys()] : []
  const all = [...paths, ...transferred.map(name => ['evaluation', 'transfer', name, 'file'])]
  return all.reduce((held: Located, path) => {
    const found = at(held, path)
    if (found?.content.kind !== 'scalar' || typeof found.content.value !== 'string') return held
    const value = resolve(found.folder, found.content.value)
    return withValue(held, path, { ...found, content: { kind: 'scalar', value } })
  }, node)
}
