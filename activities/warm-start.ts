/** Stage: checkpoint 0, made by the supervised warm start or read from a folder. Shared by arms with the same seed. */
import { join } from 'node:path'
import { savePolicy } from '../pipelines/checkpoint/policy-folder.js'
import type { ExperimentConfig, PolicyConfig } from '../pipelines/config/schema.js'
import type { DataSet } from '../pipelines/data/item.js'
import { RlevError } from '../pipelines/errors.js'
import { computesOnGpu, libraryOfThisProcess } from '../pipelines/graph/library.js'
import { memoryOf } from '../pipelines/memory/estimate.js'
import { promptTokensOf, refuseWithoutRoom } from '../pipelines/memory/memory-fit.js'
import { plannedArchitecture } from '../pipelines/memory/planned-architecture.js'
import { disposePolicy } from '../pipelines/model/policy.js'
import { warmStart as warmUp } from '../pipelines/training/warm-start.js'
import { memoryAtHand } from './machine/memory.js'
import { readData } from './prepare-data.js'
import { stage, stageHooks, throwIfCancelled, withFailPoint } from './stage.js'
import { digestOfFile, namesIn } from './store/files.js'
import { claimEngine } from './store/provenance.js'
import { keepReference } from './store/references.js'
import { runFolder } from './store/run-folder.js'
import type { ArtifactRef } from './store/store.js'
import { runCode, runConfig, type Workplace } from './workplace.js'

export function warmStart(workplace: Workplace) {
  const { home, store } = workplace
  return stage({
    heartbeat: 'ticks',
    run: async ({ run, data }: { run: string; data: ArtifactRef }): Promise<ArtifactRef> => {
      const config = runConfig(workplace, run)
      claimEngine(home, run, libraryOfThisProcess())
      const { warmStart, seed, engine } = config
      const dataset = readData(store, data)
      checkMemory(config, dataset)
      const ref = await store.once({
        kind: 'warm-start',
        // Each engine rounds differently, so its weights differ.
        from: {
          data: data.sha256,
          policy: policyContents(config.policy),
          warmStart,
          seed,
          engine,
          code: runCode(workplace, run),
        },
        fill: async folder => {
          const hooks = withFailPoint('warm-start.tick', stageHooks('warm start'))
          const policy = await warmUp({ config, dataset, hooks })
          try {
            await savePolicy(policy, folder)
          } finally {
            disposePolicy(policy)
          }
          await throwIfCancelled()
        },
      })
      return keepReference(runFolder(home, run), 'start', ref)
    },
  })
}

/** Throws OutOfMemory before any memory is used: this worker, or one like it, also trains the policy. */
function checkMemory(config: ExperimentConfig, dataset: DataSet): void {
  const promptTokens = promptTokensOf([...dataset.train, ...dataset.test], config.policy)
  const estimate = memoryOf({ architecture: plannedArchitecture(config, dataset), config, promptTokens })
  refuseWithoutRoom(estimate, memoryAtHand({ onCard: computesOnGpu() }))
}

/** The policy section, with the digests of a base checkpoint's files in place of its path. */
function policyContents(policy: PolicyConfig): object {
  if (policy.from === 'scratch') return policy
  const names = namesIn(policy.path).filter(name => /\.(json|safetensors|jinja|txt|model)$/.test(name))
  if (names.length === 0) {
    throw new RlevError({
      kind: 'CheckpointInvalid',
      message: 'there is no checkpoint',
      place: policy.path,
      expected: 'a folder in Hugging Face form: config.json, tokenizer.json, model.safetensors',
      found: 'no such files',
      remedy: 'check policy.path in the config',
    })
  }
  const digests = names.map(name => [name, digestOfFile(join(policy.path, name))?.sha256])
  return { from: policy.from, files: Object.fromEntries(digests) as Record<string, string> }
}
