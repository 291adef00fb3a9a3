/**
 * The schema of an experiment: every key with a sentence, a unit and a default. Unknown keys are errors.
 * `describe` texts are what `rlev plan --keys` and docs/config.md print.
 */
import { z } from 'zod'

const name = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/,
    'letters, digits, dot, dash and underscore, at most 64, a letter or digit first',
  )
const positive = z.number().positive()
const share = z.number().min(0).max(1)
const count = z.int().positive()

export const estimatorNames = [
  'rloo',
  'reinforce++',
  'reinforce++-baseline',
  'grpo',
  'dr-grpo',
  'batch-deviation',
  'maxrl',
] as const
export const scaleNames = ['correctness', 'human-aligned', 'multiplicative', 'uniform'] as const
export const examNames = ['v7', 'v5', 'pl', 'p50', 'nc', 'inv'] as const

const syntheticData = z.strictObject({
  source: z.literal('synthetic').describe('Exam papers made by the seeded generator.'),
  exam: z
    .enum(examNames)
    .default('v7')
    .describe('Composition of the papers: sections, items and points (docs/exam.md).'),
  style: z
    .enum(['symbols', 'english', 'chinese'])
    .default('symbols')
    .describe('How a prompt is written: bare symbols (12+34=), or a sentence.'),
  trainPapers: count.default(100).describe('Papers to train on. (papers)'),
  testItemsPerSection: count
    .default(400)
    .describe('Test items of each section, weighted by the composition when they are averaged. (items)'),
  testSeed: z
    .int()
    .nonnegative()
    .default(99999)
    .describe('Seed of the test items, the same for every seed of a sweep.'),
})

const fileData = z.strictObject({
  source: z.literal('file').describe('Items read from JSON or JSONL.'),
  train: z.string().describe('Path of the training file, relative to the config file.'),
  test: z.string().optional().describe('Path of the test file; without it `testShare` of the exams are held out.'),
  testShare: share.default(0.1).describe('Share of exams held out where no test file is given. (share)'),
  splitSeed: z
    .int()
    .nonnegative()
    .default(99999)
    .describe('Seed of which exams are held out, the same for every seed of a sweep.'),
  form: z
    .enum(['auto', 'plain', 'rlev'])
    .default('auto')
    .describe(
      'plain: prompt, answer, points, total, exam; rlev: query, label, score, total of the public set; auto: told by the first row.',
    ),
  onBadRow: z
    .enum(['stop', 'skip'])
    .default('stop')
    .describe('What a bad row does: ends the run, or is reported, counted and left out.'),
})

const scratchPolicy = z.strictObject({
  from: z.literal('scratch').describe('A decoder made here, with a character tokenizer.'),
  width: count.default(64).describe('Hidden size. (units)'),
  layers: count.default(2).describe('Decoder layers. (layers)'),
  heads: count.default(4).describe('Attention heads. (heads)'),
  keyValueHeads: count.default(4).describe('Key and value heads, a divisor of `heads`. (heads)'),
  mlpWidth: count.default(168).describe('Width of the gated MLP. (units)'),
  tied: z.boolean().default(false).describe('Whether the output head is the embedding.'),
  ropeTheta: positive.default(10000).describe('Base of the rotary positions.'),
  initDeviation: positive.default(0.02).describe('Standard deviation of initial projection weights.'),
  embeddingDeviation: positive.default(0.3).describe('Standard deviation of initial embeddings.'),
})

const checkpointPolicy = z.strictObject({
  from: z.literal('checkpoint').describe('A folder in Hugging Face form.'),
  path: z.string().describe('Path of the folder, relative to the config file.'),
})

export const experimentSchema = z.strictObject({
  name: name.describe('Name of the run; also its workflow id and folder.'),
  seed: z
    .int()
    .min(0)
    .max(2 ** 31 - 1)
    .default(1)
    .describe('Seed of everything random in the experiment.'),
  steps: count.default(100).describe('Training steps. (steps)'),
  data: z
    .discriminatedUnion('source', [syntheticData, fileData])
    .prefault({ source: 'synthetic' })
    .describe('Where the exam items come from.'),
  value: z
    .strictObject({
      ablation: z
        .enum(['none', 'shuffled'])
        .default('none')
        .describe(
          'Values that the reward sees: as they are, or permuted over the training items (seeded). Evaluation always uses the true ones.',
        ),
      site: z
        .enum(['reward', 'advantage', 'loss'])
        .default('reward')
        .describe('Where the scale acts: on the reward (the paper), on the advantage, or on the loss of the response.'),
    })
    .prefault({})
    .describe('What the arm does with the values.'),
  reward: z
    .strictObject({
      scale: z
        .enum(scaleNames)
        .default('human-aligned')
        .describe(
          'Factor of a correct answer: 1; 1 + min(alpha v, cap); 1 + alpha v; or the mean of the human-aligned scale over the training items.',
        ),
      alpha: positive.default(10).describe('Slope of the scale in the value. (1)'),
      cap: positive.default(1).describe('Largest addition to 1 that alpha v can make. (1)'),
      verifier: z
        .enum(['exact', 'numeric', 'choice'])
        .default('exact')
        .describe('How the final answer is compared with the reference.'),
      tolerance: z.number().min(0).default(1e-6).describe('Relative tolerance of the numeric verifier. (share)'),
      answer: z
        .enum(['after-hash', 'boxed', 'last-line', 'whole'])
        .default('after-hash')
        .describe(
          'Which part of a response is its final answer: after the first #, in the last \\boxed{}, the last line, or all of it.',
        ),
    })
    .prefault({})
    .describe('Verifier and scale.'),
  policy: z
    .discriminatedUnion('from', [scratchPolicy, checkpointPolicy])
    .prefault({ from: 'scratch' })
    .describe('The model that is trained.'),
  warmStart: z
    .strictObject({
      steps: z
        .int()
        .nonnegative()
        .default(900)
        .describe('Supervised steps before reinforcement learning; 0 for none. (steps)'),
      batch: count.default(128).describe('Demonstrations a step. (items)'),
      learningRate: positive
        .default(3e-3)
        .describe('Peak rate of AdamW, after warm-up, before the cosine to a tenth. (1)'),
      warmup: z.int().nonnegative().default(100).describe('Steps of linear warm-up. (steps)'),
      weightDecay: z.number().min(0).default(0.01).describe('Decoupled weight decay. (1)'),
      clipNorm: positive.default(1).describe('Largest global gradient norm. (1)'),
      sectionShares: z
        .array(z.number().min(0))
        .default([1, 2, 2, 3])
        .describe('How often each section of a synthetic exam is drawn, in the order add1, add2, mul, add3. (ratio)'),
      workingShares: z
        .array(share)
        .default([0.05, 0.7, 0.7, 0.7])
        .describe('Share of demonstrations of each section that show the working. (share)'),
      finalSteps: z
        .int()
        .nonnegative()
        .default(40)
        .describe('Last steps, in which every section shows working equally often. (steps)'),
      finalWorkingShare: share.default(0.2).describe('Share of demonstrations with working in the last steps. (share)'),
    })
    .prefault({})
    .describe('Supervised warm start of a policy made from scratch.'),
  rollout: z
    .strictObject({
      prompts: count.default(16).describe('Prompts a step. (prompts)'),
      samples: z.int().min(1).default(8).describe('Responses a prompt. (responses)'),
      temperature: positive.default(1).describe('Sampling temperature. (1)'),
      maxTokens: count.default(14).describe('Longest response. (tokens)'),
      chunk: count
        .default(128)
        .describe('Responses decoded together; the shape of the batch is fixed by it. (responses)'),
    })
    .prefault({})
    .describe('Sampling of responses.'),
  estimator: z
    .strictObject({
      name: z.enum(estimatorNames).default('rloo').describe('Advantage estimator (docs/estimators.md).'),
      epsilon: positive.default(1e-6).describe('Added to a deviation that is divided by. (reward)'),
      allowCancelled: z
        .boolean()
        .default(false)
        .describe(
          'Run although the estimator cancels the value, so that the arm takes the step of the correctness arm.',
        ),
    })
    .prefault({})
    .describe('How rewards become advantages.'),
  kl: z
    .strictObject({
      place: z
        .enum(['none', 'log', 'reward', 'loss'])
        .default('log')
        .describe(
          'Where the divergence from the warm start acts: nowhere, in the metrics only, in the reward, or in the loss.',
        ),
      estimator: z
        .enum(['k1', 'k2', 'k3'])
        .default('k3')
        .describe('Estimator of the divergence that acts; all three are logged.'),
      coefficient: z.number().min(0).default(0).describe('Weight of the divergence in the reward or the loss. (1)'),
    })
    .prefault({})
    .describe('Divergence from the reference policy.'),
  update: z
    .strictObject({
      optimizer: z.enum(['adamw', 'sgd']).default('adamw').describe('Rule that turns gradients into steps.'),
      learningRate: positive.default(5e-5).describe('Step size. (1)'),
      betas: z
        .tuple([share, share])
        .default([0.9, 0.99])
        .describe('Decay of the first and second moments of AdamW. (1)'),
      epsilon: positive.default(1e-8).describe('Added to the root of the second moment of AdamW. (gradient)'),
      weightDecay: z.number().min(0).default(0).describe('Decoupled weight decay. (1)'),
      clipNorm: positive.nullable().default(null).describe('Largest global gradient norm; null for none. (1)'),
      aggregation: z
        .enum(['sequence-sum', 'sequence-mean', 'token-mean'])
        .default('sequence-sum')
        .describe(
          'Loss of a batch: mean over responses of the sum over tokens, of the mean over tokens, or mean over all tokens.',
        ),
      microBatch: count
        .default(128)
        .describe('Responses in one forward and backward pass; the gradient does not depend on it. (responses)'),
    })
    .prefault({})
    .describe('Policy gradient.'),
  evaluation: z
    .strictObject({
      every: count.default(20).describe('Steps between evaluations; the last step is always evaluated. (steps)'),
      samples: z
        .int()
        .nonnegative()
        .default(4)
        .describe('Sampled responses a test item, for the expected metrics. (responses)'),
      chunk: count.default(400).describe('Responses decoded together. (responses)'),
      seed: z
        .int()
        .nonnegative()
        .default(4242)
        .describe('Seed of the evaluation samples, the same for every arm and step.'),
    })
    .prefault({})
    .describe('Evaluation on the test items.'),
  checkpoint: z
    .strictObject({
      everySteps: count
        .default(20)
        .describe('Steps between checkpoints; between them the journal of rollouts is replayed. (steps)'),
      keep: count.default(3).describe('Newest checkpoints that are kept, besides the last. (checkpoints)'),
    })
    .prefault({})
    .describe('Checkpoints.'),
  durability: z
    .strictObject({
      stepsPerActivity: count
        .default(20)
        .describe(
          'Training steps in one activity; at 1 rollout, reward and update are activities of their own. Results are the same bits. (steps)',
        ),
      heartbeatTimeout: z
        .number()
        .min(2)
        .default(30)
        .describe('Silence after which a GPU activity is given to another worker. (s)'),
      maxHistoryEvents: count.default(4000).describe('History length at which the workflow continues as new. (events)'),
    })
    .prefault({})
    .describe('How the work is cut into durable pieces.'),
  tracking: z
    .strictObject({
      experiment: z.string().min(1).max(200).default('rlev').describe('MLflow experiment that the runs belong to.'),
    })
    .prefault({})
    .describe('Tracking in MLflow.'),
})

export const sweepSchema = z.strictObject({
  baseline: z.string().describe('Arm that the others are compared with.'),
  placebo: z
    .array(z.string())
    .default([])
    .describe('Arms declared to take the same step as the baseline: no difference is expected.'),
  seeds: z.array(z.int().nonnegative()).min(1).describe('Seeds, paired across the arms.'),
  concurrency: count.default(2).describe('Experiments that run at the same time. (experiments)'),
  endpoint: z
    .enum(['expected-h-acc-curve', 'expected-h-acc-final', 'h-acc-curve', 'h-acc-final'])
    .default('expected-h-acc-curve')
    .describe(
      'Main endpoint, named before the run: H-Acc, expected or greedy, mean over the curve (base left out) or at the end.',
    ),
  arms: z.record(name, z.record(z.string(), z.unknown())).describe('Arms by name, each with the keys that differ.'),
})

export type ExperimentConfig = z.output<typeof experimentSchema>
export type SweepSettings = z.output<typeof sweepSchema>
export type DataConfig = ExperimentConfig['data']
export type PolicyConfig = ExperimentConfig['policy']
export type ScratchPolicyConfig = z.output<typeof scratchPolicy>
export type EstimatorName = (typeof estimatorNames)[number]
export type ScaleName = (typeof scaleNames)[number]
export type ExamName = (typeof examNames)[number]

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
  settings: Omit<SweepSettings, 'arms'>
  /** Arms in file order; `config.seed` is replaced by each of the seeds. */
  arms: readonly { name: string; config: ExperimentConfig }[]
  warnings: readonly string[]
}

export type Plan = ExperimentPlan | SweepPlan
