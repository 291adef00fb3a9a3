/** What a person is told before anything starts: what will run, for how long, and how to leave it. Pure: a plan in, lines out. */
import { endpointName } from '../../pipelines/comparison/outcome.js'
import { baselineOf } from '../../pipelines/config/baselines.js'
import type { Plan } from '../../pipelines/config/schema.js'
import { formatEstimate } from '../text/format.js'
import { layOutParagraphs } from '../text/paragraphs.js'

/** `seconds`: estimated; undefined if the policy's checkpoint cannot be read here. `watch`: the command that comes back to the run. */
export function outlookOf({
  plan,
  seconds,
  watch,
  width,
}: {
  plan: Plan
  seconds: number | undefined
  watch: string
  /** Columns of the terminal. */
  width?: number | undefined
}): string[] {
  const takes =
    seconds === undefined
      ? 'Not known, because the checkpoint cannot be read here; the time left is shown once there is a pace.'
      : `${capitalized(formatEstimate(seconds))} on 2 idle CPU cores.`
  const paragraphs = [
    ['Runs', whatRuns(plan)],
    ['Takes', `${takes} Services that do not run yet are started first, in half a minute.`],
    ['Ctrl-C', `Leaves, and the work goes on; \`${watch}\` comes back to it.`],
  ] as const
  return [`${plan.name}:`, ...layOutParagraphs(paragraphs, width)]
}

function whatRuns(plan: Plan): string {
  if (plan.kind === 'experiment') {
    const { steps, seed, estimator } = plan.config
    return steps === 0
      ? 'One evaluation without training.'
      : `One experiment: ${steps} ${steps === 1 ? 'step' : 'steps'} of ${estimator.name} with seed ${seed}.`
  }
  const { seeds, concurrency, endpoint } = plan.settings
  const count = plan.arms.length * seeds.length
  const baselines = new Set(plan.arms.flatMap(({ name }) => baselineOf(plan.settings, name) ?? []))
  const against = baselines.size > 1 ? 'its baseline' : [...baselines].join('')
  return `${plan.arms.length} arms x ${seeds.length} ${seeds.length === 1 ? 'seed' : 'seeds'} = ${count} experiments, ${Math.min(count, concurrency)} at a time; each arm is compared with ${against} by ${endpointName(endpoint)}.`
}

const capitalized = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)
