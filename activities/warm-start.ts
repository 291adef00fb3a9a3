/** Stage: checkpoint 0, made by the supervised warm start, or the stored copy of a folder (base-checkpoint.ts). */
import { savePolicy } from '../pipelines/checkpoint/policy-folder.js'
import type { ExperimentConfig } from '../pipelines/config/schema.js'
import { taughtBy } from '../pipelines/config/start-order.js'
import type { DataSet } from '../pipelines/data/item.js'
import { RlevError } from '../pipelines/errors.js'
import { computesOnGpu } from '../pipelines/graph/library.js'
import { memoryOf } from '../pipelines/memory/estimate.js'
import { refuseWithoutRoom } from '../pipelines/memory/memory-fit.js'
import { plannedArchitecture } from '../pipelines/memory/planned-architecture.js'
import { plannedTokenizer } from '../pipelines/memory/planned-tokenizer.js'
import { longestPrompt } from '../pipelines/memory/prompt-tokens.js'
import { disposePolicy, type Policy } from '../pipelines/model/policy.js'
import type { Hooks } from '../pipelines/progress.js'
import { type CheckpointWarmStart, teachCheckpoint } from '../pipelines/training/teach-checkpoint.js'
import type { TrainingStates } from '../pipelines/training/training-states.js'
import { warmStart as warmUp } from '../pipelines/training/warm-start.js'
import { storedCheckpoint } from './base-checkpoint.js'
import { memoryAtHand } from './machine/memory.js'
import { readData } from './prepare-data.js'
import { stage, stageHooks, throwIfCancelled, withFailPoint } from './stage.js'
import { keepReference, readReferences } from './store/references.js'
import { claimEngine } from './store/runs/provenance.js'
import { runFolder } from './store/runs/run-folder.js'
import type { ArtifactRef } from './store/store.js'
import { engineName } from './training/engine-name.js'
import { supervisedStates } from './training/supervised-states.js'
import { runCode, runConfig, type Workplace } from './workplace.js'

export function warmStart(workplace: Workplace) {
  const { home, store } = workplace
  return stage({
    heartbeat: 'ticks',
    run: async ({ run, data }: { run: string; data: ArtifactRef }): Promise<ArtifactRef> => {
      const config = runConfig(workplace, run)
      const engine = engineName(config)
      if (engine !== null) claimEngine(home, run, engine)
      const dataset = readData(store, data)
      // A server looks after its own memory.
      if (config.engine.kind === undefined) await checkMemory(config, dataset)
      const start = config.policy.from === 'checkpoint' ? fromCheckpoint : learned
      const ref = await start({ workplace, run, config, data, dataset })
      return keepReference(runFolder(home, run), 'start', ref)
    },
  })
}

interface Start {
  workplace: Workplace
  run: string
  config: ExperimentConfig
  data: ArtifactRef
  dataset: DataSet
}

/** Shared by arms with the same seed and data. */
function learned(start: Start): Promise<ArtifactRef> {
  const { workplace, run, config, data, dataset } = start
  const { policy: from, warmStart, seed, engine } = config
  return madeOnce(start, {
    // Each engine rounds differently, so its weights differ.
    from: { data: data.sha256, policy: from, warmStart, seed, engine, code: runCode(workplace, run) },
    teach: parts => warmUp({ config, dataset, ...parts }),
  })
}

/** A run that has its start keeps it, whatever becomes of the folder that its config names. */
async function fromCheckpoint(start: Start): Promise<ArtifactRef> {
  const {
    workplace: { home, store },
    run,
    config: { policy },
  } = start
  if (policy.from !== 'checkpoint') throw new Error('the policy is from scratch')
  const hooks = withFailPoint('warm-start.tick', stageHooks('copying the checkpoint'))
  const before = readReferences(runFolder(home, run)).get('start')
  if (before !== undefined && store.isWhole(before)) return before
  const base = await storedCheckpoint({ store, folder: policy.path, hooks })
  const ref = policy.warmStart ? await taught({ ...start, settings: policy.warmStart, base }) : base
  if (before === undefined || before.sha256 === ref.sha256) return ref
  throw new RlevError({
    kind: 'CheckpointInvalid',
    message: 'the checkpoint has changed since the run began, and the copy that the run had is damaged or deleted',
    place: policy.path,
    expected: `files with the digest ${before.sha256}`,
    found: ref.sha256,
    remedy: 'restore the files of the checkpoint, or give the run with the changed ones another name',
  })
}

/** Shared by arms with the same seed and data, whatever their rewards are. */
function taught({
  settings,
  base,
  ...start
}: Start & { settings: CheckpointWarmStart; base: ArtifactRef }): Promise<ArtifactRef> {
  const { workplace, run, config, data, dataset } = start
  const { seed, engine } = config
  const code = runCode(workplace, run)
  return madeOnce(start, {
    from: { data: data.sha256, checkpoint: base.sha256, ...taughtBy(config), seed, engine, code },
    teach: parts => teachCheckpoint({ config, settings, folder: workplace.store.folder(base), dataset, ...parts }),
  })
}

/** The warm start of these inputs. An interrupted one goes on from its newest state. */
async function madeOnce(
  { workplace, run, config }: Start,
  { from, teach }: { from: object; teach: (parts: { states: TrainingStates; hooks: Hooks }) => Promise<Policy> },
): Promise<ArtifactRef> {
  const states = supervisedStates({ workplace, run, config, kind: 'warm-start-state', from })
  const ref = await workplace.store.once({
    kind: 'warm-start',
    from,
    fill: async folder => {
      const hooks = withFailPoint('warm-start.tick', stageHooks('warm start'))
      const policy = await teach({ states, hooks })
      try {
        await savePolicy(policy, folder)
      } finally {
        disposePolicy(policy)
      }
      await throwIfCancelled()
    },
  })
  states.removeAll()
  return ref
}

/** Throws OutOfMemory before any memory is used: this worker, or one like it, also trains the policy. */
async function checkMemory(config: ExperimentConfig, dataset: DataSet): Promise<void> {
  const items = [...dataset.train, ...dataset.test]
  const { tokens: promptTokens } = await longestPrompt(items, plannedTokenizer(config, dataset))
  const estimate = memoryOf({
    architecture: plannedArchitecture(config, dataset),
    config,
    promptTokens,
    testItems: dataset.test.length,
  })
  refuseWithoutRoom(estimate, memoryAtHand({ onCard: computesOnGpu() }))
}
