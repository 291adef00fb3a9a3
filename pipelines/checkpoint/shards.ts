/**
 * Where the tensors of a checkpoint's folder are: in model.safetensors, or in shards beside model.safetensors.index.json, which says
 * by a tensor's name which shard has it. As in `transformers`, the one file counts where both are there.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { RlevError } from '../errors.js'
import { readJson } from '../input/json-file.js'
import { weightsFile, weightsIndex } from './checkpoint-files.js'
import { readSafetensorsHeader, type SafetensorsFile } from './safetensors-reader.js'

export interface WeightFiles {
  /** The file or the index, which should name every tensor. */
  place: string
  files: SafetensorsFile[]
}

const indexFile = z.looseObject({ weight_map: z.record(z.string(), z.string()) })

/** A name in the folder: it must not lead out of it. What it names may be a link, as in the cache of the Hugging Face hub. */
const shardName = /^[^/\\\p{Cc}]+\.safetensors$/u

/** Reads headers alone. Throws CheckpointInvalid, naming the file and the tensor, also where index and shards disagree. */
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

/** Tensors by the shard that should have them. */
function namesByShard(index: string): Map<string, Set<string>> {
  const parsed = indexFile.safeParse(readJson(index))
  if (!parsed.success) {
    throw invalid(index, 'the index cannot be read', {
      expected: '`weight_map`, names of files by names of tensors',
      found: parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '),
    })
  }
  const shards = new Map<string, Set<string>>()
  for (const [tensor, shard] of Object.entries(parsed.data.weight_map)) {
    if (!shardName.test(shard)) {
      throw invalid(`${index}, tensor ${tensor}`, 'the index names a file that cannot be one of its shards', {
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
    throw invalid(path, `tensor ${name} is not in this shard`, {
      expected: `it here, as ${index} says`,
      found: `${file.tensors.size} others`,
    })
  }
  for (const name of file.tensors.keys()) {
    if (tensors.has(name)) continue
    throw invalid(path, `tensor ${name} is not said to be in this shard`, {
      expected: `what ${index} says`,
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
    remedy: 'fetch the checkpoint again, whole; weights in other forms are written as safetensors by `save_pretrained`',
  })
}
