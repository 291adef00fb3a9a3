/**
 * Supervised training that can be interrupted: now and then a state of it is kept, which is what is trained and the moments of AdamW after a
 * step, and an interrupted training goes on from the newest one with the same bits. Textbook trainers also keep the place in the data and the
 * state of a generator; here demonstrations and rates are functions of the step.
 */
import { loadOptimizer, saveOptimizer } from '../checkpoint/optimizer-file.js'
import { saveTrained } from '../checkpoint/policy-folder.js'
import { createOptimizer, type Optimizer } from '../model/optimizer-state.js'
import { disposePolicy, type Policy } from '../model/policy.js'
import type { Hooks } from '../progress.js'

export interface TrainingState {
  /** The last step that is made. */
  step: number
  folder: string
}

export interface TrainingStates {
  /** The newest whole one; null if there is none. */
  newest(): TrainingState | null
  /** Called after each step but the last. Keeps a state from time to time: `save` writes it into a folder. */
  afterStep(step: number, save: (folder: string) => Promise<void>): Promise<void>
}

/** For a caller that begins again after an interruption. */
export const noStates: TrainingStates = { newest: () => null, afterStep: async () => {} }

/** What learns. The caller disposes of policy and optimizer. */
export interface Learner {
  policy: Policy
  optimizer: Optimizer
  /** Steps that are made. */
  step: number
}

/** As training begins. */
export async function newLearner(begin: () => Promise<Policy>): Promise<Learner> {
  const policy = await begin()
  return { policy, optimizer: createOptimizer(policy, { optimizer: 'adamw' }), step: 0 }
}

/** As training begins, or after the newest state. `reopen` gives the policy of a state from its folder. */
export async function openLearner({
  states,
  begin,
  reopen,
}: {
  states: TrainingStates
  begin: () => Promise<Policy>
  reopen: (folder: string) => Promise<Policy>
}): Promise<Learner> {
  for (;;) {
    const state = states.newest()
    if (state === null) return newLearner(begin)
    try {
      return { ...(await loadState(state.folder, reopen)), step: state.step }
    } catch (error) {
      // Another attempt, which is further, may have removed it meanwhile.
      if (states.newest()?.step === state.step) throw error
    }
  }
}

/** Makes the steps up to `steps` that are not made. */
export async function makeSteps({
  learner: { policy, optimizer, step: made },
  steps,
  states,
  make,
  note,
  hooks,
}: {
  learner: Learner
  steps: number
  states: Pick<TrainingStates, 'afterStep'>
  make: (step: number) => Promise<void>
  /** Said with the progress. */
  note: string
  hooks: Hooks
}): Promise<void> {
  for (let step = made + 1; step <= steps; step++) {
    await make(step)
    await hooks.tick({ done: step, of: steps, note })
    if (step === steps) return
    await states.afterStep(step, async folder => {
      await saveTrained(policy, folder)
      await saveOptimizer(optimizer, folder)
    })
  }
}

async function loadState(
  folder: string,
  reopen: (folder: string) => Promise<Policy>,
): Promise<Pick<Learner, 'policy' | 'optimizer'>> {
  const policy = await reopen(folder)
  try {
    return { policy, optimizer: await loadOptimizer(folder) }
  } catch (error) {
    disposePolicy(policy)
    throw error
  }
}
