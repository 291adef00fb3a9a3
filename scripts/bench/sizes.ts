/** The sizes of the bench: shapes of decoders of the Qwen2 family, and the batch for each. */
import { RlevError } from '../../pipelines/errors.js'

export const sizeNames = ['tiny', 'small', 'medium', 'smollm2'] as const
export type SizeName = (typeof sizeNames)[number]

export interface Batch {
  /** Prompts of a batch, which has prompts times samples rows. */
  prompts: number
  samples: number
  promptTokens: number
  /** Limit of a response. (tokens) */
  completionTokens: number
}

/** The batch is that of sampling and of an update. */
export interface Size extends Batch {
  name: SizeName
  width: number
  layers: number
  heads: number
  keyValueHeads: number
  mlpWidth: number
  vocabulary: number
  tied: boolean
  /** The batch of a whole step, if it is another one. */
  step?: Batch
  /** Whether peers are measured too. */
  peers: boolean
  /** Whether the memory of the machine holds one candidate at a time (alone.ts). Measured only if it is named. */
  alone: boolean
}

const batch = { prompts: 8, samples: 8, promptTokens: 64, completionTokens: 64 } as const

const sizes: Record<SizeName, Omit<Size, 'name'>> = {
  // The default policy of `policy` and `rollout` in a config, with prompts as long as those of the synthetic exam.
  tiny: {
    width: 64,
    layers: 2,
    heads: 4,
    keyValueHeads: 4,
    mlpWidth: 168,
    vocabulary: 24,
    tied: false,
    prompts: 16,
    samples: 8,
    promptTokens: 12,
    completionTokens: 14,
    peers: false,
    alone: false,
  },
  small: {
    width: 128,
    layers: 4,
    heads: 4,
    keyValueHeads: 4,
    mlpWidth: 344,
    vocabulary: 512,
    tied: true,
    ...batch,
    peers: true,
    alone: false,
  },
  medium: {
    width: 256,
    layers: 6,
    heads: 8,
    keyValueHeads: 8,
    mlpWidth: 680,
    vocabulary: 2048,
    tied: true,
    ...batch,
    peers: true,
    alone: false,
  },
  // The shape of SmolLM2-135M, which has no biases.
  smollm2: {
    width: 576,
    layers: 30,
    heads: 9,
    keyValueHeads: 3,
    mlpWidth: 1536,
    vocabulary: 49_152,
    tied: true,
    prompts: 4,
    samples: 8,
    promptTokens: 64,
    completionTokens: 32,
    step: { prompts: 8, samples: 8, promptTokens: 83, completionTokens: 8 },
    peers: true,
    alone: true,
  },
}

/** Those that are measured if none is named. */
export const usualSizes: readonly SizeName[] = sizeNames.filter(name => !sizes[name].alone)

/** With the batch of a whole step. */
export const forStep = (size: Size): Size => ({ ...size, ...size.step })

/** Throws CallInvalid for an unknown name. */
export function sizeOf(name: string): Size {
  const known = sizeNames.find(size => size === name)
  if (known === undefined) {
    throw new RlevError({
      kind: 'CallInvalid',
      message: 'the size is unknown',
      place: '--sizes',
      expected: sizeNames.join(', '),
      found: name,
      remedy: 'separate the names of sizes with commas',
    })
  }
  return { name: known, ...sizes[known] }
}

export const rowsOf = ({ prompts, samples }: Size): number => prompts * samples

/** Weights of the matrices in all layers; the head width is width / heads. */
export function layerMatrices({ width, layers, heads, keyValueHeads, mlpWidth }: Size): number {
  const keyValueWidth = (width / heads) * keyValueHeads
  return layers * (2 * width * width + 2 * width * keyValueWidth + 3 * width * mlpWidth)
}

/**
 * All parameters: matrices, biases of queries, keys and values, norms, embedding, and the head unless it is the
 * embedding.
 */
export function parametersOf(size: Size): number {
  const { width, layers, heads, keyValueHeads, vocabulary, tied } = size
  const biases = width + 2 * (width / heads) * keyValueHeads
  return layerMatrices(size) + layers * (biases + 2 * width) + width + (tied ? 1 : 2) * vocabulary * width
}
