/**
 * Whether training left the weights as they were. Files do not tell: a start may be a published checkpoint in narrow numbers and several
 * files, and what is trained is written in float32. So tensors are compared, from the smallest on, up to the first difference, which
 * in a run that learns is in the first of them.
 */

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { checkCheckpoint } from '../../pipelines/checkpoint/checked-checkpoint.js'
import { adapterFiles } from '../../pipelines/checkpoint/checkpoint-files.js'
import type { StoredTensor } from '../../pipelines/checkpoint/safetensors.js'
import { readSafetensorsHeader, readTensors } from '../../pipelines/checkpoint/safetensors-reader.js'
import { RlevError } from '../../pipelines/errors.js'
import { sizeOf } from '../../pipelines/model/tensor-shapes.js'
import { experimentPaths, runFolder, stepName } from './runs/run-folder.js'
import { readSealed } from './sealed.js'
import { type ArtifactRef, Store } from './store.js'

/** Larger ones are not compared: two of them would be in memory at once. */
const maxNumbers = 2 ** 28

/** Of an experiment after `step` steps. False too if its start or its checkpoint cannot be read: nothing is known then. */
export async function weightsAreUnchanged(home: string, { id, step }: { id: string; step: number }): Promise<boolean> {
  const trained = join(experimentPaths.checkpoints(runFolder(home, id)), stepName(step))
  try {
    const adapter = join(trained, adapterFiles.tensors)
    if (existsSync(adapter)) return await isWithoutEffect(adapter)
    const ref = readSealed<ArtifactRef>(experimentPaths.reference(runFolder(home, id), 'start'))
    return ref !== null && (await areEqual(new Store(home).path(ref), trained))
  } catch (error) {
    if (error instanceof RlevError) return false
    throw error
  }
}

interface Located {
  path: string
  tensor: StoredTensor
}

async function areEqual(start: string, trained: string): Promise<boolean> {
  const before = tensorsIn(start)
  const after = [...tensorsIn(trained)].toSorted(([, a], [, b]) => sizeOf(a.tensor.shape) - sizeOf(b.tensor.shape))
  for (const [name, { path, tensor }] of after) {
    const other = before.get(name)
    if (other === undefined || sizeOf(other.tensor.shape) !== sizeOf(tensor.shape)) return false
    if (sizeOf(tensor.shape) > maxNumbers) continue
    const [was, is] = [await valuesOf(other), await valuesOf({ path, tensor })]
    if (was.some((value, index) => value !== is[index])) return false
  }
  return after.length > 0
}

function tensorsIn(folder: string): Map<string, Located> {
  const { weights } = checkCheckpoint(folder)
  return new Map(
    weights.flatMap(({ path, tensors }) => tensors.map(tensor => [tensor.name, { path, tensor }] as [string, Located])),
  )
}

/** An adapter adds B A, and begins with B = 0. */
async function isWithoutEffect(path: string): Promise<boolean> {
  const factors = [...readSafetensorsHeader(path).tensors.values()].filter(({ name }) => name.includes('lora_B'))
  for (const tensor of factors) {
    if ((await valuesOf({ path, tensor })).some(value => value !== 0)) return false
  }
  return factors.length > 0
}

async function valuesOf({ path, tensor }: Located): Promise<Float32Array> {
  for await (const { values } of readTensors({ path, tensors: [tensor] })) return values
  throw new Error('a tensor that is asked for is read')
}
