/** The optimizer's state beside a policy: optimizer.safetensors, moments by the weights' names, steps in the metadata. */
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { RlevError } from '../errors.js'
import type { Optimizer } from '../update/optimizer.js'
import { decodeSafetensors, encodeSafetensors } from './safetensors.js'
import { readTensors } from './tensor-file.js'
import { type Tensor, tf } from './tensorflow.js'

const FILE = 'optimizer.safetensors'
const FIRST = 'first_moment.'
const SECOND = 'second_moment.'

export async function saveOptimizer(optimizer: Optimizer, folder: string): Promise<void> {
  const named = new Map<string, Tensor>()
  for (const [name, moment] of optimizer.first) named.set(FIRST + name, moment)
  for (const [name, moment] of optimizer.second) named.set(SECOND + name, moment)
  const metadata = { optimizer: optimizer.name, steps: String(optimizer.steps) }
  await writeFile(join(folder, FILE), encodeSafetensors({ tensors: await readTensors(named), metadata }))
}

export async function loadOptimizer(folder: string): Promise<Optimizer> {
  const path = join(folder, FILE)
  const { tensors, metadata } = decodeSafetensors(readFileSync(path), path)
  const name = metadata['optimizer']
  const steps = Number(metadata['steps'])
  if ((name !== 'adamw' && name !== 'sgd') || !Number.isSafeInteger(steps)) {
    throw new RlevError({
      kind: 'CheckpointInvalid',
      message: 'the optimizer cannot be read',
      place: path,
      expected: 'metadata optimizer (adamw or sgd) and steps',
      found: JSON.stringify(metadata),
      remedy: 'use an earlier checkpoint',
    })
  }
  const moments = (prefix: string) =>
    new Map(
      [...tensors]
        .filter(([key]) => key.startsWith(prefix))
        .map(([key, { shape, values }]) => [key.slice(prefix.length), tf.tensor(values, [...shape])]),
    )
  return { name, steps, first: moments(FIRST), second: moments(SECOND) }
}
