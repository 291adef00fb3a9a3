/** A GGUF file as the content of a checkpoint's folder: config and tokenizer at once, tensors one after the other. */
import { type FileHandle, open } from 'node:fs/promises'
import { RlevError } from '../../errors.js'
import { tensorShapes } from '../../model/tensor-shapes.js'
import { readArchitecture } from '../architecture-file.js'
import type { WritableTensor } from '../safetensors-writer.js'
import { valuesOfBlocks } from './blocks.js'
import { configOf } from './config.js'
import { type GgufTensor, readGgufHeader } from './header.js'
import { hubName, inHubOrder, rotaryFactorsName } from './tensor-names.js'
import { type TokenizerContents, tokenizerOf } from './tokenizer.js'

export interface GgufCheckpoint {
  config: Record<string, unknown>
  tokenizer: TokenizerContents
  /** By their names in Hugging Face checkpoints; each is read when its data is asked for. */
  tensors: ReadonlyMap<string, WritableTensor>
  close: () => Promise<void>
}

/** Rejects with CheckpointInvalid, which names the key or tensor. The caller closes it. */
export async function openGguf(path: string): Promise<GgufCheckpoint> {
  const { metadata, tensors: stored } = await readGgufHeader(path)
  const tokenizer = tokenizerOf(metadata, path)
  const file = await open(path)
  try {
    const read = (tensor: GgufTensor) => valuesOf(file, tensor, path)
    const factors = stored.find(({ name }) => name === rotaryFactorsName)
    const own = stored.filter(({ name }) => name !== rotaryFactorsName)
    const vocabulary = own.find(({ name }) => name === 'token_embd.weight')?.shape[0] ?? tokenizer.size
    if (tokenizer.size > vocabulary) {
      throw unfit(
        `${path}, tensor token_embd.weight`,
        `a row for each of ${tokenizer.size} tokens`,
        `${vocabulary} rows`,
      )
    }
    const config = await configOf(metadata, {
      place: path,
      tied: !own.some(({ name }) => name === 'output.weight'),
      vocabulary,
      rotaryFactors: factors === undefined ? undefined : { shape: factors.shape, values: () => read(factors) },
      tokens: tokenizer.ids,
    })
    const architecture = readArchitecture(config, path)
    const shapes = tensorShapes(architecture)
    const tensors = new Map<string, WritableTensor>()
    for (const tensor of own) {
      const name = hubName(tensor.name)
      const shape = name === undefined ? undefined : shapes.get(name)
      if (name === undefined || shape === undefined || shape.join() !== tensor.shape.join()) {
        throw unfit(`${path}, tensor ${tensor.name}`, listed(shape), listed(tensor.shape))
      }
      tensors.set(name, { shape, data: async () => inHubOrder(tensor.name, await read(tensor), architecture) })
    }
    const missing = [...shapes].find(([name]) => !tensors.has(name))
    if (missing !== undefined) throw unfit(`${path}, tensor ${missing[0]}`, listed(missing[1]), listed(undefined))
    return { config, tokenizer, tensors, close: () => file.close() }
  } catch (error) {
    await file.close()
    throw error
  }
}

async function valuesOf(file: FileHandle, { name, type, from, to }: GgufTensor, path: string): Promise<Float32Array> {
  const place = `${path}, tensor ${name}`
  const bytes = Buffer.alloc(to - from)
  for (let done = 0; done < bytes.length; ) {
    const { bytesRead } = await file.read(bytes, done, bytes.length - done, from + done)
    // The file has become shorter.
    if (bytesRead === 0) throw unfit(place, `${bytes.length} bytes`, `${done} bytes`)
    done += bytesRead
  }
  const values = valuesOfBlocks(bytes, type)
  const wrong = values.findIndex(value => !Number.isFinite(value))
  if (wrong >= 0) {
    throw new RlevError({
      kind: 'CheckpointInvalid',
      message: 'a weight is not a finite number, so every response would be undefined',
      place,
      expected: 'finite numbers',
      found: `${values[wrong]} at position ${wrong}`,
      remedy: 'fetch the file again, or one of another type',
    })
  }
  return values
}

const listed = (shape: readonly number[] | undefined): string =>
  shape === undefined ? 'no such tensor' : `[${shape.join(', ')}]`

function unfit(place: string, expected: string, found: string): RlevError {
  return new RlevError({
    kind: 'CheckpointInvalid',
    message: 'the tensors do not fit the keys of the file',
    place,
    expected,
    found,
    remedy: 'fetch the file again; only plain decoders of the Llama, Qwen2 and Qwen3 families are read',
  })
}
