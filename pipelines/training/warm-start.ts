/**
 * The policy that reinforcement learning starts from: a checkpoint, or a policy from scratch that learns from
 * demonstrations. The paper starts from a base model. A policy from scratch gives no correct answer, and so
 * gets no reward, before it has seen demonstrations.
 */

import { loadPolicy } from '../checkpoint/policy-folder.js'
import { localEngine } from '../config/engine-kinds.js'
import type { ExperimentConfig } from '../config/schema.js'
import { alphabetOf } from '../data/alphabet.js'
import { demonstrations } from '../data/demonstrations.js'
import type { DataSet } from '../data/item.js'
import type { Sequence } from '../engine/response-batch.js'
import { disposeOptimizer } from '../model/optimizer-state.js'
import { createPolicy, disposePolicy, type Policy } from '../model/policy.js'
import type { Hooks } from '../progress.js'
import { encodePrompts } from '../tokenizer/tokenizer.js'
import { rateOf, supervisedStep, taught } from './supervised.js'
import { teachCheckpoint } from './teach-checkpoint.js'
import { makeSteps, noStates, openLearner, type TrainingStates } from './training-states.js'

/**
 * The caller disposes of the policy. A policy that is taught goes on from the newest of `states`. Rejects with NotFinite if the loss or the
 * gradient is not finite.
 */
export async function warmStart({
  config,
  dataset,
  states = noStates,
  hooks,
}: {
  config: ExperimentConfig
  dataset: DataSet
  states?: TrainingStates
  hooks: Hooks
}): Promise<Policy> {
  const { policy: source } = config
  const engine = localEngine(config.engine)
  if (source.from === 'checkpoint') {
    const { path, warmStart: settings } = source
    return settings
      ? teachCheckpoint({ config, settings, folder: path, dataset, states, hooks })
      : loadPolicy(path, engine)
  }
  const alphabet = alphabetOf({ data: config.data, dataset })
  const { warmStart: settings, seed } = config
  const learner = await openLearner({
    states,
    begin: async () => createPolicy({ config: source, alphabet, seed, engine }),
    reopen: folder => loadPolicy(folder, engine),
  })
  const { policy, optimizer } = learner
  try {
    const make = async (step: number) => {
      const shown = demonstrations({ config, dataset, step })
      const prompts = await encodePrompts(
        policy.tokenizer,
        shown.map(({ prompt }) => prompt),
      )
      const batch = shown.map(
        ({ response }, index): Sequence => ({
          promptTokens: prompts[index] as number[],
          tokens: taught(policy.tokenizer, response, 'a demonstration'),
        }),
      )
      await supervisedStep({
        policy,
        optimizer,
        batch,
        weightDecay: settings.weightDecay,
        clipNorm: settings.clipNorm,
        learningRate: rateOf(step, settings),
        maxTokens: config.rollout.maxTokens,
        stage: { name: 'warm start', rateKey: 'warmStart.learningRate' },
      })
    }
    await makeSteps({ learner, steps: settings.steps, states, make, note: 'warm start', hooks })
    return policy
  } catch (error) {
    disposePolicy(policy)
    throw error
  } finally {
    disposeOptimizer(optimizer)
  }
}
