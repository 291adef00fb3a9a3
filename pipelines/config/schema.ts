/**
 * The schema of an experiment: every key with a sentence, a unit and a default. Unknown keys are errors.
 * `describe` texts are what `rlev plan --keys` and docs/config.md print.
 */
import { z } from 'zod'
import { nameForm, nameWords } from './names.js'
import { dataSection, type examNames, rewardSection, type transferExamNames, valueSection } from './sections/data.js'
import { engineSection } from './sections/engine.js'
import { judgeSection } from './sections/judge.js'
import { count, seedNumber } from './sections/numbers.js'
import { overlongSection } from './sections/overlong.js'
import { policySection, type scratchPolicy, statedPolicySection, warmStartSection } from './sections/policy.js'
import { rolloutSection } from './sections/rollout.js'
import { checkpointSection, durabilitySection, evaluationSection, trackingSection } from './sections/run.js'
import { type estimatorNames, estimatorSection, klSection, updateSection } from './sections/training.js'

export { examNames } from './sections/data.js'
export { engineSection } from './sections/engine.js'
export { estimatorNames } from './sections/training.js'

const name = z.string().regex(nameForm, nameWords)

export const experimentSchema = z.strictObject({
  name: name.describe('Name of the run; also its workflow id and folder.'),
  seed: seedNumber.default(1).describe('Seed of everything random in the experiment.'),
  steps: z
    .int()
    .nonnegative()
    .max(10_000_000)
    .default(100)
    .describe('Training steps; 0 evaluates the start policy without training. (steps)'),
  data: dataSection,
  value: valueSection,
  reward: rewardSection,
  judge: judgeSection,
  policy: policySection,
  warmStart: warmStartSection,
  rollout: rolloutSection,
  overlong: overlongSection,
  estimator: estimatorSection,
  kl: klSection,
  update: updateSection,
  evaluation: evaluationSection,
  engine: engineSection,
  checkpoint: checkpointSection,
  durability: durabilitySection,
  tracking: trackingSection,
})

/** An experiment as a file states it. */
export const statedSchema = experimentSchema.extend({ policy: statedPolicySection })

const listed = z
  .record(z.string(), z.array(z.union([z.string(), z.number(), z.boolean(), z.null()])).min(1))
  .default({})

const publishedFigures = z.strictObject({
  acc: z.number().optional().describe('Acc. (%)'),
  hAcc: z.number().optional().describe('H-Acc. (%)'),
  length: z.number().optional().describe('Mean response length. (tokens)'),
  valueDensity: z.number().optional().describe('Value density. (% a token)'),
  exactMatch: z.number().optional().describe('Scores that a predictor met exactly. (%)'),
  pearson: z.number().optional().describe("Pearson's correlation of predicted and given scores. (1)"),
  transfer: z
    .record(
      z.string(),
      z.strictObject({
        before: z.number().optional().describe('Before training. (%)'),
        after: z.number().describe('After training. (%)'),
      }),
    )
    .optional()
    .describe('Acc on further test sets, by name.'),
})

export const sweepSchema = z.strictObject({
  baseline: z.string().describe('Arm that the others are compared with.'),
  versus: z
    .record(name, z.string())
    .optional()
    .describe('Arms that are compared with another arm instead of the baseline, each with the name of that other arm.'),
  placebo: z
    .array(z.string())
    .default([])
    .describe('Arms declared to take the same step as the baseline: no difference is expected.'),
  seeds: z.array(seedNumber).min(1).max(1000).describe('Seeds, paired across the arms.'),
  concurrency: count.default(2).describe('Experiments that run at the same time. (experiments)'),
  onFailure: z
    .enum(['continue', 'stop'])
    .default('continue')
    .describe(
      'What happens after an experiment has failed: `continue` runs the others; `stop` starts no further experiment and lets the running ones end. `resume` works after both.',
    ),
  endpoint: z
    .enum(['expected-h-acc-curve', 'expected-h-acc-final', 'h-acc-curve', 'h-acc-final'])
    .default('expected-h-acc-curve')
    .describe(
      'Main endpoint, named before the run: H-Acc, expected or greedy, mean over the curve (base left out) or at the end.',
    ),
  smallestGain: z
    .number()
    .positive()
    .max(100)
    .optional()
    .describe(
      'Smallest gain in the endpoint that is of interest, named before the run. If the interval of an arm lies below it, the claim is not supported. (points)',
    ),
  arms: z
    .record(name, z.record(z.string(), z.unknown()))
    .default({})
    .describe('Arms by name, each with the keys that differ.'),
  published: z
    .strictObject({
      source: z.string().describe('Where they were published, in a few words.'),
      arms: z
        .record(name, publishedFigures)
        .describe(
          'By arm: acc, hAcc (%), length (tokens), valueDensity (% a token), exactMatch (%) and pearson of a score predictor, transfer (before and after, %, by test set).',
        ),
    })
    .nullable()
    .optional()
    .describe('Published figures that the report shows beside ours; null to drop those of an extended file.'),
  grid: listed.describe('Values by key, such as `reward.alpha: [1, 5, 10]`: an arm for every combination.'),
  zip: listed.describe('Values by key, lists of one length: an arm for the first of each, one for the second of each.'),
})

export type ExperimentConfig = z.output<typeof experimentSchema>
export type StatedConfig = z.output<typeof statedSchema>
export type SweepSettings = z.output<typeof sweepSchema>
export type DataConfig = ExperimentConfig['data']
export type JudgeConfig = NonNullable<ExperimentConfig['judge']>
export type TinkerEngineConfig = Extract<ExperimentConfig['engine'], { kind: 'tinker' }>
/** Of the local engine. */
export type EngineConfig = Exclude<ExperimentConfig['engine'], { kind: 'tinker' }>
export type ScratchPolicyConfig = z.output<typeof scratchPolicy>
export type EstimatorName = (typeof estimatorNames)[number]
export type ExamName = (typeof examNames)[number]
export type TransferExamName = (typeof transferExamNames)[number]
export type TransferSets = NonNullable<ExperimentConfig['evaluation']['transfer']>

/** What a config file asks for, resolved: defaults filled in, `extends` followed, paths absolute. Frozen at launch. */
export interface ExperimentPlan {
  kind: 'experiment'
  name: string
  config: ExperimentConfig
  warnings: readonly string[]
}

export interface SweepPlan {
  kind: 'sweep'
  name: string
  settings: Omit<SweepSettings, 'arms' | 'grid' | 'zip' | 'onFailure'> & Partial<Pick<SweepSettings, 'onFailure'>>
  /** Arms in file order; `config.seed` is replaced by each of the seeds. */
  arms: readonly { name: string; config: ExperimentConfig }[]
  warnings: readonly string[]
}

export type Plan = ExperimentPlan | SweepPlan
