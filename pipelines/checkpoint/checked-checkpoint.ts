/**
 * The content of a checkpoint's folder, checked by its config and its files' headers before any tensor is read.
 */
import { join } from 'node:path'
import { readJson } from '../input/json-file.js'
import type { Architecture } from '../model/architecture.js'
import { isLeftOver, tensorShapes } from '../model/tensor-shapes.js'
import { readArchitecture } from './architecture-file.js'
import { fittingTensors } from './fitting-tensors.js'
import type { SafetensorsFile, TensorsOfFile } from './safetensors-reader.js'
import { weightFiles } from './shards.js'

export interface CheckedCheckpoint {
  /** The content of config.json. */
  config: Readonly<Record<string, unknown>>
  architecture: Architecture
  /** Every tensor of the decoder once, by file. */
  weights: readonly TensorsOfFile[]
  /** Headers of all files. */
  files: readonly SafetensorsFile[]
}

/**
 * Throws CheckpointInvalid, which names the file and the key or tensor. A tensor that the decoder does not know
 * is refused too.
 */
export function checkCheckpoint(folder: string): CheckedCheckpoint {
  const path = join(folder, 'config.json')
  const config = readJson(path)
  const architecture = readArchitecture(config, path)
  const { files, place } = weightFiles(folder)
  const weights = fittingTensors({
    files,
    place,
    shapes: tensorShapes(architecture),
    mayIgnore: name => isLeftOver(name, architecture),
  })
  return { config: config as CheckedCheckpoint['config'], architecture, weights, files }
}
