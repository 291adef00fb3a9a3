/** Config sections of how a run is measured, kept and shown: `evaluation`, `checkpoint`, `durability`, `tracking`. */
import { z } from 'zod'
import { nameForm, nameWords } from '../names.js'
import { transferSet } from './data.js'
import { count, countUpTo, seedNumber } from './numbers.js'

export const bestMetrics = ['acc', 'h-acc', 'expected-acc', 'expected-h-acc'] as const

export const evaluationSection = z
  .strictObject({
    every: count.default(20).describe('Steps between evaluations; the last step is always evaluated. (steps)'),
    samples: z
      .int()
      .nonnegative()
      .max(10_000)
      .default(4)
      .describe('Sampled responses a test item, for the expected metrics. (responses)'),
    chunk: countUpTo(100_000).default(400).describe('Responses decoded together. (responses)'),
    piece: countUpTo(1_000_000)
      .optional()
      .describe(
        'Responses, at least those of one item, that are made and stored together; policy workers divide such pieces among themselves (docs/metrics/evaluation.md). Bits depend on it, as on chunk, but not on the number of workers. Left out, an evaluation in training is one piece, and one without training or with a judge or verifier of your own has pieces of 1024. (responses)',
      ),
    transfer: z
      .record(z.string().regex(nameForm, nameWords), transferSet)
      .optional()
      .describe(
        'Further test sets by name, on which the policy is evaluated before and after training: exam, style, testItemsPerSection, testSeed of a synthetic one, or file, form of a data file; verifier. Verdicts are by rule.',
      ),
    seed: seedNumber.default(4242).describe('Seed of the evaluation samples, the same for every arm and step.'),
    earlyStop: z
      .strictObject({
        metric: z
          .enum(bestMetrics)
          .default('expected-h-acc')
          .describe('Metric of the evaluations, greedy or expected, that has to rise.'),
        patience: count
          .default(3)
          .describe('Evaluations in a row without a rise after which training ends. (evaluations)'),
        minChange: z
          .number()
          .min(0)
          .max(100)
          .default(0)
          .describe('An evaluation rises if it is more than this above the best before it. (points)'),
      })
      .nullable()
      .default(null)
      .describe(
        'End training when a metric no longer rises; every evaluated step then has a checkpoint (docs/rollout-options.md). null to train all steps.',
      ),
  })
  .prefault({})
  .describe('Evaluation on the test items.')

export const checkpointSection = z
  .strictObject({
    everySteps: count
      .default(20)
      .describe('Steps between checkpoints; between them the journal of rollouts is replayed. (steps)'),
    keep: count.default(3).describe('Older checkpoints to keep besides the latest. (checkpoints)'),
    best: z
      .enum(bestMetrics)
      .nullable()
      .default(null)
      .describe(
        'Evaluation metric, greedy or expected, by which the best evaluated checkpoint is kept too, at any age; null to keep no such checkpoint.',
      ),
    trimJournal: z
      .boolean()
      .default(false)
      .describe(
        'Delete the responses and reward records of the steps before the oldest kept checkpoint, after that checkpoint was read and found undamaged. Metrics stay. To look into such a step later, it has to be computed again.',
      ),
    supervisedSeconds: z
      .number()
      .min(0)
      .nullable()
      .default(300)
      .describe(
        'Time between states of supervised training (a warm start, a score predictor), from the newest of which it goes on after an interruption; null to keep none, and to begin again. (s)',
      ),
  })
  .prefault({})
  .describe('Checkpoints.')

export const durabilitySection = z
  .strictObject({
    stepsPerActivity: count
      .default(20)
      .describe('Training steps in one activity. The results do not depend on it. (steps)'),
    separateStages: z
      .boolean()
      .default(false)
      .describe(
        'Make rollout, rewards and update of a step separate activities, each visible in Temporal and retried alone. Needs `stepsPerActivity: 1`, at which they are separate anyway if verdicts come from a judge, a server or another process. The results do not depend on it.',
      ),
    heartbeatTimeout: z
      .number()
      .min(2)
      .default(30)
      .describe('Timeout after which the activity of a silent worker is retried on another worker. (s)'),
    maxHistoryEvents: count.default(4000).describe('History length at which the workflow continues as new. (events)'),
  })
  .prefault({})
  .describe('How the work is cut into durable pieces.')

export const trackingSection = z
  .strictObject({
    experiment: z
      .string()
      .regex(/^(?!\s)[^\p{C}]{1,200}(?<!\s)$/u, 'a line of text of at most 200 characters')
      .default('rlev')
      .describe('MLflow experiment that the runs belong to.'),
  })
  .prefault({})
  .describe('Tracking in MLflow.')
