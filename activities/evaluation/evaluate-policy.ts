/**
 * Stage: the policy of a step on the test items, greedy and sampled, always with the true values. Arms that start from the same warm
 * start share its evaluation.
 */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { engineIdentity } from '../../pipelines/config/engine-kinds.js'
import { evaluatePolicy as evaluate } from '../../pipelines/evaluation/evaluate-policy.js'
import { evaluateTransfer } from '../../pipelines/evaluation/evaluate-transfer.js'
import { given } from '../../pipelines/given.js'
import { markingOf } from '../../pipelines/rewards/verify.js'
import { readValues } from '../normalize-values.js'
import { stage, stageHooks, throwIfCancelled, withFailPoint } from '../stage.js'
import { writeWhole } from '../store/files.js'
import { keepReference } from '../store/references.js'
import { runFolder } from '../store/runs/run-folder.js'
import { seal, unseal } from '../store/sealed.js'
import type { PolicyCache } from '../training/policy-cache.js'
import { inTraining, type Training, type TrainingInput } from '../training/training.js'
import { markWith } from '../verifiers/mark-with.js'
import { runCode, type Workplace } from '../workplace.js'
import { type EvaluationSummary, summaryOf } from './evaluation-summary.js'
import { KeptEvaluation, type MadeEvaluation } from './keep-evaluation.js'

export function evaluatePolicy(workplace: Workplace, policies: PolicyCache) {
  return stage({
    heartbeat: 'ticks',
    run: async ({ step, ...input }: TrainingInput & { step: number }): Promise<EvaluationSummary> => {
      const kept = new KeptEvaluation({ home: workplace.home, run: input.run, step })
      const there = kept.read()
      if (there !== null) return summaryOf(there.evaluation)

      return inTraining(workplace, policies, input, async training => {
        const make = () => evaluateStep({ workplace, training, input, step })
        const made = step === 0 ? await sharedBase({ workplace, training, input, make }) : await make()
        await throwIfCancelled()
        kept.keep(made, training.fence)
        return summaryOf(made.stored.evaluation)
      })
    },
  })
}

async function evaluateStep({
  workplace,
  training,
  input,
  step,
}: {
  workplace: Workplace
  training: Training
  input: TrainingInput
  step: number
}): Promise<MadeEvaluation> {
  const hooks = withFailPoint('evaluation.tick', stageHooks(`evaluation of step ${step}`))
  const policy = await training.policyAt(step, hooks)
  const values = readValues(workplace.store, input.stages.values).test
  const { config, data } = training
  const mark = markWith(workplace, config, 'evaluation')
  const { evaluation, outcomes } = await evaluate({ policy, items: data.test, values, config, step, hooks, mark })
  // With an early stop any evaluation may be the last.
  const between = step > 0 && step < config.steps && config.evaluation.earlyStop == null
  if (data.transfer === undefined || between) return { stored: { time: workplace.now(), evaluation }, outcomes }
  const transfer = await evaluateTransfer({ policy, dataset: data, config, step, hooks, mark })
  return { stored: { time: workplace.now(), evaluation: { ...evaluation, transfer } }, outcomes }
}

async function sharedBase({
  workplace,
  training: { config },
  input: { run, stages },
  make,
}: {
  workplace: Workplace
  training: Training
  input: TrainingInput
  make: () => Promise<MadeEvaluation>
}): Promise<MadeEvaluation> {
  const { evaluation, rollout, engine } = config
  const { home, store } = workplace
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
      rollout: {
        temperature: rollout.temperature,
        maxTokens: rollout.maxTokens,
        ...given({ stop: rollout.stop ?? undefined }),
      },
      verifier: markingOf(config),
      engine: engineIdentity(engine),
      code: runCode(workplace, run),
    },
    fill: async folder => writeWhole(join(folder, 'evaluation.json'), seal(await make())),
  })
  keepReference(runFolder(home, run), 'baseEvaluation', ref)
  const path = join(store.folder(ref), 'evaluation.json')
  return unseal<MadeEvaluation>(readFileSync(path), path)
}
