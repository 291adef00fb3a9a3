/** Builds an evaluation from the outcome of each test item: greedy and expected columns, sections, EOS trajectories, ten responses. */
import { type Item, promptText } from '../data/item.js'
import { RlevError } from '../errors.js'
import { given } from '../given.js'
import { creditOf, type KeptMark } from '../rewards/mark.js'
import type { Verdict } from '../rewards/verdict.js'
import { weightedMean } from '../statistics/weighted-mean.js'
import type { ItemValue } from '../values/value.js'
import { eosTrajectories } from './eos.js'
import type { Evaluation, ItemOutcome, SampleResponse, SectionOutcome } from './evaluation.js'
import { expectedScore, greedyScore, type ItemScore, isUnscored } from './item-score.js'
import { columns, passAtK, type ScoredItem } from './metrics.js'
import { type Counted, undecided } from './undecided.js'

const SAMPLE_RESPONSES = 10

export interface AnsweredItem {
  item: Item
  /** The true value. */
  value: number
  outcome: ItemOutcome
  /** Credit of a wrong response, in [-1, 0]. */
  wrongCredit: number
  /** P(EOS) before each token of the greedy response was drawn. */
  eosProbabilities: readonly number[]
}

/** The value of each item, in the order of the items. Throws DataInvalid if an item has no value, because H-Acc needs it. */
export function valuesInOrder(items: readonly Item[], values: readonly ItemValue[]): number[] {
  const known = new Map(values.map(({ itemId, value }) => [itemId, value]))
  return items.map(({ id }) => {
    const value = known.get(id)
    if (value !== undefined) return value
    throw new RlevError({
      kind: 'DataInvalid',
      message: 'a test item has no value',
      place: 'evaluation',
      expected: `a value for each of the ${items.length} items`,
      found: `none for ${JSON.stringify(id)}`,
      remedy: 'evaluate on the items that the values were made from',
    })
  })
}

/** Expected columns are means over the scored samples; without samples they repeat the greedy ones. */
export function buildEvaluation({
  step,
  answered,
  credits = false,
  judge,
}: {
  step: number
  answered: readonly AnsweredItem[]
  /** Whether credits can differ from verdicts; mean credits are then told. */
  credits?: boolean
  /** Model that gave the verdicts. */
  judge?: string | undefined
}): Evaluation {
  const greedy = answered.map(one => scoredItem(one, greedyScore(one.outcome)))
  const expected = answered.map(one => scoredItem(one, expectedScore(one.outcome)))
  return {
    step,
    items: answered.length,
    greedy: columns(greedy),
    expected: columns(expected),
    ...(credits ? { credit: { greedy: meanCredit(greedy), expected: meanCredit(expected) } } : {}),
    unscored: answered.reduce((sum, { outcome }) => sum + verdictsOf(outcome).filter(isUnscored).length, 0),
    undecided: {
      greedy: undecided(answered.map(one => counted(one, [one.outcome.greedy]))),
      expected: undecided(answered.map(one => counted(one, sampledOf(one)))),
    },
    passAtK: passesOf(answered),
    ...given({ judge }),
    sections: sectionsOf({ answered, greedy, expected, credits }),
    // Not every engine gives P(EOS).
    eos: answered.some(({ eosProbabilities }) => eosProbabilities.length > 0)
      ? eosTrajectories(answered.map(({ value, eosProbabilities }) => ({ value, probabilities: eosProbabilities })))
      : [],
    responses: sampleResponses(answered),
  }
}

function verdictsOf({ greedy, samples }: ItemOutcome): Verdict[] {
  return [greedy.verdict, ...samples.map(sample => sample.verdict)]
}

/** Without samples, the greedy response is used instead. */
function sampledOf({ outcome: { greedy, samples } }: AnsweredItem): readonly KeptMark[] {
  return samples.length === 0 ? [greedy] : samples
}

function counted({ item, value, wrongCredit }: AnsweredItem, responses: readonly KeptMark[]): Counted {
  const count = (wanted: Verdict) => responses.filter(({ verdict }) => verdict === wanted).length
  const credit = responses.reduce((sum, response) => sum + creditOf(response), 0)
  const { weight } = item
  const [correct, unscored] = [count('correct'), count('unscored')]
  return { value, weight, correct, credit, wrongCredit, unscored, of: responses.length }
}

function passesOf(answered: readonly AnsweredItem[]): Evaluation['passAtK'] {
  const most = Math.max(0, ...answered.map(({ outcome }) => outcome.samples.length))
  const items = answered.map(one => {
    const { correct, unscored, of, weight } = counted(one, one.outcome.samples)
    return { correct, scored: of - unscored, weight }
  })
  const powers = Array.from({ length: 32 }, (_, power) => 2 ** power).filter(k => k < most)
  return [...powers, ...(most > 0 ? [most] : [])].flatMap(k => {
    const value = passAtK(items, k)
    return value === null ? [] : [{ k, value }]
  })
}

/** Over the scored items; 0 without one. */
function meanCredit(scores: readonly ScoredItem[], weightOf = (score: ScoredItem) => score.weight): number {
  return weightedMean(
    scores.map(({ credit }) => credit ?? 0),
    scores.map(score => (score.credit === null ? 0 : weightOf(score))),
  )
}

function scoredItem({ item, value }: AnsweredItem, score: ItemScore): ScoredItem {
  return { value, weight: item.weight, ...score }
}

/** In the order in which sections first occur. A section whose items are all unscored has accuracy 0 with weight 0. */
function sectionsOf({
  answered,
  greedy,
  expected,
  credits,
}: {
  answered: readonly AnsweredItem[]
  greedy: readonly ScoredItem[]
  expected: readonly ScoredItem[]
  credits: boolean
}): SectionOutcome[] {
  const names = [...new Set(answered.map(({ item }) => item.section))]
  return names.map(section => {
    const indices = answered.flatMap(({ item }, index) => (item.section === section ? [index] : []))
    const of = (scores: readonly ScoredItem[]) => {
      const own = indices.flatMap(index => scores[index] ?? [])
      const weights = own.map(score => (score.correct === null ? 0 : score.weight))
      return {
        acc: weightedMean(
          own.map(score => score.correct ?? 0),
          weights,
        ),
        hAcc: meanCredit(own, ({ weight, value }) => weight * value),
        ...(credits ? { credit: meanCredit(own) } : {}),
        length: weightedMean(
          own.map(score => score.length),
          own.map(score => score.weight),
        ),
      }
    }
    const own = indices.flatMap(index => answered[index] ?? [])
    return {
      section,
      items: own.length,
      value: weightedMean(
        own.map(({ value }) => value),
        own.map(({ item }) => item.weight),
      ),
      greedy: of(greedy),
      expected: of(expected),
    }
  })
}

/** Takes one item of each section in turn, in the order of the items, so every arm and step shows the same items. */
function sampleResponses(answered: readonly AnsweredItem[]): SampleResponse[] {
  const sections = [...new Set(answered.map(({ item }) => item.section))].map(section =>
    answered.filter(({ item }) => item.section === section),
  )
  const rounds = Math.max(0, ...sections.map(items => items.length))
  const chosen: AnsweredItem[] = []
  for (let round = 0; round < rounds && chosen.length < SAMPLE_RESPONSES; round++) {
    chosen.push(...sections.flatMap(items => items[round] ?? []))
  }
  return chosen.slice(0, SAMPLE_RESPONSES).map(({ item, value, outcome: { greedy } }) => ({
    itemId: item.id,
    section: item.section,
    prompt: promptText(item.prompt),
    answer: item.answer,
    value,
    text: greedy.text,
    verdict: greedy.verdict,
    ...given({ credit: greedy.credit }),
  }))
}
