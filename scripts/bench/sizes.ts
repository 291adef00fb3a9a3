/**
 * The sizes of the bench: shapes of decoders of the Qwen2 family, the batch for each, and the arithmetic of an
 * update.
 */
import { RlevError } from '../../pipelines/errors.js'

export const sizeNames = ['tiny', 'small', 'medium'] as const
export type SizeName = (typeof sizeNames)[number]

export interface Size {
  name: SizeName
  width: number
  layers: number
  heads: number
  keyValueHeads: number
  mlpWidth: number
  vocabulary: number
  tied: boolean
  /** Prompts of a batch, which has prompts times samples rows. */
  prompts: number
  samples: number
  promptTokens: number
  /** Limit of a response. (tokens) */
  completionTokens: number
  /** Whether peers are measured too. */
  peers: boolean
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
  },
}

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
function layerMatrices({ width, layers, heads, keyValueHeads, mlpWidth }: Size): number {
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

/**
 * Floating-point operations that an update needs at least: the forward pass, and twice that for the backward
 * pass:
 *
 *   3 * (2 * N * rows * T  +  2 * V * width * rows * C  +  4 * layers * width * rows * T (T + 1) / 2)
 *
 * N weights of the layers' matrices, T prompt and response tokens, V vocabulary (the head is needed on response
 * tokens only), C response tokens; the last term is attention (queries by keys, weights by values), each token
 * over itself and those before it.
 */
export function updateOperations(size: Size): number {
  const { width, layers, vocabulary, promptTokens, completionTokens } = size
  const rows = rowsOf(size)
  const tokens = promptTokens + completionTokens
  const layerProducts = 2 * layerMatrices(size) * rows * tokens
  const head = 2 * vocabulary * width * rows * completionTokens
  const attention = 4 * layers * width * rows * ((tokens * (tokens + 1)) / 2)
  return 3 * (layerProducts + head + attention)
}
