/** A random checkpoint as a folder: config, character tokenizer, and tensors in one file or in shards with an index. */
import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { readArchitecture } from '../../pipelines/checkpoint/architecture-file.js'
import { weightsFile, weightsIndex } from '../../pipelines/checkpoint/checkpoint-files.js'
import { bytesOf, headerBytes } from '../../pipelines/checkpoint/safetensors.js'
import { RlevError } from '../../pipelines/errors.js'
import { sizeOf, tensorShapes } from '../../pipelines/model/tensor-shapes.js'
import { characterTokenizer } from '../../pipelines/tokenizer/tokenizer.js'
import { characters } from './characters.js'
import type { ConfigContent } from './shapes.js'
import { bytesOfValues, type ElementType, type Values } from './values.js'

export interface Written {
  parameters: number
  /** Safetensors files. */
  files: number
  /** Of all tensors. */
  bytes: number
}

interface PlannedTensor {
  name: string
  shape: readonly number[]
  elements: number
  values: Values
}

const firstPrintable = 0x21

/** Elements made at a time: 16 MiB of float32. */
const block = 2 ** 22

/**
 * Writes the folder, made where it is missing. A shard holds tensors up to `shardBytes`, at least one. Equal arguments give equal bytes.
 * Throws CheckpointInvalid for a config that the decoder does not support.
 */
export function writeRandomCheckpoint({
  folder,
  config,
  type,
  shardBytes,
  seed,
}: {
  folder: string
  /** Keys of config.json but for the tokens. */
  config: ConfigContent
  type: ElementType
  shardBytes: number
  seed: number
}): Written {
  const architecture = readArchitecture(config, 'the shape of the checkpoint')
  mkdirSync(folder, { recursive: true })
  const json = (name: string, content: unknown) =>
    writeFileSync(join(folder, name), `${JSON.stringify(content, null, 2)}\n`)
  const tokenizer = characterTokenizer(characters({ count: architecture.vocabulary - 2, first: firstPrintable }))
  const tokens = { eos_token_id: tokenizer.eosIds[0], pad_token_id: tokenizer.padId }
  json('config.json', { ...config, ...tokens, dtype: { F32: 'float32', BF16: 'bfloat16' }[type] })
  json('generation_config.json', tokens)
  json('tokenizer.json', tokenizer.files.tokenizer)
  json('tokenizer_config.json', tokenizer.files.config)

  const deviation = architecture.initDeviation
  const tensors = [...tensorShapes(architecture)].map(([name, shape], tensor): PlannedTensor => {
    const norm = name.endsWith('norm.weight')
    const plain = norm || name.endsWith('bias')
    const values = { seed, tensor, deviation: plain ? 0 : deviation, constant: norm ? 1 : 0 }
    return { name, shape, elements: sizeOf(shape), values }
  })
  const shards = shardsOf({ tensors, bytesEach: bytesOf[type], shardBytes })
  const files = shards.map((_, index) =>
    shards.length === 1 ? weightsFile : `model-${padded(index + 1)}-of-${padded(shards.length)}.safetensors`,
  )
  for (const [index, shard] of shards.entries()) {
    writeShard({ path: join(folder, files[index] as string), tensors: shard, type })
  }
  const parameters = tensors.reduce((sum, { elements }) => sum + elements, 0)
  const bytes = parameters * bytesOf[type]
  if (shards.length > 1) {
    const places = shards.flatMap((shard, index) => shard.map(({ name }) => [name, files[index]]))
    json(weightsIndex, { metadata: { total_size: bytes }, weight_map: Object.fromEntries(places) })
  }
  return { parameters, files: shards.length, bytes }
}

const padded = (number: number): string => String(number).padStart(5, '0')

function shardsOf({
  tensors,
  bytesEach,
  shardBytes,
}: {
  tensors: readonly PlannedTensor[]
  bytesEach: number
  shardBytes: number
}): PlannedTensor[][] {
  if (!(shardBytes > 0)) {
    throw new RlevError({
      kind: 'CallInvalid',
      message: 'not a size of a shard',
      expected: 'a number of bytes above 0',
      found: String(shardBytes),
    })
  }
  const shards: PlannedTensor[][] = []
  let held = 0
  for (const tensor of tensors) {
    const bytes = tensor.elements * bytesEach
    const last = shards.at(-1)
    if (last === undefined || held + bytes > shardBytes) {
      shards.push([tensor])
      held = bytes
    } else {
      last.push(tensor)
      held += bytes
    }
  }
  return shards
}

/** The header, then the tensors in its order, a block at a time. */
function writeShard({
  path,
  tensors,
  type,
}: {
  path: string
  tensors: readonly PlannedTensor[]
  type: ElementType
}): void {
  const file = openSync(path, 'w')
  try {
    writeSync(
      file,
      headerBytes({ tensors: tensors.map(({ name, shape }) => ({ name, type, shape })), metadata: { format: 'pt' } }),
    )
    for (const { elements, values } of tensors) {
      for (let from = 0; from < elements; from += block) {
        writeSync(file, bytesOfValues({ values, from, to: Math.min(elements, from + block), type }))
      }
    }
  } finally {
    closeSync(file)
  }
}
