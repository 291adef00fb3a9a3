/** Sums the gradients of a batch over its micro-batches, on an engine. An optimizer's step uses the sums. */
import type { ExperimentConfig } from '../config/schema.js'
import type { Engine } from '../engine/engine.js'
import { withEngine } from '../engine/engine-cache.js'
import { type GradientOptions, Learning } from '../engine/learning.js'
import {
  type BatchLimits,
  type Group,
  groupByPrompt,
  type ResponseBatch,
  responseBatch,
  type Sequence,
} from '../engine/response-batch.js'
import { responseTensors } from '../engine/response-inputs.js'
import { type Tensor, tf } from '../graph/tensorflow.js'
import type { Policy } from '../model/policy.js'
import type { Hooks } from '../progress.js'
import type { LossRow, RowLoss } from './loss.js'
import { microBatchesOf } from './micro-batches.js'

export interface Accumulated {
  engine: Engine
  loss: number
  /** Sum over the tokens of |log pi - sampled log pi|. */
  gap: number
  /** Global norm of the sums. */
  norm: number
  /** By measure of the loss, of each row. */
  measured: number[][]
}

/** The sums stay in the engine. Calls `hooks.tick` after every micro-batch. */
export async function accumulate({
  policy,
  rows,
  limits: { microBatch, tokenBudget },
  loss,
  temperature = 1,
  checkpointing,
  largest,
  hooks,
  note,
}: {
  policy: Policy
  rows: readonly LossRow[]
  limits: Pick<ExperimentConfig['update'], 'microBatch' | 'tokenBudget'>
  loss: RowLoss
  /** That the responses were sampled at; 1 for given ones. */
  temperature?: number
  /** Compute layers again in the backward pass: less memory, more time. */
  checkpointing: boolean
  /** Sizes of the largest batch. Micro-batches have these sizes or their halves, so that there are few graphs. */
  largest: BatchLimits
  hooks: Hooks
  note: string
}): Promise<Accumulated> {
  const samples = Math.min(largest.samples, microBatch)
  const groups = groupByPrompt(rows, samples)
  const maxGroups = Math.floor(microBatch / samples)
  const batches = microBatchesOf(groups, {
    microBatch: maxGroups,
    tokenBudget,
    columns: columnsOf,
  })
  return withEngine(policy, async engine => {
    const learning = engine.part(Learning)
    const options = { loss, temperature, checkpointing }
    const limits: BatchLimits = { prompts: Math.min(maxGroups, largest.prompts), samples, tokens: largest.tokens }
    const parts = batches.map(part => ({ part, batch: batchOf(engine, policy, part, limits) }))
    const sum = learning.beginSum()
    let total = 0
    let gap = 0
    let done = 0
    const measured: number[][][] = []
    for (const { part, batch } of parts) {
      const sums = addGradient({ engine, batch, rows: part.flat(), options })
      total += sums.loss
      gap += sums.gap
      measured.push(sums.measured)
      done += part.flat().length
      await hooks.tick({ done, of: rows.length, note })
      learning.checkSum(sum)
      engine.use(policy)
    }
    const [first = []] = measured
    return {
      engine,
      loss: total,
      gap,
      norm: scalarOf(learning.norm()()),
      measured: first.map((_, measure) => measured.flatMap(part => part[measure] ?? [])),
    }
  })
}

/**
 * Columns of one group, padding included, if these groups are a micro-batch: the prompt once, then its
 * responses.
 */
function columnsOf(groups: readonly Group[]): number {
  const rows = groups.flat()
  const longest = (read: (row: Sequence) => number) => rows.reduce((max, row) => Math.max(max, read(row)), 0)
  const samples = groups.reduce((max, group) => Math.max(max, group.length), 0)
  return longest(row => row.promptTokens.length) + samples * longest(row => row.tokens.length)
}

function batchOf(
  { settings: { lanes } }: Engine,
  { tokenizer }: Policy,
  groups: readonly Group[],
  limits: BatchLimits,
) {
  return responseBatch({ groups, padId: tokenizer.padId, lanes, limits })
}

function addGradient({
  engine,
  batch,
  rows,
  options,
}: {
  engine: Engine
  batch: ResponseBatch
  rows: readonly LossRow[]
  options: GradientOptions & { loss: RowLoss }
}): { loss: number; gap: number; measured: number[][] } {
  const inputs = [
    ...responseTensors(batch),
    perToken(batch, batch.mask),
    perToken(
      batch,
      tokenValues(batch, rows, row => row.logProbs),
    ),
    ...options.loss.inputs.map((kind, index) => {
      const read = options.loss.read[index] as RowLoss['read'][number]
      return kind === 'row'
        ? perRow(batch, rows, row => read(row) as number)
        : perToken(
            batch,
            tokenValues(batch, rows, row => read(row) as readonly number[]),
          )
    }),
  ]
  const outputs = engine.part(Learning).gradient(batch.shape, options)(...inputs)
  const [[loss], [gap], ...measures] = outputs.map(output => output.dataSync() as Float32Array) as [
    [number],
    [number],
    ...Float32Array[],
  ]
  tf.dispose([...inputs, ...outputs])
  const measured = measures.map(values => rows.map((_, index) => values[batch.rows[index] as number] as number))
  return { loss, gap, measured }
}

function tokenValues(
  batch: ResponseBatch,
  rows: readonly LossRow[],
  of: (row: LossRow) => readonly number[],
): Float32Array {
  const { tokens } = batch.shape
  const values = new Float32Array(batch.mask.length)
  for (const [index, row] of rows.entries()) values.set(of(row), (batch.rows[index] as number) * tokens)
  return values
}

function perToken({ shape: { prompts, samples, tokens } }: ResponseBatch, values: Float32Array): Tensor {
  return tf.tensor2d(values, [prompts * samples, tokens])
}

function perRow(
  { shape: { prompts, samples }, rows: rowOf }: ResponseBatch,
  rows: readonly LossRow[],
  of: (row: LossRow) => number,
): Tensor {
  const values = new Float32Array(prompts * samples)
  for (const [index, row] of rows.entries()) values[rowOf[index] as number] = of(row)
  return tf.tensor2d(values, [prompts * samples, 1])
}

function scalarOf([tensor]: readonly Tensor[]): number {
  const value = tensor?.dataSync()[0] as number
  tensor?.dispose()
  return value
}
