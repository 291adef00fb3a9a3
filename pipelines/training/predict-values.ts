/**
 * Values from a score predictor (table 3, predicted; table 7): the start policy is fine-tuned on question ->
 * score, and then predicts a score for each question. Cross-validation: each item's score comes from a
 * predictor trained on other exams. The paper predicts scores of another data set instead. If a response is not
 * a score, the item gets the mean value of its predictor's training items.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ExperimentConfig } from '../config/schema.js'
import type { Item } from '../data/item.js'
import type { Sequence } from '../engine/response-batch.js'
import { disposeOptimizer } from '../model/optimizer-state.js'
import { disposePolicy, type Policy } from '../model/policy.js'
import type { Hooks } from '../progress.js'
import { stream } from '../random.js'
import { generate } from '../sampling/generate.js'
import { mean } from '../statistics/estimate.js'
import { encodePrompts } from '../tokenizer/tokenizer.js'
import { foldsOf } from '../values/predictor/folds.js'
import { parseScore, scoreText } from '../values/predictor/points-text.js'
import { scorePrompt } from '../values/predictor/prompt.js'
import { type PredictionQuality, predictionQuality } from '../values/predictor/quality.js'
import type { ItemValue } from '../values/value.js'
import { rateOf, supervisedStep, taught } from './supervised.js'
import { type Learner, makeSteps, newLearner, noStates, openLearner, type TrainingStates } from './training-states.js'

interface PredictedValues {
  /** In the order of the items, with predicted points and values. */
  values: ItemValue[]
  quality: PredictionQuality
}

interface Predicting {
  config: ExperimentConfig
  items: readonly Item[]
  /** The given values of the same items. */
  values: readonly ItemValue[]
  /** Loads the start policy. Called for each fold, which disposes of it. */
  open: () => Promise<Policy>
  /** Without it an interrupted prediction begins again. */
  kept?: KeptPredictors
  hooks: Hooks
}

interface KeptPredictors {
  /** Of all folds, one after the other: their steps are counted on. */
  states: TrainingStates
  /** Loads the policy of a state. */
  reopen: (folder: string) => Promise<Policy>
}

/**
 * Goes on from the newest state that is kept. Rejects with DataInvalid if there are fewer exams than folds, or a score has characters
 * that the tokenizer lacks.
 */
export async function predictValues(predicting: Predicting): Promise<PredictedValues> {
  const { config, items, values, open, hooks } = predicting
  const { states, reopen }: KeptPredictors = predicting.kept ?? { states: noStates, reopen: open }
  const foldOf = foldsOf(items, config.value.predictor.folds, config)
  const folds = foldsWithSteps(foldOf, config)
  let predicted = new Array<number | null>(items.length).fill(null)
  const begun = await openLearner({
    states,
    begin: open,
    async reopen(folder) {
      predicted = JSON.parse(await readFile(join(folder, scoresFile), 'utf8')) as (number | null)[]
      return reopen(folder)
    },
  })
  // Each state is of a step within a fold.
  const first = folds.findLastIndex(({ before }) => before <= begun.step)
  for (const [fold, { asked, shown, before, steps }] of folds.entries()) {
    if (fold < first) continue
    const learner = fold === first ? { ...begun, step: begun.step - before } : await newLearner(open)
    try {
      const part = `fold ${fold + 1} of ${folds.length}`
      const note = `score predictor, ${part}`
      const within = statesOfFold(states, { before, predicted })
      await teach({ learner, config, items, shown, fold, steps, states: within, note, hooks })
      const scores = await scoresOf({
        policy: learner.policy,
        config,
        items,
        asked,
        hooks: noting(hooks, `predicting scores, ${part}`),
      })
      for (const [index, item] of asked.entries()) predicted[item] = scores[index] as number | null
    } finally {
      disposePolicy(learner.policy)
    }
  }
  const fallback = folds.map(({ shown }) => mean(shown.map(index => (values[index] as ItemValue).value)))
  return {
    values: values.map((item, index) => {
      const score = predicted[index] as number | null
      if (score !== null) return { ...item, points: score, value: score / item.total }
      const value = fallback[foldOf[index] as number] as number
      return { ...item, points: value * item.total, value }
    }),
    quality: predictionQuality(
      items.map(({ points }, index) => ({ given: points, predicted: predicted[index] as number | null })),
    ),
  }
}

/** What the folds before have predicted, beside a state. */
const scoresFile = 'scores.json'

/** The states of a fold, which begins after `before` steps of others. */
function statesOfFold(
  states: TrainingStates,
  { before, predicted }: { before: number; predicted: readonly (number | null)[] },
): Pick<TrainingStates, 'afterStep'> {
  return {
    afterStep: (step, save) =>
      states.afterStep(before + step, async folder => {
        await save(folder)
        await writeFile(join(folder, scoresFile), JSON.stringify(predicted))
      }),
  }
}

interface Fold {
  /** Items whose scores are predicted. */
  asked: number[]
  /** Items whose scores are shown. */
  shown: number[]
  /** Steps of the folds before. */
  before: number
  steps: number
}

function foldsWithSteps(foldOf: readonly number[], config: ExperimentConfig): Fold[] {
  const { folds, epochs, batch } = config.value.predictor
  let before = 0
  return Array.from({ length: folds }, (_, fold) => {
    const others = indicesOf(foldOf, other => other !== fold)
    const shown = labelled(others, config, fold)
    const steps = epochs * Math.ceil(shown.length / batch)
    before += steps
    return { asked: indicesOf(foldOf, other => other === fold), shown, before: before - steps, steps }
  })
}

/** The items whose scores are shown: a configured share, drawn by seed. */
function labelled(from: readonly number[], { seed, value }: ExperimentConfig, fold: number): number[] {
  const { labelled: share } = value.predictor
  if (share === 1) return [...from]
  const order = stream(seed, 'labelled items of the score predictor').permutation(from.length, fold)
  return order.slice(0, Math.max(1, Math.round(share * from.length))).map(index => from[index] as number)
}

/** Disposes of the optimizer. */
async function teach({
  learner,
  config,
  items,
  shown,
  fold,
  steps,
  states,
  note,
  hooks,
}: {
  learner: Learner
  config: ExperimentConfig
  items: readonly Item[]
  shown: readonly number[]
  fold: number
  steps: number
  states: Pick<TrainingStates, 'afterStep'>
  note: string
  hooks: Hooks
}): Promise<void> {
  const { policy, optimizer } = learner
  const { batch, learningRate } = config.value.predictor
  try {
    const taughtItems = shown.map(index => items[index] as Item)
    const prompts = await promptsOf(policy, config, taughtItems)
    const sequences = taughtItems.map(
      ({ id, points }, index): Sequence => ({
        promptTokens: prompts[index] as number[],
        tokens: taught(policy.tokenizer, scoreText(points), `the score of item ${id}`),
      }),
    )
    const maxTokens = sequences.reduce((max, { tokens }) => Math.max(max, tokens.length), 1)
    const each = Math.ceil(sequences.length / batch)
    const order = stream(config.seed, `order of the score predictor, fold ${fold}`)
    let [epoch, pass] = [[] as number[], -1]
    const make = (step: number) => {
      const first = ((step - 1) % each) * batch
      const asked = Math.floor((step - 1) / each)
      if (asked !== pass) [epoch, pass] = [order.permutation(sequences.length, asked), asked]
      return supervisedStep({
        policy,
        optimizer,
        batch: epoch.slice(first, first + batch).map(index => sequences[index] as Sequence),
        limits: { microBatch: Math.min(batch, config.update.microBatch), tokenBudget: config.update.tokenBudget },
        weightDecay: 0,
        clipNorm: 1,
        learningRate: rateOf(step, { learningRate, warmup: 0, steps }),
        maxTokens,
        stage: { name: 'score predictor', rateKey: 'value.predictor.learningRate' },
      })
    }
    await makeSteps({ learner, steps, states, make, note, hooks })
  } finally {
    disposeOptimizer(optimizer)
  }
}

/** The most likely score of each item; null if the response is not a score. */
async function scoresOf({
  policy,
  config,
  items,
  asked,
  hooks,
}: {
  policy: Policy
  config: ExperimentConfig
  items: readonly Item[]
  asked: readonly number[]
  hooks: Hooks
}): Promise<(number | null)[]> {
  const responses = await generate({
    policy,
    prompts: await promptsOf(
      policy,
      config,
      asked.map(index => items[index] as Item),
    ),
    uniforms: () => null,
    maxTokens: config.value.predictor.maxTokens,
    chunk: config.evaluation.chunk,
    hooks,
  })
  return responses.map(({ tokens, finish }, index) => {
    const { total } = items[asked[index] as number] as Item
    return finish === 'stop' ? parseScore(policy.tokenizer.decode(tokens), total) : null
  })
}

const promptsOf = ({ tokenizer }: Policy, { policy }: ExperimentConfig, items: readonly Item[]): Promise<number[][]> =>
  encodePrompts(
    tokenizer,
    items.map(item => scorePrompt(item, policy.from === 'checkpoint')),
  )

const indicesOf = (foldOf: readonly number[], holds: (fold: number) => boolean): number[] =>
  foldOf.flatMap((fold, index) => (holds(fold) ? [index] : []))

const noting = (hooks: Hooks, note: string): Hooks => ({
  tick: progress => hooks.tick(progress && { ...progress, note }),
})
