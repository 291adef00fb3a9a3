/**
 * What says that a run learned nothing, although it looks as others do: decided here for `status`, `watch`, `compare` and the report
 * alike, from the metrics of the steps, the newest evaluation and a comparison of the weights.
 */
import type { ExperimentConfig } from '../config/schema.js'
import { percentWithSign } from '../text/percent.js'
import type { Evaluation } from './evaluation.js'
import type { StepTally } from './step-tally.js'

export const alarmKinds = [
  'same-weights',
  'skipped-steps',
  'degenerate-groups',
  'cut-responses',
  'cut-evaluation',
] as const
export type AlarmKind = (typeof alarmKinds)[number]

export interface Alarm {
  kind: AlarmKind
  /** Share in [0, 1] of what the kind names; of `same-weights` 1, because the weights are equal or they are not. */
  figure: number
  /** The alarm is raised above it. */
  limit: number
  sentence: string
  /** What to do. */
  remedy: string
}

/** Of the steps, of the groups and of the responses. */
export const alarmLimit = 0.9

/** Before so many steps nothing is said about shares of them, unless training ends earlier. */
export const minSteps = 10

/** Below it a policy hardly ever succeeds, above 1 minus it hardly ever fails. */
const rare = 0.02

export interface Observed {
  config: Pick<ExperimentConfig, 'rollout' | 'estimator' | 'update' | 'policy'>
  tally: StepTally
  /** The newest one. */
  evaluation?: Pick<Evaluation, 'step' | 'greedy' | 'expected'> | undefined
  /** Whether training has come to its last step. */
  done: boolean
  /** Whether training left the weights as they were, as far as that was found out at its end. */
  unchanged: boolean
}

/** In the order of `alarmKinds`; empty for a healthy run. */
export function alarmsOf(observed: Observed): Alarm[] {
  const { tally, done } = observed
  const enough = tally.steps >= (done ? 1 : minSteps)
  return [
    ...sameWeights(observed),
    ...(enough ? [...skippedSteps(observed), ...degenerateGroups(observed), ...cutResponses(observed)] : []),
    ...cutEvaluation(observed),
  ]
}

/** A step that is skipped changes no weight, so if all were, the weights are known to be equal without being read. */
function sameWeights({ tally, done, unchanged, config }: Observed): Alarm[] {
  const allSkipped = tally.steps > 0 && tally.share('skipped') === 1
  if (!done || tally.steps === 0 || !(unchanged || allSkipped)) return []
  const learningRate = config.update.learningRate
  return [
    {
      kind: 'same-weights',
      figure: 1,
      limit: alarmLimit,
      sentence: `The weights after ${stepsText(tally.steps)} are those before the first one: nothing was learned.`,
      remedy: allSkipped
        ? withoutSignal({ tally, config })
        : `Raise update.learningRate: a step of ${learningRate} is lost in the rounding of the weights.`,
    },
  ]
}

function skippedSteps({ tally, config }: Observed): Alarm[] {
  const figure = tally.share('skipped')
  if (figure === undefined || figure <= alarmLimit) return []
  const skipped = Math.round(figure * tally.steps)
  return [
    {
      kind: 'skipped-steps',
      figure,
      limit: alarmLimit,
      sentence: `${skipped} of ${stepsText(tally.steps)} changed nothing, because every advantage was 0.`,
      remedy: withoutSignal({ tally, config }),
    },
  ]
}

/** reinforce++ compares the responses of the whole step, so a group without a difference is no loss there. */
function degenerateGroups({ tally, config }: Observed): Alarm[] {
  const figure = tally.share('degenerate')
  if (config.estimator.name === 'reinforce++' || figure === undefined || figure <= alarmLimit) return []
  return [
    {
      kind: 'degenerate-groups',
      figure,
      limit: alarmLimit,
      sentence: `In ${percentWithSign(figure)} of the groups every response earned the same, so they taught nothing.`,
      remedy: withoutSignal({ tally, config }),
    },
  ]
}

function cutResponses({ tally, config }: Observed): Alarm[] {
  const finished = tally.share('finished')
  if (finished === undefined || 1 - finished <= alarmLimit) return []
  return [
    {
      kind: 'cut-responses',
      figure: 1 - finished,
      limit: alarmLimit,
      sentence: `${percentWithSign(1 - finished)} of the responses in training were cut at rollout.maxTokens ${config.rollout.maxTokens}.`,
      remedy: longer,
    },
  ]
}

function cutEvaluation({ evaluation, config }: Observed): Alarm[] {
  if (evaluation === undefined) return []
  const { step, greedy, expected } = evaluation
  const figure = Math.max(greedy.cut ?? 0, expected.cut ?? 0)
  if (figure <= alarmLimit) return []
  return [
    {
      kind: 'cut-evaluation',
      figure,
      limit: alarmLimit,
      sentence: `${percentWithSign(figure)} of the responses in the evaluation of step ${step} were cut at rollout.maxTokens ${config.rollout.maxTokens}.`,
      remedy: longer,
    },
  ]
}

const longer =
  'Raise rollout.maxTokens, or take a policy that ends its responses: a cut response has no final answer. responses.csv of the report shows them.'

/** Why the responses to a prompt do not differ in what they earn, and what makes them differ. */
function withoutSignal({ tally, config }: Pick<Observed, 'tally' | 'config'>): string {
  const [finished = 1, correct = 0.5, unscored = 0] = [
    tally.share('finished'),
    tally.share('correct'),
    tally.share('unscored'),
  ]
  const share = percentWithSign
  if (1 - finished > alarmLimit) return longer
  if (unscored > alarmLimit)
    return `${share(unscored)} of the responses have no verdict: look at reward.verifier, or at the judge.`
  if (correct < rare) {
    return `${share(correct)} of the responses were correct: look at responses.csv of the report, try reward.answer and reward.verifier by \`rlev score\`, and take easier items or a policy that solves some of them${config.policy.from === 'scratch' ? ', as after a longer warm start' : ''}.`
  }
  if (correct > 1 - rare) return `${share(correct)} of the responses were correct: take harder items.`
  return 'Raise rollout.samples or rollout.temperature, so that responses to a prompt differ.'
}

const stepsText = (steps: number): string => (steps === 1 ? '1 step' : `${steps} steps`)
