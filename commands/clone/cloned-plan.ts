/**
 * The plan of a clone: the resolved config of an experiment with another policy and the changes of the call, checked as a config file is.
 * Only keys that differ from the defaults are written, so that a warning is about a key that somebody has set.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { configDifference } from '../../pipelines/config/difference.js'
import { loadPlan } from '../../pipelines/config/load.js'
import type { ExperimentConfig, ExperimentPlan, Plan } from '../../pipelines/config/schema.js'
import { keysFromDefaults } from '../plan/resolved.js'

/** `checkpoint`: folder that the policy starts from. `overrides`: values by dotted path. Throws ConfigInvalid. */
export function clonedPlan(options: {
  config: ExperimentConfig
  name: string
  checkpoint: string
  overrides: Readonly<Record<string, unknown>>
}): ExperimentPlan {
  const { name, checkpoint, overrides } = options
  const config: ExperimentConfig = { ...options.config, name, policy: { from: 'checkpoint', path: checkpoint } }
  const folder = mkdtempSync(join(tmpdir(), 'rlev-clone-'))
  try {
    const path = join(folder, `${name}.json`)
    writeFileSync(path, JSON.stringify(statedKeys(config)))
    const load = (overrides: Readonly<Record<string, unknown>>, sections: Readonly<Record<string, unknown>>) =>
      single(loadPlan({ path, sections, overrides }))
    // A section whose keys cannot be told one by one, such as a map by names, is written as a whole.
    const differing = new Set(
      configDifference(config, load({}, {}).config).map(({ path }) => path.split('.')[0] as keyof ExperimentConfig),
    )
    const sections = Object.fromEntries([...differing].map(key => [key, config[key]]))
    return load(overrides, sections)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function single(plan: Plan): ExperimentPlan {
  if (plan.kind === 'experiment') return plan
  throw new Error('a config without a sweep is one experiment')
}

/** Nested, as a config file has them. */
function statedKeys(config: ExperimentConfig): Record<string, unknown> {
  const { name, seed } = config
  const stated: Record<string, unknown> = { name, seed }
  for (const { path, value } of keysFromDefaults({ kind: 'experiment', name, config, warnings: [] }, config)) {
    const parts = path.split('.')
    const last = parts.pop() as string
    let at = stated
    for (const part of parts) {
      const below = at[part]
      const map = typeof below === 'object' && below !== null ? (below as Record<string, unknown>) : {}
      at[part] = map
      at = map
    }
    at[last] = value
  }
  return stated
}
