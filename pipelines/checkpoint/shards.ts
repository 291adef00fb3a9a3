/**
 * Finds the tensor files of a checkpoint's folder: model.safetensors, or the shards that
 * model.safetensors.index.json assigns tensors to. If both exist, model.safetensors is used, as in
 * `transformers`.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { RlevError } from '../errors.js'
import { readJson } from '../input/json-file.js'
import { weightsFile, weightsIndex } from './checkpoint-files.js'
import { readSafetensorsHeader, type SafetensorsFile } from './safetensors-reader.js'

interface WeightFiles {
  /** The file or index that should name every tensor. */
  place: string
  files: SafetensorsFile[]
}

const indexFile = z.looseObject({ weight_map: z.record(z.string(), z.string()) })

/**
 * A file name, which cannot lead out of the folder. The file may be a link, as in the cache of the Hugging Face
 * hub.
 */
const shardName = /^[^/\\\p{Cc}]+\.safetensors$/u

/**
 * Reads only headers. Throws CheckpointInvalid, which names the file and the tensor, also if index and shards
 * disagree.
 */
export function weightFiles(folder: string): WeightFiles {
  const whole = join(folder, weightsFile)
  const index = join(folder, weightsIndex)
  if (existsSync(whole)) return { place: whole, files: [readSafetensorsHeader(whole)] }
  if (!existsSync(index)) {
    throw invalid(whole, 'the file is missing', {
      expected: `${weightsFile}, or shards with ${weightsIndex}`,
      found: 'neither',
    })
  }
  const names = namesByShard(index)
  const files = [...names].map(([shard, tensors]) => readShard(join(folder, shard), { index, tensors }))
  return { place: index, files }
}

/** Names of tensors by the shard that should have them. */
function namesByShard(index: string): Map<string, Set<string>> {
  const parsed = indexFile.safeParse(readJson(index))
  if (!parsed.success) {
    throw invalid(index, 'the index is invalid', {
      expected: '`weight_map`, which maps names of tensors to names of files',
      found: parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '),
    })
  }
  const shards = new Map<string, Set<string>>()
  for (const [tensor, shard] of Object.entries(parsed.data.weight_map)) {
    if (!shardName.test(shard)) {
      throw invalid(`${index}, tensor ${tensor}`, 'the index names an invalid shard', {
        expected: 'the name of a .safetensors file in the same folder',
        found: JSON.stringify(shard),
      })
    }
    shards.set(shard, (shards.get(shard) ?? new Set()).add(tensor))
  }
  return shards
}

function readShard(path: string, { index, tensors }: { index: string; tensors: ReadonlySet<string> }): SafetensorsFile {
  const [one] = tensors
  if (!existsSync(path)) {
    throw invalid(path, 'the shard is missing', {
      expected: `a file with tensor ${one}, as ${index} says`,
      found: 'no such file',
    })
  }
  const file = readSafetensorsHeader(path)
  for (const name of tensors) {
    if (file.tensors.has(name)) continue
    throw invalid(path, `tensor ${name} is missing in this shard`, {
      expected: `the tensors that ${index} assigns to it`,
      found: `${file.tensors.size} other tensors`,
    })
  }
  for (const name of file.tensors.keys()) {
    if (tensors.has(name)) continue
    throw invalid(path, `tensor ${name} is in this shard, but the index does not say so`, {
      expected: `the tensors that ${index} assigns to it`,
      found: 'one more',
    })
  }
  return file
}

function invalid(place: string, message: string, parts: { expected: string; found: string }): RlevError {
  return new RlevError({
    kind: 'CheckpointInvalid',
    message,
    place,
    ...parts,
    remedy: 'fetch all files of the checkpoint again; `save_pretrained` writes weights of other formats as safetensors',
  })
}
