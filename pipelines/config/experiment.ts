/** One experiment from its located keys: validated by the schema and checked for contradictions. */

import { resolve } from 'node:path'
import { RlevError } from '../errors.js'
import { given } from '../given.js'
import { contradictions } from './contradictions.js'
import { hubKey, isHubName, type NamingPart } from './hub-names.js'
import { problemsOf } from './issues.js'
import { knownText } from './known-models.js'
import type { Problem } from './problems.js'
import { type ExperimentConfig, type StatedConfig, statedSchema } from './schema.js'
import { isProgram, verifierWay } from './verifier-way.js'
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
  ['reward', 'verifier'],
] as const

/**
 * `keys` is the merged content of a file, without `sweep`. `localPaths`: of what was fetched, by `hubKey`. `unread`: parts of which no file is
 * read.
 */
export function resolveExperiment(
  keys: Located,
  {
    placebo,
    programDigest,
    localPaths,
    unread,
  }: {
    placebo: boolean
    programDigest: (path: string) => string
    localPaths: ReadonlyMap<string, string>
    unread: readonly NamingPart[]
  },
): ResolvedExperiment {
  const node = withAbsolutePaths(withKinds(keys))
  const parsed = statedSchema.safeParse(plain(node))
  if (!parsed.success)
    return { config: null, problems: problemsOf({ issues: parsed.error.issues, node }), warnings: [] }
  const config = withFetchedModel(parsed.data, { localPaths, unread })
  if (config === null) {
    const { place } = nearest(node, ['policy', 'name'])
    const remedy = 'call `rlev plan` with this config, which fetches it'
    return { config, problems: [{ place, message: 'the model has not been fetched', remedy }], warnings: [] }
  }
  const findings = contradictions({
    config,
    given: key => at(keys, key.split('.')) !== undefined,
    placebo,
    unread,
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
  if (problems.length > 0) return { config, problems, warnings }
  return { warnings, ...withProgramDigest(config, node, programDigest) }
}

/** With the folder of a known model; null if it was not fetched. A policy that is not read keeps the name in place of a folder. */
function withFetchedModel(
  { policy, ...others }: StatedConfig,
  { localPaths, unread }: { localPaths: ReadonlyMap<string, string>; unread: readonly NamingPart[] },
): ExperimentConfig | null {
  if (policy.from !== 'known') return { ...others, policy }
  const text = knownText(policy.name)
  const path = localPaths.get(hubKey({ text, use: 'model' })) ?? (unread.includes('policy') ? text : undefined)
  return path === undefined
    ? null
    : { ...others, policy: { from: 'checkpoint', path, ...given({ warmStart: policy.warmStart }) } }
}

/** With the identity of a verifier of the user, which is frozen with the config. */
function withProgramDigest(
  config: ExperimentConfig,
  node: Located,
  programDigest: (path: string) => string,
): Pick<ResolvedExperiment, 'config' | 'problems'> {
  const { verifier, verifierDigest: stated } = config.reward
  const way = verifierWay(config.reward)
  if (way.kind !== 'program') return { config, problems: [] }
  try {
    const verifierDigest = programDigest(way.path)
    if (stated === undefined || stated === verifierDigest) {
      return { config: { ...config, reward: { ...config.reward, verifierDigest } }, problems: [] }
    }
    const problem = {
      place: nearest(node, ['reward', 'verifierDigest']).place,
      message: `the verifier ${verifier} is another one than reward.verifierDigest states`,
      expected: stated,
      found: verifierDigest,
      remedy: 'restore the verifier, or leave reward.verifierDigest out',
    }
    return { config, problems: [problem] }
  } catch (error) {
    if (!(error instanceof RlevError)) throw error
    const { place = way.path, kind: _kind, cause: _cause, ...parts } = error.parts
    return { config, problems: [{ ...parts, place }] }
  }
}

/** Paths are relative to the file that names them, whichever file extends it. */
function withAbsolutePaths(node: Located): Located {
  const sets = at(node, ['evaluation', 'transfer'])
  const transferred = sets?.content.kind === 'map' ? [...sets.content.entries.keys()] : []
  const all = [...paths, ...transferred.map(name => ['evaluation', 'transfer', name, 'file'])]
  return all.reduce((held: Located, path) => {
    const found = at(held, path)
    if (found?.content.kind !== 'scalar' || typeof found.content.value !== 'string') return held
    // A verifier of this project is named, and has no path.
    if (path.at(-1) === 'verifier' && !isProgram(found.content.value)) return held
    // Of a part that is not read, which keeps its names.
    if (path.at(-1) !== 'verifier' && isHubName(found.content.value, path.at(-1) === 'path' ? 'model' : 'only'))
      return held
    const value = resolve(found.folder, found.content.value)
    return withValue(held, path, { ...found, content: { kind: 'scalar', value } })
  }, node)
}
