/**
 * What a run came to, in five sentences for a terminal: the question, the effect, the verdict, what the controls show, and what to
 * do next. The tables stay in `compare` and in the report. No sentence is stronger than the claim rule allows.
 */
import type { Comparison } from '../../comparison/comparison.js'
import type { ExperimentConfig, Plan, SweepPlan } from '../../config/schema.js'
import { type CommandLine, nextAlone, nextOf } from './next.js'
import { aboutControls, effectAlone, effectOf, verdictOf } from './sentences.js'
import { type Compared, isControl, isPaired, listed } from './subjects.js'

/** A sentence each. */
export interface Conclusion {
  question: string
  effect: string
  verdict: string
  controls: string
  next: string
}

export function conclude({
  plan,
  comparison,
  command,
}: {
  plan: Plan
  comparison: Comparison
  command: CommandLine
}): Conclusion {
  if (plan.kind === 'experiment') return concludeAlone(comparison, plan.config, command)
  const compared = comparedArms(plan, comparison)
  const meaningful = compared.filter(one => !isControl(one))
  // A sweep of controls alone asks about them.
  const subjects = meaningful.length > 0 ? meaningful : compared.filter(({ arm }) => arm.role !== 'placebo')
  const controls = compared.filter(one => !subjects.includes(one))
  const paired = subjects.filter(isPaired)
  const experiments = plan.arms.length * plan.settings.seeds.length
  return {
    question: questionOf(comparison, subjects),
    effect: effectOf(comparison, { subjects, experiments }),
    verdict: verdictOf(comparison, paired),
    controls: aboutControls(controls),
    next: nextOf(comparison, { paired, command }),
  }
}

function concludeAlone(comparison: Comparison, config: ExperimentConfig, command: CommandLine): Conclusion {
  const { name } = comparison
  return {
    question: `How far ${stepsText(config)} of training with seed ${config.seed} take the policy of ${name}?`,
    effect: effectAlone(comparison),
    verdict: 'There is no verdict: one run has no baseline and no interval, so it describes itself only.',
    controls: 'There is no control: a sweep with a baseline, several seeds and a placebo has them.',
    next: nextAlone(comparison, command),
  }
}

/** With an early stop the run may have fewer. */
function stepsText({ steps, evaluation }: ExperimentConfig): string {
  if (steps === 1) return 'does 1 step'
  return evaluation.earlyStop == null ? `do ${steps} steps` : `do up to ${steps} steps`
}

function comparedArms({ arms }: SweepPlan, comparison: Comparison): Compared[] {
  const configs = new Map(arms.map(({ name, config }) => [name, config]))
  return comparison.arms.flatMap((arm): Compared[] => {
    const config = configs.get(arm.arm)
    const reference = configs.get(arm.against ?? '')
    if (arm.against === null || config === undefined || reference === undefined) return []
    return [{ arm, config, against: arm.against, reference }]
  })
}

/** In the paper's words where the arms differ from their baselines in rewarding by value. */
function questionOf({ endpointName }: Comparison, subjects: readonly Compared[]): string {
  const names = listed(subjects.map(({ arm }) => arm.arm))
  const baselines = listed([...new Set(subjects.map(({ against }) => against))])
  const values = subjects.every(
    ({ config, reference }) => config.reward.scale !== 'correctness' && reference.reward.scale === 'correctness',
  )
  if (subjects.length === 0) return `Does an arm gain on the baseline in ${endpointName}?`
  if (values) {
    return `Does rewarding correct answers by their value (${names}) raise H-Acc, accuracy weighted by value, above rewarding all alike (${baselines})?`
  }
  return `${subjects.length === 1 ? 'Does' : 'Do'} ${names} gain on ${baselines} in ${endpointName}?`
}
