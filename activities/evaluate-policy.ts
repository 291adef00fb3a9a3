/**
 * Stage: the policy of a step on the test items, greedy and sampled, always by the true values. The evaluation of the warm
 * start is shared by every arm that starts from it.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { evaluatePolicy as evaluate } from '../pipelines/evaluation/evaluate-policy.js'
import { evaluateTransfer } from '../pipelines/evaluation/evaluate-transfer.js'
import { given } from '../pipelines/given.js'
import { type EvaluationSummary, summaryOf } from './evaluation-summary.js'
import { KeptEvaluation, type MadeEvaluation } from './keep-evaluation.js'
import { readValues } from './normalize-values.js'
import type { PolicyCache } from './policy-cache.js'
import { stage, stageHooks, throwIfCancelled, withFailPoint } from './stage.js'
import { writeWhole } from './store/files.js'
import { keepReference } from './store/references.js'
import { runFolder } from './store/run-folder.js'
import { seal, unseal } from './store/sealed.js'
import { inTraining, type Training, type TrainingInput } from './training.js'
import { runCode, type Workplace } from './workplace.js'

export function evaluatePolicy(place: Workplace, policies: PolicyCache) {
  return stage({
    heartbeat: 'ticks',
    run: async ({ step, ...input }: TrainingInput & { step: number }): Promise<EvaluationSummary> => {
      const kept = new KeptEvaluation({ home: place.home, run: input.run, step })
      const there = kept.read()
      if (there !== null) return summaryOf(there.evaluation)

      return inTraining(place, policies, input, async training => {
        const make = () => evaluateStep({ place, training, input, step })
        const made = step === 0 ? await sharedBase({ place, training, input, make }) : await make()
        await throwIfCancelled()
        kept.keep(made, training.fence)
        return summaryOf(made.stored.evaluation)
      })
    },
  })
}

async function evaluateStep({
  place,
  training,
  input,
  step,
}: {
  place: Workplace
  training: Training
  input: TrainingInput
  step: number
}): Promise<MadeEvaluation> {
  const hooks = withFailPoint('evaluation.tick', stageHooks(`evaluation of step ${step}`))
  const { policy } = await training.policyAt(step, hooks)
  const values = readValues(place.store, input.stages.values).test
  const { config, data } = training
  const { evaluation, outcomes } = await evaluate({ policy, items: data.test, values, config, step, hooks })
  if (data.transfer === undefined || (step > 0 && step < config.steps))
    return { stored: { time: place.now(), evaluation }, outcomes }
  const transfer = await evaluateTransfer({ policy, dataset: data, config, step, hooks })
  return { stored: { time: place.now(), evaluation: { ...evaluation, transfer } }, outcomes }
}

async function sharedBase({
  place,
  training: { config },
  input: { run, stages },
  make,
}: {
  place: Workplace
  training: Training
  input: TrainingInput
  make: () => Promise<MadeEvaluation>
}): Promise<MadeEvaluation> {
  const { scale: _scale, alpha: _alpha, cap: _cap, ...verifier } = config.reward
  const { evaluation, rollout, engine } = config
  const { home, store } = place
  const ref = await store.once({
    kind: 'base-evaluation',
    from: {
      start: stages.start.sha256,
      data: stages.data.sha256,
      evaluation: {
        samples: evaluation.samples,
        chunk: evaluation.chunk,
        seed: evaluation.seed,
        ...given({ transfer: evaluation.transfer }),
      },
      rollout: { temperature: rollout.temperature, maxTokens: rollout.maxTokens },
      verifier,
      engine,
      code: runCode(place, run),
    },
    fill: async folder => writeWhole(join(folder, 'evaluation.json'), seal(await make())),
  })
  keepReference(runFolder(home, run), 'baseEvaluation', ref)
  const path = join(store.folder(ref), 'evaluation.json')
  return unseal<MadeEvaluation>(readFileSync(path), path)
}
