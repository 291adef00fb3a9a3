/**
 * Estimates the memory of a run, part by part, from the architecture and the config. Weights, gradients and
 * moments are exact. Caches and the backward pass are estimated by the sizes of their tensors times factors
 * that were measured on the recorded engine (docs/memory.md): TensorFlow decides which tensors exist at once,
 * and its memory pool keeps what it has allocated.
 *
 * Legend: B rows, R response columns, D width, M MLP width, V vocabulary. A number is 4 bytes.
 */
import type { ExperimentConfig } from '../config/schema.js'
import { adapterShapes } from '../model/adapter-shapes.js'
import type { Architecture } from '../model/architecture.js'
import { packedFrom } from '../model/sizes.js'
import { sizeOf, tensorShapes } from '../model/tensor-shapes.js'
import { factorsOf } from './factors.js'

export const phases = ['warm start', 'rollout', 'update', 'evaluation'] as const
type Phase = (typeof phases)[number]

interface MemoryPart {
  name: string
  bytes: number
  /** When it exists. All parts of a phase exist at once. */
  phase: 'always' | Phase
  /** Config keys that make it smaller. */
  shrunkBy: readonly string[]
}

export interface MemoryEstimate {
  parts: readonly MemoryPart[]
  /** The phase that needs the most memory. */
  phase: Phase
  /** Bytes in that phase, parts that always exist included. */
  bytes: number
  /** The largest part that config keys make smaller. */
  largest: MemoryPart
}

interface MemorySubject {
  architecture: Architecture
  config: ExperimentConfig
  /** Length of the longest prompt. */
  promptTokens: number
  /** Further test sets left out; unknown: as many as a chunk has. */
  testItems?: number
}

/** Prompts that decoding stores at the same time (sampling/generate.ts). */
const storedPrompts = 32

export function memoryOf(subject: MemorySubject): MemoryEstimate {
  const parts = [...lasting(subject), ...warmStart(subject), ...sampling(subject), ...update(subject)].filter(
    part => part.bytes > 0 && (subject.config.steps > 0 || !ofTraining(part)),
  )
  const inPhase = (phase: Phase) => parts.filter(part => part.phase === phase || part.phase === 'always')
  const bytesIn = (phase: Phase) => inPhase(phase).reduce((sum, { bytes }) => sum + bytes, 0)
  const phase = phases.reduce((largest, other) => (bytesIn(other) > bytesIn(largest) ? other : largest))
  // Without the process itself, which no key makes smaller.
  const largest = inPhase(phase)
    .filter(({ shrunkBy }) => shrunkBy.length > 0)
    .reduce((large, part) => (part.bytes > large.bytes ? part : large))
  return { parts, phase, bytes: bytesIn(phase), largest }
}

/** Whether an evaluation without training does not need the part. */
function ofTraining({ name, phase }: MemoryPart): boolean {
  return (
    phase === 'rollout' ||
    phase === 'update' ||
    ['adapter', 'reference', 'moments', 'keys and values (rollout)'].includes(name)
  )
}

/** Number of all weights, and of the weights that an update changes. */
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
  // With an adapter, the reference is the weights without the adapter.
  const reference = config.kl.place === 'none' || adapter !== null ? 0 : weights
  return [
    { name: 'process', bytes: factorsOf({ architecture, config }).process, phase: 'always', shrunkBy: [] },
    always('weights', weights, ['policy']),
    always('adapter', adapter === null ? 0 : trained, ['update.adapter.rank']),
    always('reference', reference, ['kl.place: none', 'update.adapter']),
    always('moments', optimizer === 'sgd' ? 0 : 2 * trained, ['update.adapter', 'update.optimizer: sgd']),
  ]
}

/**
 * For a policy from scratch: gradients and moments of all weights, even if only an adapter is trained later. For a
 * checkpoint: of what reinforcement learning trains, and with an adapter the weights that it is added to.
 */
function warmStart({ architecture, config, promptTokens }: MemorySubject): MemoryPart[] {
  const { policy, update, rollout } = config
  const { weights, trained } = countsOf({ architecture, config })
  const isTaught = policy.from === 'checkpoint'
  const settings = isTaught ? policy.warmStart : config.warmStart
  if (settings === undefined || settings === null || settings.steps === 0) return []
  const batch = isTaught ? Math.min(settings.batch, update.microBatch) : settings.batch
  const recomputed = isTaught && update.gradientCheckpointing
  const rows = { rows: batch, samples: 1, promptTokens, responseTokens: rollout.maxTokens, recomputed }
  const shrunkBy = isTaught ? ['policy.warmStart.batch', 'update.microBatch'] : ['warmStart.batch']
  const learned = 12 * (isTaught ? trained : weights)
  const added = isTaught && update.adapter !== null ? 4 * weights : 0
  return [
    { name: 'gradients and moments of the warm start', bytes: learned, phase: 'warm start', shrunkBy: ['policy'] },
    { name: 'weights with the adapter of the warm start', bytes: added, phase: 'warm start', shrunkBy: ['policy'] },
    {
      name: 'activations of the warm start',
      bytes: activations({ architecture, config }, rows),
      phase: 'warm start',
      shrunkBy,
    },
    { name: 'logits of the warm start', bytes: logits({ architecture, config }, rows), phase: 'warm start', shrunkBy },
  ]
}

function sampling({ architecture, config, promptTokens, testItems }: MemorySubject): MemoryPart[] {
  const { layers, keyValueHeads, headWidth, vocabulary, width } = architecture
  const { maxTokens, prompts, samples } = config.rollout
  const factors = factorsOf({ architecture, config })
  const matrices = matricesOf(architecture)
  const { used, adapted } = factors.layerCopies
  const layerCopies = config.update.adapter === null ? used : used + adapted
  // Packed for sampling; its memory stays in the pool.
  const head = vocabulary * width >= packedFrom ? vocabulary * width : 0
  const copies = (['rollout', 'update', 'evaluation'] as const).flatMap((phase): MemoryPart[] => {
    const part = { phase, shrunkBy: ['policy'] }
    return [
      { ...part, name: `copies of the layers (${phase})`, bytes: 4 * layerCopies * matrices },
      { ...part, name: `copy of the head (${phase})`, bytes: 4 * factors.headCopies * head },
    ]
  })
  const caches = [
    ['rollout', Math.min(config.rollout.chunk, prompts * samples), 'rollout.chunk', prompts],
    ['evaluation', evaluatedRows(config, testItems), 'evaluation.chunk', Number.POSITIVE_INFINITY],
  ] as const
  const cached = caches.flatMap(([phase, rows, key, ofPrompts]): MemoryPart[] => {
    // If all rows fit, those of a prompt read it from one place.
    const together = ofPrompts <= storedPrompts && rows === prompts * samples
    const columns = together
      ? ofPrompts * promptTokens + rows * maxTokens
      : (rows + Math.min(rows, ofPrompts, storedPrompts)) * promptTokens + rows * maxTokens
    const cache = 4 * columns * layers * 2 * keyValueHeads * headWidth
    const shrunkBy = [together ? 'rollout.prompts' : key, 'rollout.maxTokens']
    return [
      // Caches are kept for the next call of their shape.
      { name: `keys and values (${phase})`, bytes: factors.cacheCopies * cache, phase: 'always', shrunkBy },
      { name: `logits (${phase})`, bytes: 4 * factors.logits.position * rows * vocabulary, phase, shrunkBy: [key] },
    ]
  })
  return [...copies, ...cached]
}

/** Greedy responses to all items are one generation, the sampled ones another. */
function evaluatedRows({ evaluation }: ExperimentConfig, testItems?: number): number {
  const { chunk, samples, transfer, piece = Number.POSITIVE_INFINITY } = evaluation
  if (testItems === undefined || transfer !== undefined) return chunk
  const items = Math.min(testItems, Math.max(1, Math.floor(piece / (1 + samples))))
  return Math.max(1, Math.min(chunk, items * Math.max(1, samples)))
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
  const prompts = Math.ceil(rollout.prompts / (update.ppo?.minibatches ?? 1))
  const rows = Math.max(1, Math.min(update.microBatch, prompts * rollout.samples, inBudget))
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
    // The gradients of a micro-batch, and their sum over the micro-batches.
    part('gradients', 2 * 4 * trained, ['update.adapter']),
    part(
      'copies of the layers for gradients',
      update.adapter === null
        ? 4 * factorsOf({ architecture, config }).layerCopies.trained * matricesOf(architecture)
        : 0,
      ['update.adapter'],
    ),
    part('activations', activations({ architecture, config }, batch), [
      ...(update.gradientCheckpointing ? [] : ['update.gradientCheckpointing']),
      ...smaller,
    ]),
    part('logits (update)', logits({ architecture, config }, batch), smaller),
    part('entropy (update)', entropy({ architecture, config }, batch), smaller),
  ]
}

/**
 * Rows of a micro-batch within the token budget: whole prompts with `together` rows each, or a part of one
 * prompt's rows.
 */
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
  /** Rows that share a prompt. */
  samples: number
  promptTokens: number
  responseTokens: number
  /** Whether each layer is computed again in the backward pass, from its input. */
  recomputed: boolean
}

type Sizes = Pick<MemorySubject, 'architecture' | 'config'>

function activations(
  { architecture, config }: Sizes,
  { rows, samples, promptTokens, responseTokens, recomputed }: Batch,
): number {
  const { layers, width, heads, keyValueHeads, headWidth, mlpWidth } = architecture
  const { held } = factorsOf({ architecture, config })
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

function logits({ architecture, config }: Sizes, { rows, responseTokens }: Batch): number {
  const { vocabulary } = architecture
  return 4 * factorsOf({ architecture, config }).logits.update * rows * responseTokens * vocabulary
}

function entropy({ architecture, config }: Sizes, { rows, responseTokens }: Batch): number {
  const { vocabulary } = architecture
  const { entropyCoefficient } = config.update
  if (entropyCoefficient === undefined || entropyCoefficient === null) return 0
  return 4 * factorsOf({ architecture, config }).logits.entropy * rows * responseTokens * vocabulary
}

function matricesOf(architecture: Architecture): number {
  return numbersIn(tensorShapes(architecture), name => name.startsWith('model.layers.'))
}

function numbersIn(shapes: ReadonlyMap<string, readonly number[]>, counts = (_name: string) => true): number {
  return [...shapes].reduce((sum, [name, shape]) => sum + (counts(name) ? sizeOf(shape) : 0), 0)
}
