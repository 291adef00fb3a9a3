/**
 * The file of an optimizer's state: optimizer.safetensors, with moments by the weights' names, and steps in the
 * metadata.
 */
import { join } from 'node:path'
import { RlevError } from '../errors.js'
import { DeviceTensors } from '../graph/device-tensors.js'
import type { Tensor } from '../graph/tensorflow.js'
import type { Moments, Optimizer } from '../model/optimizer-state.js'
import type { StoredTensor } from './safetensors.js'
import { readSafetensorsHeader, type SafetensorsFile } from './safetensors-reader.js'
import { writeSafetensors } from './safetensors-writer.js'
import { tensorsOnDevice } from './tensors-on-device.js'

const file = 'optimizer.safetensors'
const prefixes = { first: 'first_moment.', second: 'second_moment.' } as const

export async function saveOptimizer({ name, steps, moments }: Optimizer, folder: string): Promise<void> {
  const named = new Map<string, Tensor>()
  if (moments !== null) {
    for (const key of ['first', 'second'] as const) {
      for (const [weight, moment] of moments[key].read()) named.set(prefixes[key] + weight, moment)
    }
  }
  const metadata = { optimizer: name, steps: String(steps) }
  await writeSafetensors(join(folder, file), { tensors: named, metadata })
}

/** Rejects with CheckpointInvalid if the file is missing, damaged or not an optimizer's. */
export async function loadOptimizer(folder: string): Promise<Optimizer> {
  const path = join(folder, file)
  const header = readSafetensorsHeader(path)
  const { metadata } = header
  const { optimizer: name } = metadata
  const steps = Number(metadata['steps'])
  if (!Number.isSafeInteger(steps) || steps < 0) throw unreadable(path, JSON.stringify(metadata))
  if (name === 'sgd') return { name, steps, moments: null }
  if (name !== 'adamw') throw unreadable(path, JSON.stringify(metadata))
  return { name, steps, moments: await momentsIn(header) }
}

async function momentsIn({ path, tensors }: SafetensorsFile): Promise<Moments> {
  const first = withPrefix(tensors, prefixes.first)
  const second = withPrefix(tensors, prefixes.second)
  const others = tensors.size - first.size - second.size
  if (first.size === 0 || others > 0 || layoutOf(first) !== layoutOf(second)) {
    throw unreadable(path, `${first.size} first and ${second.size} second moments, ${others} other tensors`)
  }
  const loaded = await tensorsOnDevice([{ path, tensors: [...first.values(), ...second.values()] }])
  const named = (stored: ReadonlyMap<string, StoredTensor>) =>
    new DeviceTensors([...stored].map(([weight, { name }]) => [weight, loaded.get(name) as Tensor]))
  return { first: named(first), second: named(second) }
}

/** Names and shapes, in sorted order. */
function layoutOf(tensors: ReadonlyMap<string, StoredTensor>): string {
  return JSON.stringify([...tensors].map(([weight, { shape }]) => [weight, shape]).sort())
}

/** By the weights' names. */
function withPrefix(tensors: ReadonlyMap<string, StoredTensor>, prefix: string): Map<string, StoredTensor> {
  const some = [...tensors].filter(([name]) => name.startsWith(prefix))
  return new Map(some.map(([name, tensor]) => [name.slice(prefix.length), tensor]))
}

function unreadable(path: string, found: string): RlevError {
  return new RlevError({
    kind: 'CheckpointInvalid',
    message: "the optimizer's state is invalid",
    place: path,
    expected: 'moments of every weight; optimizer (adamw or sgd) and steps in the metadata',
    found,
    remedy: 'use an earlier checkpoint',
  })
}
