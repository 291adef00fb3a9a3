/**
 * The least time that a measure can take on a machine: for each of its parts, the larger of the necessary
 * floating-point operations over the peak of matrix products, and the necessary bytes over the memory's speed.
 * A prompt counts once for all its samples. What another way of computing would save is necessary nowhere: padding,
 * logits of prompts, a prompt for each sample, activations computed twice.
 *
 * N weights of the layers' matrices, V vocabulary, d width, L layers, P prompts of p tokens, B responses, c tokens
 * of all responses. The last token of a response is not fed.
 */
import type { Measure, Peaks } from './candidates/protocol.js'
import { forStep, layerMatrices, parametersOf, rowsOf, type Size } from './sizes.js'
import { plannedLengths } from './workload.js'

export type TimedMeasure = Exclude<Measure, 'peak'>

/** Of the inputs of matrix products. */
export type Precision = 'float32' | 'bfloat16'

export interface Work {
  operations: number
  /** Read and written. */
  bytes: number
}

/** Lengths of the responses. */
const equalLengths = (size: Size): number[] => new Array<number>(rowsOf(size)).fill(size.completionTokens)

/**
 * One forward pass over prompts and responses:
 *
 *   2 N (P p + c - B)  +  2 V d c  +  4 L d pairs
 *
 * `pairs`: how often a token looks at itself or one before it; queries by keys and weights by values.
 */
export function forwardOperations(size: Size, lengths: readonly number[]): number {
  const { width, layers, vocabulary, prompts, promptTokens } = size
  const responseTokens = sum(lengths)
  const fed = prompts * promptTokens + responseTokens - lengths.length
  const pairs =
    (prompts * promptTokens * (promptTokens + 1)) / 2 +
    sum(lengths.map(length => (length - 1) * promptTokens + (length * (length - 1)) / 2))
  return 2 * layerMatrices(size) * fed + 2 * vocabulary * width * responseTokens + 4 * layers * width * pairs
}

/** Each position reads the weights once for all rows, and so does the reading of the prompts. */
function samplingWork(size: Size, lengths: readonly number[], precision: Precision): Work {
  const { width, vocabulary } = size
  const weights = layerMatrices(size) + vocabulary * width
  const bytes = precision === 'float32' ? 4 : 2
  return { operations: forwardOperations(size, lengths), bytes: bytes * weights * Math.max(...lengths) }
}

/**
 * Forward, and twice that backward. Of each parameter: its value forward and backward, its gradient written; AdamW
 * reads gradient, value and two moments, and writes the latter three.
 */
export function updateWork(size: Size): Work {
  return {
    operations: 3 * forwardOperations(size, equalLengths(size)),
    bytes: 4 * (2 + 1 + 4 + 3) * parametersOf(size),
  }
}

/** One after the other. */
function partsOf(measure: TimedMeasure, size: Size, precision: Precision): Work[] {
  switch (measure) {
    case 'generate':
      return [samplingWork(size, equalLengths(size), precision)]
    case 'unequal':
      return [samplingWork(size, plannedLengths(size), precision)]
    case 'update':
      return [updateWork(size)]
    case 'step': {
      const whole = forStep(size)
      return [samplingWork(whole, equalLengths(whole), precision), updateWork(whole)]
    }
    default:
      return measure satisfies never
  }
}

export interface Limit {
  seconds: number
  /** What decides most of it. */
  by: 'products' | 'memory'
}

export function limitOf({
  measure,
  size,
  precision,
  peaks,
}: {
  measure: TimedMeasure
  size: Size
  precision: Precision
  peaks: Peaks
}): Limit {
  const peak = Math.max(...Object.values(peaks[precision]))
  const times = partsOf(measure, size, precision).map(({ operations, bytes }) => ({
    products: operations / peak / 1e9,
    memory: bytes / peaks.memory / 1e9,
  }))
  const seconds = sum(times.map(({ products, memory }) => Math.max(products, memory)))
  const byProducts = sum(times.map(({ products, memory }) => (products >= memory ? products : 0)))
  return { seconds, by: byProducts >= seconds / 2 ? 'products' : 'memory' }
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0)
