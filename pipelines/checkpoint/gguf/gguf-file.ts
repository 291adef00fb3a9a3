/** A GGUF file as the content of a checkpoint's folder: config and tokenizer at once, tensors one after the other. */
import { closeSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { gguf } from '@huggingface/gguf'
import { RlevError } from '../../errors.js'
import { openRegularFile } from '../../input/regular-file.js'
import { sizeOf, tensorShapes } from '../../model/tensor-shapes.js'
import { readArchitecture } from '../architecture-file.js'
import type { WritableTensor } from '../safetensors-writer.js'
import { blockTypes, valuesOfBlocks } from './blocks.js'
import { configOf } from './config.js'
import { Metadata } from './metadata.js'
import { hubName, inHubOrder, rotaryFactorsName } from './tensor-names.js'
import { type TokenizerContents, tokenizerOf } from './tokenizer.js'

export interface GgufCheckpoint {
  config: Record<string, unknown>
  tokenizer: TokenizerContents
  /** By their names in Hugging Face checkpoints; each is read when its data is asked for. */
  tensors: ReadonlyMap<string, WritableTensor>
  close: () => Promise<void>
}

type Header = Awaited<ReturnType<typeof gguf>>
type TensorInfo = Header['tensorInfos'][number]

/** Rejects with CheckpointInvalid, which names the key or tensor. The caller closes it. */
export async function openGguf(path: string): Promise<GgufCheckpoint> {
  const { metadata: keys, tensorInfos, tensorDataOffset } = await headerOf(path)
  const metadata = new Metadata({ ...keys }, path)
  const tokenizer = tokenizerOf(metadata, path)
  const file = await open(path)
  try {
    const start = Number(tensorDataOffset)
    const read = (info: TensorInfo) => valuesOf(file, { info, start, place: path })
    const factors = tensorInfos.find(({ name }) => name === rotaryFactorsName)
    const own = tensorInfos.filter(({ name }) => name !== rotaryFactorsName)
    const embedding = own.find(({ name }) => name === 'token_embd.weight')
    const config = configOf(metadata, {
      place: path,
      tied: !own.some(({ name }) => name === 'output.weight'),
      vocabulary: Number(embedding?.shape[1] ?? metadata.texts('tokenizer.ggml.tokens').length),
      rotaryFactors: factors === undefined ? undefined : await read(factors),
      tokens: tokenizer.ids,
    })
    const architecture = readArchitecture(config, path)
    const shapes = tensorShapes(architecture)
    const tensors = new Map<string, WritableTensor>()
    for (const info of own) {
      const name = hubName(info.name)
      const shape = name === undefined ? undefined : shapes.get(name)
      // The file has the fastest axis first.
      const found = info.shape.map(Number).reverse()
      if (name === undefined || shape === undefined || shape.join() !== found.join()) {
        throw unfit(`${path}, tensor ${info.name}`, shape, found)
      }
      tensors.set(name, { shape, data: async () => inHubOrder(info.name, await read(info), architecture) })
    }
    const missing = [...shapes].find(([name]) => !tensors.has(name))
    if (missing !== undefined) throw unfit(`${path}, tensor ${missing[0]}`, missing[1], null)
    return { config, tokenizer, tensors, close: () => file.close() }
  } catch (error) {
    await file.close()
    throw error
  }
}

async function headerOf(path: string): Promise<Header> {
  try {
    // The library would wait for a pipe, and look for an address.
    closeSync(openRegularFile(path).file)
    return await gguf(path, { allowLocalFile: true })
  } catch (cause) {
    throw new RlevError({
      kind: 'CheckpointInvalid',
      message: 'the file cannot be read',
      place: path,
      expected: 'a GGUF file of version 2 or 3',
      found: cause instanceof Error ? cause.message : String(cause),
      remedy: 'check the path, and fetch the file again',
      cause,
    })
  }
}

async function valuesOf(
  file: FileHandle,
  { info: { name, shape, dtype, offset }, start, place }: { info: TensorInfo; start: number; place: string },
): Promise<Float32Array> {
  const type = blockTypes.get(dtype)
  if (type === undefined) {
    throw new RlevError({
      kind: 'CheckpointInvalid',
      message: 'the type of the tensor is not supported',
      place: `${place}, tensor ${name}`,
      expected: [...blockTypes.values()].map(known => known.name).join(', '),
      found: `type ${dtype}`,
      remedy: 'use a file of the same model in one of these types, such as Q8_0',
    })
  }
  const bytes = Buffer.alloc((sizeOf(shape.map(Number)) / type.values) * type.bytes)
  for (let done = 0; done < bytes.length; ) {
    const { bytesRead } = await file.read(bytes, done, bytes.length - done, start + Number(offset) + done)
    if (bytesRead === 0) throw unfit(`${place}, tensor ${name}`, [bytes.length], [done])
    done += bytesRead
  }
  return valuesOfBlocks(bytes, type)
}

function unfit(place: string, expected: readonly number[] | undefined, found: readonly number[] | null): RlevError {
  const listed = (shape: readonly number[]) => `[${shape.join(', ')}]`
  return new RlevError({
    kind: 'CheckpointInvalid',
    message: 'the tensors do not fit the keys of the file',
    place,
    expected: expected === undefined ? 'no such tensor' : listed(expected),
    found: found === null ? 'no such tensor' : listed(found),
    remedy: 'fetch the file again; only plain decoders of the Llama, Qwen2 and Qwen3 families are read',
  })
}
