/**
 * The supervised warm start of a checkpoint on its own training items: the mean of -log pi over the tokens of the
 * responses that are shown, their end included; prompts have no loss. The paper starts from a base model as it is.
 *
 * With update.adapter a fresh adapter learns, and is then added to the weights: W + (alpha / rank) B A. So reference
 * and base of reinforcement learning are the taught policy, and its own adapter begins as no change.
 */
import { loadAdapter } from '../checkpoint/adapter-file.js'
import { loadPolicy } from '../checkpoint/policy-folder.js'
import { localEngine } from '../config/engine-kinds.js'
import type { ExperimentConfig } from '../config/schema.js'
import { demonstrationsOfItems, itemsOfStep, shownItems } from '../data/demonstrations.js'
import type { DataSet } from '../data/item.js'
import type { Sequence } from '../engine/response-batch.js'
import { RlevError } from '../errors.js'
import { DeviceTensors } from '../graph/device-tensors.js'
import { tidy } from '../graph/tidy.js'
import { type Adapter, createAdapter } from '../model/adapter.js'
import type { Architecture } from '../model/architecture.js'
import { mergedWeights } from '../model/decoder.js'
import { disposeOptimizer } from '../model/optimizer-state.js'
import { disposePolicy, type Policy, withAdapter } from '../model/policy.js'
import type { Hooks } from '../progress.js'
import { turnEndId } from '../tokenizer/special-tokens.js'
import { encodePrompts } from '../tokenizer/tokenizer.js'
import { rateOf, supervisedStep } from './supervised.js'
import { type Learner, makeSteps, noStates, openLearner, type TrainingStates } from './training-states.js'

export type CheckpointWarmStart = NonNullable<Extract<ExperimentConfig['policy'], { from: 'checkpoint' }>['warmStart']>

/**
 * The taught policy, without an adapter; the caller disposes of it. `folder` has the checkpoint. It goes on from the newest of
 * `states`. Rejects with DataInvalid if no demonstration fits into rollout.maxTokens, and with NotFinite.
 */
export async function teachCheckpoint({
  config,
  settings,
  folder,
  dataset,
  states = noStates,
  hooks,
}: {
  config: ExperimentConfig
  settings: CheckpointWarmStart
  folder: string
  dataset: Pick<DataSet, 'train'>
  states?: TrainingStates
  hooks: Hooks
}): Promise<Policy> {
  const { seed, update } = config
  const { adapter } = update
  const engine = localEngine(config.engine)
  const learner = await openLearner({
    states,
    async begin() {
      const base = await loadPolicy(folder, engine)
      return adapter === null ? base : adapted(base, architecture => createAdapter({ architecture, ...adapter, seed }))
    },
    reopen: async state =>
      adapter === null
        ? loadPolicy(state, engine)
        : adapted(await loadPolicy(folder, engine), architecture => loadAdapter({ folder: state, architecture })),
  })
  const { policy } = learner
  try {
    await learn({ learner, config, settings, dataset, states, hooks })
    if (policy.adapter === null) return policy
    const merged = withAdapterAdded(policy)
    disposePolicy(policy)
    return merged
  } catch (error) {
    disposePolicy(policy)
    throw error
  }
}

/** The base with an adapter over it; the base is disposed of. */
async function adapted(
  base: Policy,
  adapter: (architecture: Architecture) => Adapter | Promise<Adapter>,
): Promise<Policy> {
  try {
    return withAdapter(base, await adapter(base.architecture))
  } finally {
    disposePolicy(base)
  }
}

/** What is shown, in the order of the items. Demonstrations longer than a response may be are left out, and counted. */
async function shownSequences({
  policy: { tokenizer },
  config,
  settings,
  dataset,
}: {
  policy: Policy
  config: ExperimentConfig
  settings: CheckpointWarmStart
  dataset: Pick<DataSet, 'train'>
}): Promise<Sequence[]> {
  const { maxTokens } = config.rollout
  const items = shownItems(dataset.train, { share: settings.share, seed: config.seed })
  const shown = demonstrationsOfItems(items, { place: config.reward.answer, show: settings.show })
  const prompts = await encodePrompts(
    tokenizer,
    shown.map(({ prompt }) => prompt),
  )
  const end = turnEndId(tokenizer)
  const all = shown.map(
    ({ response }, index): Sequence => ({
      promptTokens: prompts[index] as number[],
      tokens: [...tokenizer.encode(response), end],
    }),
  )
  const fitting = all.filter(({ tokens }) => tokens.length <= maxTokens)
  const missing = all.length - fitting.length
  if (fitting.length === 0) {
    const shortest = all.reduce((min, { tokens }) => Math.min(min, tokens.length), Number.POSITIVE_INFINITY)
    throw new RlevError({
      kind: 'DataInvalid',
      message: 'every demonstration of the warm start is longer than a response may be',
      place: 'policy.warmStart',
      expected: `at most rollout.maxTokens, ${maxTokens} tokens`,
      found: `${shortest} tokens in the shortest of ${all.length}`,
      remedy: 'raise rollout.maxTokens, or set policy.warmStart.show: answer',
    })
  }
  if (missing > 0) {
    process.emitWarning(
      `${missing} of ${all.length} demonstrations are longer than rollout.maxTokens ${maxTokens} and are not shown`,
    )
  }
  return fitting
}

/** Disposes of the optimizer. */
async function learn({
  learner,
  config,
  settings,
  dataset,
  states,
  hooks,
}: {
  learner: Learner
  config: ExperimentConfig
  settings: CheckpointWarmStart
  dataset: Pick<DataSet, 'train'>
  states: TrainingStates
  hooks: Hooks
}): Promise<void> {
  const { policy, optimizer } = learner
  const { steps, batch, weightDecay, clipNorm } = settings
  const { microBatch, tokenBudget, gradientCheckpointing } = config.update
  try {
    const sequences = await shownSequences({ policy, config, settings, dataset })
    const maxTokens = sequences.reduce((max, { tokens }) => Math.max(max, tokens.length), 1)
    const make = (step: number) =>
      supervisedStep({
        policy,
        optimizer,
        batch: itemsOfStep({ items: sequences, seed: config.seed, step, batch }),
        limits: { microBatch: Math.min(batch, microBatch), tokenBudget },
        checkpointing: gradientCheckpointing,
        weightDecay,
        clipNorm,
        learningRate: rateOf(step, settings),
        maxTokens,
        stage: { name: 'warm start', rateKey: 'policy.warmStart.learningRate' },
      })
    await makeSteps({ learner, steps, states, make, note: 'warm start', hooks })
  } finally {
    disposeOptimizer(optimizer)
  }
}

/** A policy with the adapter in its weights. The policy that is given stays as it is. */
function withAdapterAdded(policy: Policy): Policy {
  const { adapter } = policy
  if (adapter === null) return policy
  const before = policy.weights.read()
  const added = tidy(() => {
    const merged = mergedWeights(before, { ...adapter, tensors: adapter.tensors.read() })
    return new Map([...merged].map(([name, tensor]) => [name, tensor === before.get(name) ? tensor.clone() : tensor]))
  })
  return { ...policy, weights: new DeviceTensors(added), adapter: null }
}
