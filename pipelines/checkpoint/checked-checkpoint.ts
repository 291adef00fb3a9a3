/** What a checkpoint's folder says that it holds, checked by its config and the headers of its files before memory is spent on it. */
import { join } from 'node:path'
import { readJson } from '../input/json-file.js'
import type { Architecture } from '../model/architecture.js'
import { isLeftOver, tensorShapes } from '../model/tensor-shapes.js'
import { readArchitecture } from './architecture-file.js'
import { fittingTensors } from './fitting-tensors.js'
import type { TensorsOfFile } from './safetensors-reader.js'
import { weightFiles } from './shards.js'

export interface CheckedCheckpoint {
  /** The content of config.json. */
  config: Readonly<Record<string, unknown>>
  architecture: Architecture
  /** Every tensor of the decoder, once. */
  weights: readonly TensorsOfFile[]
}

/** Throws CheckpointInvalid, naming the file and the key or tensor: also for a tensor of which the decoder would know nothing. */
export function checkCheckpoint(folder: string): CheckedCheckpoint {
  const path = join(folder, 'config.json')
  const config = readJson(path)
  const architecture = readArchitecture(config, path)
  const weights = fittingTensors({
    ...weightFiles(folder),
    shapes: tensorShapes(architecture),
    mayBeLeft: name => isLeftOver(name, architecture),
  })
  return { config: config as CheckedCheckpoint['config'], architecture, weights }
}
