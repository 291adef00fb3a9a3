/** The optimizer's state beside a policy: optimizer.safetensors, moments by the weights' names, steps in the metadata. */
import { existsSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { RlevError } from '../errors.js'
import type { Moments, Optimizer } from '../update/optimizer.js'
import { DeviceTensors } from './device-tensors.js'
import { decodeSafetensors, encodeSafetensors, type TensorData } from './safetensors.js'
import { readTensors } from './tensor-file.js'
import { type Tensor, tf } from './tensorflow.js'

const file = 'optimizer.safetensors'
const prefixes = { first: 'first_moment.', second: 'second_moment.' } as const

export async function saveOptimizer({ name, steps, moments }: Optimizer, folder: string): Promise<void> {
  const named = new Map<string, Tensor>()
  if (moments !== null) {
    for (const key of ['first', 'second'] as const) {
      for (const [weight, moment] of moments[key]) named.set(prefixes[key] + weight, moment)
    }
  }
  const bytes = encodeSafetensors({
    tensors: await readTensors(named),
    metadata: { optimizer: name, steps: String(steps) },
  })
  await writeFile(join(folder, file), bytes)
}

/** Fails with CheckpointInvalid when the file is missing, damaged or not an optimizer's. */
export async function loadOptimizer(folder: string): Promise<Optimizer> {
  const path = join(folder, file)
  if (!existsSync(path)) throw unreadable(path, 'no such file')
  const { tensors, metadata } = decodeSafetensors(readFileSync(path), path)
  const { optimizer: name } = metadata
  const steps = Number(metadata['steps'])
  if (!Number.isSafeInteger(steps) || steps < 0) throw unreadable(path, JSON.stringify(metadata))
  if (name === 'sgd') return { name, steps, moments: null }
  if (name !== 'adamw') throw unreadable(path, JSON.stringify(metadata))
  return { name, steps, moments: momentsFrom(tensors, path) }
}

function momentsFrom(tensors: ReadonlyMap<string, TensorData>, path: string): Moments {
  const first = withPrefix(tensors, prefixes.first)
  const second = withPrefix(tensors, prefixes.second)
  if (first.size === 0 || layoutOf(first) !== layoutOf(second)) {
    throw unreadable(path, `${first.size} first and ${second.size} second moments`)
  }
  return { first: onDevice(first), second: onDevice(second) }
}

/** Names and shapes, whatever their order. */
function layoutOf(tensors: ReadonlyMap<string, TensorData>): string {
  return JSON.stringify([...tensors].map(([name, { shape }]) => [name, shape]).sort())
}

const onDevice = (tensors: ReadonlyMap<string, TensorData>): DeviceTensors =>
  new DeviceTensors([...tensors].map(([name, { shape, values }]) => [name, tf.tensor(values, [...shape])]))

function withPrefix(tensors: ReadonlyMap<string, TensorData>, prefix: string): Map<string, TensorData> {
  const some = [...tensors].filter(([key]) => key.startsWith(prefix))
  return new Map(some.map(([key, tensor]) => [key.slice(prefix.length), tensor]))
}

function unreadable(path: string, found: string): RlevError {
  return new RlevError({
    kind: 'CheckpointInvalid',
    message: "the optimizer's state cannot be read",
    place: path,
    expected: 'moments of every weight; optimizer (adamw or sgd) and steps in the metadata',
    found,
    remedy: 'use an earlier checkpoint',
  })
}
