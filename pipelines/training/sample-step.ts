/** The responses of a step: its prompts answered by the policy, in rounds if the config has dynamic sampling. */
import { isDegenerate } from '../advantages/estimators/group.js'
import type { Item } from '../data/item.js'
import { given } from '../given.js'
import { keptMark, type Mark } from '../rewards/mark.js'
import type { MarkResponses } from '../rewards/marking.js'
import { type Round, sampleDynamically } from '../rollout/dynamic-sampling.js'
import { promptsOfStep } from '../rollout/prompts.js'
import type { Rollout } from '../rollout/response.js'
import { type RollOutOptions, rollOut } from '../rollout/roll-out.js'

/** Where the rounds of a step are kept until its rollout is. */
export interface KeptRounds {
  read: () => readonly Round[]
  keep: (rounds: readonly Round[]) => void
}

/** `items`: all that are trained on. `mark` is asked with dynamic sampling only. */
type SampleStepOptions = Omit<RollOutOptions, 'firstPrompt'> & { mark: MarkResponses; kept: KeptRounds }

export async function sampleStep({
  policy,
  reference,
  items,
  config,
  step,
  mark,
  kept,
  hooks,
}: SampleStepOptions): Promise<Rollout> {
  const { seed, rollout } = config
  const { prompts, samples } = rollout
  const first = promptsOfStep({ items, prompts, step, seed })
  const rolled = (chosen: readonly Item[], firstPrompt: number) =>
    rollOut({ policy, ...given({ reference }), items: chosen, config, step, firstPrompt, hooks })
  // The config of a run that an older version started does not have the key.
  if (rollout.dynamicSampling == null) return rolled(first, 0)
  return sampleDynamically({
    ...{ step, seed, prompts, items, first },
    rounds: rollout.dynamicSampling.rounds,
    kept: kept.read(),
    keep: kept.keep,
    sample: async (chosen, firstPrompt) => {
      const { responses, prompts: asked } = await rolled(chosen, firstPrompt)
      const answered = responses.map((response, row) => ({ response, item: chosen[Math.floor(row / samples)] as Item }))
      const marks = await mark(answered, config.reward)
      const signal = asked.map(
        (_, prompt) => !isDegenerate(marks.slice(prompt * samples, (prompt + 1) * samples).map(keptOf)),
      )
      return { prompts: asked, responses, signal }
    },
  })
}

const keptOf = ({ verdict, credit }: Mark) => keptMark({ verdict, credit })
