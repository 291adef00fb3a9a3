/**
 * What a run of a config must come to, found before it begins: right answers that do not fit into `rollout.maxTokens`, samples that are
 * all the same, and steps that are lost in the rounding of the weights.
 */
import type { PreflightFinding } from '../../pipelines/advantages/planned-arm.js'
import type { ExperimentConfig, Plan } from '../../pipelines/config/schema.js'
import { isOfUser } from '../../pipelines/config/verifier-way.js'
import { responseText } from '../../pipelines/data/demonstrations.js'
import type { DataSet, Item } from '../../pipelines/data/item.js'
import { plannedTokenizer } from '../../pipelines/memory/planned-tokenizer.js'
import { percentWithSign } from '../../pipelines/text/percent.js'

/** References whose tokens are counted: the shortest by characters, which decide. */
const maxCounted = 5000

/** Share of the references that do not fit, above which it is told. */
const manyCut = 0.5

/** At it and below, the most likely token is drawn practically always. */
const coldTemperature = 0.01

/** A step of AdamW moves a weight by about the learning rate; weights of 0.01 are 1e-9 apart in float32. */
const smallestLearningRate = 1e-10

/** Warnings; the same one of several arms is told of the first. */
export function unlearnableFindings(plan: Plan, data: DataSet): PreflightFinding[] {
  const arms = plan.kind === 'experiment' ? [plan] : plan.arms
  const told = new Set<string>()
  return arms.flatMap(({ name, config }) =>
    [...aboutLength(config, data), ...(config.steps === 0 ? [] : [...aboutTemperature(config), ...aboutRate(config)])]
      .filter(({ sentence }) => !told.has(sentence) && told.add(sentence))
      .map(found => ({ ...found, severity: 'warning' as const, arm: name, sentence: `${name}: ${found.sentence}` })),
  )
}

type Found = Pick<PreflightFinding, 'sentence' | 'numbers'>

/** What a reference is to a verifier of the user is not known here, and an answer by letter is short whatever its option says. */
function aboutLength(config: ExperimentConfig, dataset: DataSet): Found[] {
  const { reward, rollout } = config
  if (isOfUser(reward) || reward.verifier === 'choice') return []
  const { maxTokens } = rollout
  const tokenizer = plannedTokenizer(config, dataset)
  const shortest = [...dataset.train, ...dataset.test]
    .toSorted((a, b) => a.answer.length - b.answer.length)
    .slice(0, maxCounted)
  // With the token that ends the response.
  const counts = shortest.map(item => tokenizer.encode(shortestResponse(item, config)).length + 1)
  const fitting = counts.filter(count => count <= maxTokens).length
  const cut = counts.length - fitting
  const least = Math.min(...counts)
  const item = shortest[counts.indexOf(least)]
  if (item === undefined || cut / counts.length <= manyCut) return []
  const which = counts.length < dataset.train.length + dataset.test.length ? 'shortest ' : ''
  const sentence =
    fitting === 0
      ? `rollout.maxTokens ${maxTokens} is below the shortest reference: that of ${item.id} takes ${least} tokens with the end token. A response that says it is cut, and a cut response is wrong, so nothing can be learned. Set it to ${least} or more.`
      : `rollout.maxTokens ${maxTokens} is too short for ${cut} of the ${counts.length} ${which}references (${percentWithSign(cut / counts.length)}): a response that says one of these is cut, and a cut response is wrong.`
  return [{ sentence, numbers: { maxTokens, cut, references: counts.length, shortest: least } }]
}

/** The reference where `reward.answer` looks for it, and nothing else. */
function shortestResponse({ answer }: Item, { reward }: ExperimentConfig): string {
  const place = reward.answer
  if (typeof place === 'object' && 'tag' in place) return `<${place.tag}>${answer}</${place.tag}>`
  return responseText({ working: '', answer, place })
}

function aboutTemperature({ rollout: { temperature, samples } }: ExperimentConfig): Found[] {
  if (temperature > coldTemperature || samples === 1) return []
  const sentence = `rollout.temperature ${temperature} draws the most likely token practically always, so the ${samples} responses to a prompt are the same and earn the same: nothing can be learned from their difference. 1 is usual.`
  return [{ sentence, numbers: { temperature } }]
}

/** An adapter begins at 0, where every step counts. */
function aboutRate({ update: { learningRate, optimizer, adapter } }: ExperimentConfig): Found[] {
  if (optimizer !== 'adamw' || adapter !== null || learningRate >= smallestLearningRate) return []
  const sentence = `update.learningRate ${learningRate} is below the rounding of the weights: a step of AdamW moves a weight by about as much, and most weights would stay as they are. 1e-6 to 1e-4 is usual.`
  return [{ sentence, numbers: { learningRate } }]
}
