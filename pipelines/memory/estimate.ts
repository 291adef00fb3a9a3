/**
 * What a run will need of memory, part by part, from the architecture and the config. Weights, gradients and moments are
 * counted to the byte; what caches and the backward pass hold is counted by their tensors times factors that were measured on
 * the recorded engine (docs/memory.md), for which of them live at once is decided by TensorFlow, whose pool keeps what it had.
 *
 * Legend: B rows, R response columns, D width, M MLP width, V vocabulary. A number is 4 bytes.
 */
import type { ExperimentConfig } from '../config/schema.js'
import { adapterShapes } from '../model/adapter-shapes.js'
import type { Architecture } from '../model/architecture.js'
import { sizeOf, tensorShapes } from '../model/tensor-shapes.js'

export const phases = ['warm start', 'rollout', 'update', 'evaluation'] as const
export type Phase = (typeof phases)[number]

export interface MemoryPart {
  name: string
  bytes: number
  /** When it is there; all parts of a phase at once. */
  phase: 'always' | Phase
  /** The keys of a config that make it smaller. */
  shrunkBy: readonly string[]
}

export interface MemoryEstimate {
  parts: readonly MemoryPart[]
  /** The phase that needs most. */
  phase: Phase
  /** Bytes in that phase, with what is always there. */
  bytes: number
  /** Of those that a config makes smaller. */
  largest: MemoryPart
}

export interface MemorySubject {
  architecture: Architecture
  config: ExperimentConfig
  /** Of the longest prompt. */
  promptTokens: number
}

/**
 * Tensors of each width that are there for one token of a layer when most are, those of the backward pass included. D: residuals, normed
 * inputs, outputs. Heads: queries, keys and values, as they are projected and turned. M: gate, up and their product. Scores:
 * before and after softmax. Measured, and rounded: the resident size grows by so much with each row (docs/memory.md).
 */
const held = { width: 3.6, heads: 6, mlp: 3.8, scores: 3 }

/** Tensors [B R, V] in the loss: logits, their softmax and its gradient. Those of a decoding position, [B, V]. */
const logitTensors = { update: 4, position: 6 }

/** A cache, what is copied of it as it grows and as tokens are written, and the pool that keeps it; measured. */
const cacheCopies = 3.5

/** Of the matrices of the layers while they are used: projections laid side by side, and an adapter multiplied into them; measured. */
const layerCopies = 2

/** Node, the program, TensorFlow with its threads, and recorded graphs; measured. */
const processBytes = 430 * 2 ** 20

export function memoryOf(subject: MemorySubject): MemoryEstimate {
  const parts = [...lasting(subject), ...warmStart(subject), ...sampling(subject), ...update(subject)].filter(
    part => part.bytes > 0 && (subject.config.steps > 0 || !ofTraining(part)),
  )
  const inPhase = (phase: Phase) => parts.filter(part => part.phase === phase || part.phase === 'always')
  const bytesIn = (phase: Phase) => inPhase(phase).reduce((sum, { bytes }) => sum + bytes, 0)
  const phase = phases.reduce((most, other) => (bytesIn(other) > bytesIn(most) ? other : most))
  // The process itself is no news, and nothing makes it smaller.
  const largest = inPhase(phase)
    .filter(({ shrunkBy }) => shrunkBy.length > 0)
    .reduce((most, part) => (part.bytes > most.bytes ? part : most))
  return { parts, phase, bytes: bytesIn(phase), largest }
}

/** What an evaluation without training has no part of. */
function ofTraining({ name, phase }: MemoryPart): boolean {
  return (
    phase === 'rollout' ||
    phase === 'update' ||
    ['adapter', 'reference', 'moments', 'keys and values (rollout)'].includes(name)
  )
}

/** Numbers in all weights, and in what an update changes. */
export function countsOf({ architecture, config }: Pick<MemorySubject, 'architecture' | 'config'>): {
  weights: number
  trained: number
} {
  const weights = numbersIn(tensorShapes(architecture))
  const { adapter } = config.update
  return { weights, trained: adapter === null ? weights : numbersIn(adapterShapes(architecture, adapter)) }
}

function lasting({ architecture, config }: MemorySubject): MemoryPart[] {
  const { weights, trained } = countsOf({ architecture, config })
  const { adapter, optimizer } = config.update
  const always = (name: string, numbers: number, shrunkBy: string[]): MemoryPart => ({
    name,
    bytes: 4 * numbers,
    phase: 'always',
    shrunkBy,
  })
  // With an adapter the reference is the same weights without it.
  const reference = config.kl.place === 'none' || adapter !== null ? 0 : weights
  return [
    { name: 'process', bytes: processBytes, phase: 'always', shrunkBy: [] },
    always('weights', weights, ['policy']),
    always('adapter', adapter === null ? 0 : trained, ['update.adapter.rank']),
    always('reference', reference, ['kl.place: none', 'update.adapter']),
    always('moments', optimizer === 'sgd' ? 0 : 2 * trained, ['update.adapter', 'update.optimizer: sgd']),
  ]
}

/** Of a policy made from scratch: gradients and moments of all weights, whatever is trained later. */
function warmStart({ architecture, config, promptTokens }: MemorySubject): MemoryPart[] {
  const { steps, batch } = config.warmStart
  if (config.policy.from !== 'scratch' || steps === 0) return []
  const { weights } = countsOf({ architecture, config })
  const rows = { rows: batch, samples: 1, promptTokens, responseTokens: config.rollout.maxTokens, recomputed: false }
  const shrunkBy = ['warmStart.batch']
  return [
    { name: 'gradients and moments of the warm start', bytes: 12 * weights, phase: 'warm start', shrunkBy: ['policy'] },
    { name: 'activations of the warm start', bytes: activations(architecture, rows), phase: 'warm start', shrunkBy },
    { name: 'logits of the warm start', bytes: logits(architecture, rows), phase: 'warm start', shrunkBy },
  ]
}

function sampling({ architecture, config, promptTokens }: MemorySubject): MemoryPart[] {
  const { layers, keyValueHeads, headWidth, vocabulary } = architecture
  const { maxTokens } = config.rollout
  const matrices = numbersIn(tensorShapes(architecture), name => name.startsWith('model.layers.'))
  const copies = (['rollout', 'update', 'evaluation'] as const).map(
    (phase): MemoryPart => ({
      name: `copies of the layers (${phase})`,
      bytes: 4 * layerCopies * matrices,
      phase,
      shrunkBy: ['policy'],
    }),
  )
  const caches = [
    ['rollout', Math.min(config.rollout.chunk, config.rollout.prompts * config.rollout.samples), 'rollout.chunk'],
    ['evaluation', config.evaluation.chunk, 'evaluation.chunk'],
  ] as const
  const cached = caches.flatMap(([phase, rows, key]): MemoryPart[] => {
    const cache = 4 * rows * (promptTokens + maxTokens) * layers * 2 * keyValueHeads * headWidth
    const shrunkBy = [key, 'rollout.maxTokens']
    return [
      // Caches stay for the next call of their shape.
      { name: `keys and values (${phase})`, bytes: cacheCopies * cache, phase: 'always', shrunkBy },
      { name: `logits (${phase})`, bytes: 4 * logitTensors.position * rows * vocabulary, phase, shrunkBy: [key] },
    ]
  })
  return [...copies, ...cached]
}

function update({ architecture, config, promptTokens }: MemorySubject): MemoryPart[] {
  const { trained } = countsOf({ architecture, config })
  const { update, rollout } = config
  const responseTokens = rollout.maxTokens
  const together = Math.min(rollout.samples, update.microBatch)
  const inBudget =
    update.tokenBudget === null
      ? Number.POSITIVE_INFINITY
      : rowsInBudget({ tokenBudget: update.tokenBudget, together, promptTokens, responseTokens })
  const rows = Math.max(1, Math.min(update.microBatch, rollout.prompts * rollout.samples, inBudget))
  const batch = {
    rows,
    samples: Math.min(together, rows),
    promptTokens,
    responseTokens,
    recomputed: update.gradientCheckpointing,
  }
  const smaller = ['update.microBatch', 'update.tokenBudget', 'rollout.maxTokens']
  const part = (name: string, bytes: number, shrunkBy: string[]): MemoryPart => ({
    name,
    bytes,
    phase: 'update',
    shrunkBy,
  })
  return [
    // Those of a micro-batch beside their sum over the micro-batches.
    part('gradients', 2 * 4 * trained, ['update.adapter']),
    part('activations', activations(architecture, batch), [
      ...(update.gradientCheckpointing ? [] : ['update.gradientCheckpointing']),
      ...smaller,
    ]),
    part('logits (update)', logits(architecture, batch), smaller),
  ]
}

/** Rows of a micro-batch: as many prompts, each with the rows that share its reading, or a part of one prompt's rows. */
function rowsInBudget({
  tokenBudget,
  together,
  promptTokens,
  responseTokens,
}: {
  tokenBudget: number
  together: number
  promptTokens: number
  responseTokens: number
}): number {
  const ofPrompt = promptTokens + together * responseTokens
  if (tokenBudget >= ofPrompt) return together * Math.floor(tokenBudget / ofPrompt)
  return Math.floor((tokenBudget - promptTokens) / responseTokens)
}

interface Batch {
  rows: number
  /** Rows that share the reading of their prompt. */
  samples: number
  promptTokens: number
  responseTokens: number
  /** Each layer is computed again in the backward pass, from its input. */
  recomputed: boolean
}

function activations(
  architecture: Architecture,
  { rows, samples, promptTokens, responseTokens, recomputed }: Batch,
): number {
  const { layers, width, heads, keyValueHeads, headWidth, mlpWidth } = architecture
  const columns = promptTokens + responseTokens
  const ofLayer =
    held.width * width +
    held.heads * (heads + 2 * keyValueHeads) * headWidth +
    held.mlp * mlpWidth +
    held.scores * heads * columns
  const ofToken = recomputed ? layers * width + ofLayer : layers * ofLayer
  const tokens = rows * responseTokens + Math.ceil(rows / samples) * promptTokens
  return 4 * tokens * ofToken
}

function logits({ vocabulary }: Architecture, { rows, responseTokens }: Batch): number {
  return 4 * logitTensors.update * rows * responseTokens * vocabulary
}

function numbersIn(shapes: ReadonlyMap<string, readonly number[]>, counts = (_name: string) => true): number {
  return [...shapes].reduce((sum, [name, shape]) => sum + (counts(name) ? sizeOf(shape) : 0), 0)
}
