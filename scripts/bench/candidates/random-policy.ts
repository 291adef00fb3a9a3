/**
 * The bench's random policy. Unlike the random weights of a run, those of all tensors are parts of one row of normal
 * numbers, because drawing 135 million of them takes half a minute.
 */
import { localEngine } from '../../../pipelines/config/engine-kinds.js'
import { type ExperimentConfig, experimentSchema } from '../../../pipelines/config/schema.js'
import { DeviceTensors } from '../../../pipelines/graph/device-tensors.js'
import { tf } from '../../../pipelines/graph/tensorflow.js'
import { scratchArchitecture } from '../../../pipelines/model/architecture.js'
import type { Policy } from '../../../pipelines/model/policy.js'
import { sizeOf, tensorShapes } from '../../../pipelines/model/tensor-shapes.js'
import { stream } from '../../../pipelines/random.js'
import { characterTokenizer } from '../../../pipelines/tokenizer/tokenizer.js'
import { characters } from '../../random-checkpoint/characters.js'
import { type EngineName, engineSection } from '../engine.js'
import { rowsOf, type Size } from '../sizes.js'

export const benchSeed = 1

const deviation = 0.02

/** Numbers that are drawn: a prime, so that the rows of no matrix are alike. */
const drawn = 1_000_003

export function benchConfig({
  size,
  engine,
  lanes,
}: {
  size: Size
  engine: EngineName
  lanes: number | undefined
}): ExperimentConfig {
  return experimentSchema.parse({
    name: 'bench',
    seed: benchSeed,
    policy: {
      from: 'scratch',
      width: size.width,
      layers: size.layers,
      heads: size.heads,
      keyValueHeads: size.keyValueHeads,
      mlpWidth: size.mlpWidth,
      tied: size.tied,
      initDeviation: deviation,
      embeddingDeviation: deviation,
    },
    rollout: {
      prompts: size.prompts,
      samples: size.samples,
      maxTokens: size.completionTokens,
      chunk: rowsOf(size),
    },
    estimator: { name: 'grpo' },
    kl: { place: 'none' },
    update: { learningRate: 1e-6, clipNorm: 1, microBatch: rowsOf(size) },
    ...engineSection(engine, lanes),
  })
}

/** One character for each token, from the ideographs on, which are many. Padding and end follow. */
export const alphabetOf = ({ vocabulary }: Size): string[] => characters({ count: vocabulary - 2, first: 0x4e00 })

/** Norms of 1, biases of 0, and normal numbers. */
export function randomPolicy(size: Size, { policy: config, engine }: ExperimentConfig): Policy {
  if (config.from !== 'scratch') throw new TypeError('the bench makes its policy from scratch')
  const tokenizer = characterTokenizer(alphabetOf(size))
  const architecture = scratchArchitecture(config, size.vocabulary)
  const { normal } = stream(benchSeed, 'weights of the bench')
  const row = Float32Array.from({ length: drawn }, (_, index) => deviation * normal(index))
  let begin = 0
  const values = (length: number): Float32Array => {
    const made = new Float32Array(length)
    for (let filled = 0; filled < length; ) {
      const part = row.subarray(begin, begin + length - filled)
      made.set(part, filled)
      filled += part.length
      begin = (begin + part.length) % drawn
    }
    return made
  }
  const tensors = [...tensorShapes(architecture)].map(([name, shape]) => {
    if (name.endsWith('norm.weight')) return [name, tf.ones(shape)] as const
    if (name.endsWith('bias')) return [name, tf.zeros(shape)] as const
    return [name, tf.tensor(values(sizeOf(shape)), shape)] as const
  })
  return { architecture, weights: new DeviceTensors(tensors), adapter: null, tokenizer, engine: localEngine(engine) }
}
