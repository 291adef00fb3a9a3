/**
 * Stage: what the policy of a step answers to the test items, without verdicts, for evaluations whose verdicts take another place or
 * time: a judge's. In pieces, each in the store once it is made, so that a crash costs no more than the piece under way; those of the
 * warm start are shared by every arm that starts from it.
 */
import { answerItems as answer } from '../pipelines/evaluation/answer-items.js'
import type { Policy } from '../pipelines/model/policy.js'
import { type Hooks, partOfWork } from '../pipelines/progress.js'
import type { PolicyCache } from './policy-cache.js'
import { stage, stageHooks, throwIfCancelled, withFailPoint } from './stage.js'
import { originalKey } from './store/provenance.js'
import type { ArtifactRef } from './store/store.js'
import { keepAnswers, keepPieces } from './store/stored-answers.js'
import { inTraining, type Training, type TrainingInput } from './training.js'
import { runCode, type Workplace } from './workplace.js'

/** Responses of a piece, at least one item's: seconds of a small policy, minutes of a large one. */
const responsesAPiece = 1024

export function answerItems(place: Workplace, policies: PolicyCache) {
  return stage({
    heartbeat: 'ticks',
    run: ({ step, ...input }: TrainingInput & { step: number }): Promise<ArtifactRef> =>
      inTraining(place, policies, input, async training => {
        const { config, data } = training
        const { samples } = config.evaluation
        const size = Math.max(1, Math.floor(responsesAPiece / (1 + samples)))
        const hooks = withFailPoint('evaluation.tick', stageHooks(`answers at step ${step}`))
        const from = answeredBy({ place, training, input, step })
        const responses = (items: number) => items * (1 + samples)
        const all = responses(data.test.length)
        const pieces: ArtifactRef[] = []
        for (let first = 0; first < data.test.length; first += size) {
          const items = data.test.slice(first, first + size)
          const piece = await place.store.once({
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
        return place.store.once({
          kind: 'all-answers',
          from: { ...from, pieces: pieces.map(({ sha256 }) => sha256) },
          fill: async folder => keepPieces(folder, pieces),
        })
      }),
  })
}

/** What the answers depend on. After the warm start that is the experiment and how far it is. */
function answeredBy({ place, training, input, step }: Answering): object {
  const { evaluation, rollout, engine } = training.config
  const { samples, chunk, seed } = evaluation
  return {
    start: input.stages.start.sha256,
    data: input.stages.data.sha256,
    ...(step === 0 ? {} : { step, experiment: originalKey(place.home, input.run, training.config) }),
    evaluation: { samples, chunk, seed },
    maxTokens: rollout.maxTokens,
    engine,
    code: runCode(place, input.run),
  }
}

interface Answering {
  place: Workplace
  training: Training
  input: TrainingInput
  step: number
}

/** Where nothing is trained there is no optimizer to be held beside the weights. */
async function policyOf({
  training,
  policies,
  input,
  step,
  hooks,
}: Omit<Answering, 'place'> & { policies: PolicyCache; hooks: Hooks }): Promise<Policy> {
  const { config } = training
  if (config.steps === 0) return policies.reference(input.stages.start, config.engine)
  return (await training.policyAt(step, hooks)).policy
}
