/** Whatever marks the responses of an experiment, inside an activity: with heartbeats while it is waited for, and a line in the log. */
import { Context, log } from '@temporalio/activity'
import type { ExperimentConfig } from '../../pipelines/config/schema.js'
import { verifierWay } from '../../pipelines/config/verifier-way.js'
import { judgeResponses } from '../../pipelines/rewards/judge/judge-responses.js'
import { type MarkResponses, markByRule, type ReasonedMark } from '../../pipelines/rewards/marking.js'
import { askJudge } from '../judge/ask-judge.js'
import { withHeartbeat } from '../stage.js'
import type { Workplace } from '../workplace.js'
import { Marker } from './marker.js'

/** The judge where the config lets it decide, else the verifier. */
export function markWith(
  workplace: Workplace,
  { judge }: Pick<ExperimentConfig, 'judge'>,
  what: 'training' | 'evaluation',
): MarkResponses {
  if (judge !== undefined && (what === 'evaluation' || judge.decides === 'everything')) {
    const ask = askJudge(workplace, judge)
    return (responses, reward) => judgeResponses({ responses, reward, ask })
  }
  return markByVerifier(workplace)
}

export function markByVerifier({ home }: Workplace): MarkResponses {
  return (responses, reward) => {
    if (verifierWay(reward).kind === 'rule') return markByRule(responses, reward)
    return withHeartbeat(async () => {
      const marks = await markerOf(home).mark(responses, reward, { signal: Context.current().cancellationSignal })
      tellUnscored(marks)
      return marks
    })
  }
}

/** Reasons that one line of the log names. */
const maxReasons = 5

function tellUnscored(marks: readonly ReasonedMark[]): void {
  const reasons = new Map<string, number>()
  for (const { reason } of marks) if (reason !== undefined) reasons.set(reason, (reasons.get(reason) ?? 0) + 1)
  if (reasons.size === 0) return
  const unscored = [...reasons.values()].reduce((sum, count) => sum + count, 0)
  const common = [...reasons].sort(([, a], [, b]) => b - a).slice(0, maxReasons)
  log.warn('no verdict', { unscored, reasons: Object.fromEntries(common) })
}

const markers = new Map<string, Marker>()

/** One for all activities of this process, so that they share its processes. */
function markerOf(home: string): Marker {
  const marker = markers.get(home) ?? new Marker({ home })
  markers.set(home, marker)
  return marker
}
