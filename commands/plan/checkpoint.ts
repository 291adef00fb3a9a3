/**
 * What a run would find out about its checkpoint only once it has begun: weights that are no numbers, special tokens outside the
 * vocabulary, another head than the config says, and responses longer than the positions that the model was made for.
 */
import type { PreflightFinding } from '../../pipelines/advantages/planned-arm.js'
import { type CheckedCheckpoint, checkCheckpoint } from '../../pipelines/checkpoint/checked-checkpoint.js'
import { readTensors } from '../../pipelines/checkpoint/safetensors-reader.js'
import { refuseOtherHead } from '../../pipelines/checkpoint/tied-head.js'
import type { ExperimentConfig, Plan } from '../../pipelines/config/schema.js'
import { type DataSet, type Item, promptLength } from '../../pipelines/data/item.js'
import { RlevError } from '../../pipelines/errors.js'
import { sizeText } from '../../pipelines/memory/memory-fit.js'
import { sizeOf } from '../../pipelines/model/tensor-shapes.js'
import { loadTokenizer } from '../../pipelines/tokenizer/tokenizer-folder.js'
import { nowAndThen } from '../text/now-and-then.js'

export interface CheckpointCheck {
  plan: Plan
  data: Pick<DataSet, 'train' | 'test' | 'transfer'>
  /** Gets a line from time to time while weights are read. */
  report: (line: string) => void
}

/** Bytes of weights that are read to look for numbers that are not finite: some seconds. */
const MAX_READ_BYTES = 8 * 2 ** 30

/** Prompts whose tokens are counted: the longest by characters. */
const COUNTED_PROMPTS = 16

/**
 * Of every checkpoint that the plan names.
 * @throws RlevError CheckpointInvalid or ConfigInvalid if the run would fail, or not do what its config says.
 */
export async function checkpointFindings({ plan, data, report }: CheckpointCheck): Promise<PreflightFinding[]> {
  const configs = plan.kind === 'experiment' ? [plan.config] : plan.arms.map(({ config }) => config)
  const longest = new Map<string, number>()
  for (const { policy, rollout } of configs) {
    if (policy.from !== 'checkpoint') continue
    longest.set(policy.path, Math.max(longest.get(policy.path) ?? 0, rollout.maxTokens))
  }
  const findings: PreflightFinding[] = []
  for (const [folder, maxTokens] of longest) {
    const checkpoint = checkCheckpoint(folder)
    if (checkpoint.architecture.tied) await refuseOtherHead(checkpoint.files)
    await refuseTooLong({
      folder,
      checkpoint,
      items: [...data.train, ...data.test, ...Object.values(data.transfer ?? {}).flat()],
      maxTokens,
    })
    findings.push(...(await unreadWeights({ folder, checkpoint, report })))
  }
  return findings
}

async function refuseTooLong(options: {
  folder: string
  checkpoint: CheckedCheckpoint
  items: readonly Item[]
  maxTokens: ExperimentConfig['rollout']['maxTokens']
}): Promise<void> {
  const { folder, checkpoint, items, maxTokens } = options
  const { maxPositions } = checkpoint.architecture
  const tokenizer = loadTokenizer(folder, checkpoint.config)
  const longest = items.toSorted((a, b) => promptLength(b.prompt) - promptLength(a.prompt))
  const candidates = longest.slice(0, COUNTED_PROMPTS)
  for (const { id, prompt } of candidates) {
    const tokens = (await tokenizer.encodePrompt(prompt)).length
    if (tokens + maxTokens <= maxPositions) continue
    throw new RlevError({
      kind: 'ConfigInvalid',
      message: 'a prompt and its response are longer than the model was made for',
      place: `${folder}, max_position_embeddings`,
      expected: `at most ${maxPositions} tokens`,
      found: `item ${id}: ${tokens} tokens of its prompt and rollout.maxTokens ${maxTokens}, ${tokens + maxTokens} in all`,
      remedy: 'lower rollout.maxTokens, leave the longest items out, or use a model with more positions',
    })
  }
}

/** Reads the weights. Notes if they are too many to be read here. */
async function unreadWeights(options: {
  folder: string
  checkpoint: CheckedCheckpoint
  report: (line: string) => void
}): Promise<PreflightFinding[]> {
  const { folder, checkpoint, report } = options
  const numbers = (shapes: readonly { shape: readonly number[] }[]) =>
    shapes.reduce((sum, { shape }) => sum + sizeOf(shape), 0)
  const bytes = 4 * checkpoint.weights.reduce((sum, { tensors }) => sum + numbers(tensors), 0)
  if (bytes > MAX_READ_BYTES) {
    const sentence = `${folder}: whether every weight is a finite number was not checked, because the weights take ${sizeText(bytes)} (checked up to ${sizeText(MAX_READ_BYTES)}).`
    return [{ severity: 'note', sentence, numbers: { bytes } }]
  }
  let read = 0
  const tell = nowAndThen(report)
  for (const file of checkpoint.weights) {
    for await (const { name, values } of readTensors(file)) {
      const wrong = values.findIndex(value => !Number.isFinite(value))
      if (wrong >= 0) throw notFinite(`${file.path}, tensor ${name}`, { index: wrong, value: values[wrong] as number })
      read += values.byteLength
      tell(() => `reading the weights of ${folder}: ${sizeText(read)} of ${sizeText(bytes)}`)
    }
  }
  return []
}

function notFinite(place: string, { index, value }: { index: number; value: number }): RlevError {
  return new RlevError({
    kind: 'CheckpointInvalid',
    message: 'a weight is not a finite number, so every response would be undefined',
    place,
    expected: 'finite numbers',
    found: `${value} at position ${index}`,
    remedy: 'fetch the checkpoint again, or use an earlier one: its training has diverged',
  })
}
