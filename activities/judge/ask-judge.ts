/** The config's judge inside an activity: with heartbeats while it is waited for, and a line in the log. */
import { Context, log } from '@temporalio/activity'
import type { JudgeConfig } from '../../pipelines/config/schema.js'
import type { AskJudge } from '../../pipelines/rewards/judge/judge-responses.js'
import { withHeartbeat } from '../stage.js'
import type { Workplace } from '../workplace.js'
import { Judge } from './judge.js'

export function askJudge({ home }: Workplace, config: JudgeConfig): AskJudge {
  const judge = new Judge({ config, home })
  return questions =>
    withHeartbeat(async () => {
      const { judged, asked } = await judge.ask(questions, { signal: Context.current().cancellationSignal })
      const unscored = judged.filter(({ verdict }) => verdict === 'unscored')
      log.info('judged', { model: config.model, ...asked })
      if (unscored.length > 0) log.warn('no verdict', { unscored: unscored.length, reason: unscored[0]?.reason })
      return judged.map(({ verdict }) => verdict)
    })
}
