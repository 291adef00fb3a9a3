/** What a tokenizer says of `rollout.stop`, before a run has begun: stops that it has no token for, or that no response can have. */
import type { PreflightFinding } from '../../pipelines/advantages/planned-arm.js'
import type { Plan } from '../../pipelines/config/schema.js'
import type { DataSet } from '../../pipelines/data/item.js'
import { plannedTokenizer } from '../../pipelines/memory/planned-tokenizer.js'
import { stopsOf } from '../../pipelines/sampling/stops.js'
import type { PolicyTokenizer } from '../../pipelines/tokenizer/tokenizer.js'

/** @throws RlevError ConfigInvalid for a stop token that the policy of an arm cannot draw. */
export function stopFindings(plan: Plan, data: DataSet): PreflightFinding[] {
  const arms = plan.kind === 'experiment' ? [plan] : plan.arms
  const told = new Set<string>()
  return arms.flatMap(({ name, config }) => {
    const { stop } = config.rollout
    if (stop == null) return []
    const tokenizer = plannedTokenizer(config, data)
    stopsOf(tokenizer, stop)
    const sentences = [
      ...stop.tokens
        .filter(token => endsAnyway(tokenizer, token))
        .map(
          token =>
            `rollout.stop.tokens ${JSON.stringify(token)} has no effect: it is an end-of-sequence token, at which every response ends.`,
        ),
      ...stop.strings
        .filter(string => tokenizer.decode(tokenizer.encode(string)) !== string)
        .map(
          string =>
            `rollout.stop.strings ${JSON.stringify(string)} may never be found: the tokenizer does not give it back as it is.`,
        ),
    ]
    return sentences.flatMap((sentence): PreflightFinding[] => {
      if (told.has(sentence)) return []
      told.add(sentence)
      return [{ severity: 'warning', arm: name, sentence: `${name}: ${sentence}`, numbers: {} }]
    })
  })
}

function endsAnyway({ eosIds, encode }: PolicyTokenizer, token: string | number): boolean {
  return (typeof token === 'number' ? [token] : encode(token)).every(id => eosIds.includes(id))
}
