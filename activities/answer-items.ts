/**
 * Stage: the responses of a step's policy to the test items, without verdicts, for evaluations with a judge. They are made in pieces,
 * each stored when it is done, so that a crash costs at most one piece. Arms that start from the same warm start share its answers.
 */
import { engineIdentity } from '../pipelines/config/engine-kinds.js'
import { answerItems as answer } from '../pipelines/evaluation/answer-items.js'
import { given } from '../pipelines/given.js'
import { type Hooks, partOfWork } from '../pipelines/progress.js'
import type { Sampler } from '../pipelines/sampling/sampler.js'
import { stage, stageHooks, throwIfCancelled, withFailPoint } from './stage.js'
import { originalKey } from './store/provenance.js'
import type { ArtifactRef } from './store/store.js'
import { keepAnswers, keepPieces } from './store/stored-answers.js'
import type { PolicyCache } from './training/policy-cache.js'
import { inTraining, type Training, type TrainingInput } from './training/training.js'
import { runCode, type Workplace } from './workplace.js'

/** A piece has at most so many responses, and at least those of one item: seconds of a small policy, minutes of a large one. */
const maxPieceResponses = 1024

export function answerItems(workplace: Workplace, policies: PolicyCache) {
  return stage({
    heartbeat: 'ticks',
    run: ({ step, ...input }: TrainingInput & { step: number }): Promise<ArtifactRef> =>
      inTraining(workplace, policies, input, async training => {
        const { config, data } = training
        const { samples } = config.evaluation
        const size = Math.max(1, Math.floor(maxPieceResponses / (1 + samples)))
        const hooks = withFailPoint('evaluation.tick', stageHooks(`answers at step ${step}`))
        const from = answeredBy({ workplace, training, input, step })
        const responses = (items: number) => items * (1 + samples)
        const all = responses(data.test.length)
        const pieces: ArtifactRef[] = []
        for (let first = 0; first < data.test.length; first += size) {
          const items = data.test.slice(first, first + size)
          const piece = await workplace.store.once({
            kind: 'answers',
            from: { ...from, first, size },
            fill: async folder => {
              const policy = await policyOf({ training, policies, input, step, hooks })
              const counted = partOfWork(hooks, { before: responses(first), of: all })
              const answers = await answer({ policy, items, first, config, hooks: counted })
              keepAnswers(folder, answers)
            },
          })
          pieces.push(piece)
          await throwIfCancelled()
        }
        return workplace.store.once({
          kind: 'all-answers',
          from: { ...from, pieces: pieces.map(({ sha256 }) => sha256) },
          fill: async folder => keepPieces(folder, pieces),
        })
      }),
  })
}

/** What the answers depend on: the warm start, and after it the experiment and the step. */
function answeredBy({ workplace, training, input, step }: Answering): object {
  const { evaluation, rollout, engine } = training.config
  const { samples, chunk, seed } = evaluation
  return {
    start: input.stages.start.sha256,
    data: input.stages.data.sha256,
    ...(step === 0 ? {} : { step, experiment: originalKey(workplace.home, input.run, training.config) }),
    evaluation: { samples, chunk, seed },
    maxTokens: rollout.maxTokens,
    ...given({ stop: rollout.stop ?? undefined }),
    engine: engineIdentity(engine),
    code: runCode(workplace, input.run),
  }
}

interface Answering {
  workplace: Workplace
  training: Training
  input: TrainingInput
  step: number
}

/** If nothing is trained, only the weights are loaded, without an optimizer. */
async function policyOf({
  training,
  policies,
  input,
  step,
  hooks,
}: Omit<Answering, 'workplace'> & { policies: PolicyCache; hooks: Hooks }): Promise<Sampler> {
  const { config } = training
  if (config.steps === 0) return policies.reference(input.stages.start, config)
  return training.policyAt(step, hooks)
}
