/**
 * A policy as a folder in Hugging Face form: config.json, generation_config.json, tokenizer.json, tokenizer_config.json,
 * chat_template.jinja where there is one, and model.safetensors. Equal weights give equal bytes, so the sha256 of
 * model.safetensors names the weights.
 */
import { existsSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { EngineConfig } from '../config/schema.js'
import { RlevError } from '../errors.js'
import { readArchitecture, writeArchitecture } from './architecture-file.js'
import { DeviceTensors } from './device-tensors.js'
import { defaultEngine, type Policy } from './policy.js'
import { decodeSafetensors, encodeSafetensors } from './safetensors.js'
import { readTensors, tensorsOnDevice } from './tensor-file.js'
import { tensorShapes } from './tensor-shapes.js'
import { makeTokenizer, type TokenizerFiles } from './tokenizer.js'

type Json = Record<string, unknown>

/** Fails with CheckpointInvalid, naming the file and the key or tensor. */
export async function loadPolicy(folder: string, engine: EngineConfig = defaultEngine): Promise<Policy> {
  const config = readJson(join(folder, 'config.json'))
  const architecture = readArchitecture(config, join(folder, 'config.json'))
  const generation = existsSync(join(folder, 'generation_config.json'))
    ? readJson(join(folder, 'generation_config.json'))
    : {}
  const eosIds = idList(generation['eos_token_id'] ?? config['eos_token_id'])
  if (eosIds.length === 0) {
    throw new RlevError({
      kind: 'CheckpointInvalid',
      message: 'no end-of-sequence token is named',
      place: join(folder, 'config.json'),
      expected: 'eos_token_id, a number or a list',
      remedy: 'add it to config.json or generation_config.json',
    })
  }
  const padId = idList(config['pad_token_id'] ?? generation['pad_token_id'])[0] ?? (eosIds[0] as number)
  const template = join(folder, 'chat_template.jinja')
  const files: TokenizerFiles = {
    tokenizer: readJson(join(folder, 'tokenizer.json')),
    config: existsSync(join(folder, 'tokenizer_config.json')) ? readJson(join(folder, 'tokenizer_config.json')) : {},
    ...(existsSync(template) ? { chatTemplate: readFileSync(template, 'utf8') } : {}),
  }
  const path = join(folder, 'model.safetensors')
  const { tensors } = decodeSafetensors(readBytes(path), path)
  const shapes = tensorShapes(architecture)
  return {
    architecture,
    adapter: null,
    tokenizer: makeTokenizer({ files, eosIds, padId }),
    weights: new DeviceTensors(tensorsOnDevice({ tensors, shapes, place: path })),
    engine,
  }
}

export async function savePolicy(policy: Policy, folder: string): Promise<void> {
  await saveDescription(policy, folder)
  await writeFile(
    join(folder, 'model.safetensors'),
    encodeSafetensors({ tensors: await readTensors(policy.weights), metadata: { format: 'pt' } }),
  )
}

/** Everything but the weights: config, tokenizer and template. */
export async function saveDescription({ tokenizer, architecture }: Policy, folder: string): Promise<void> {
  const json = (name: string, content: unknown) =>
    writeFile(join(folder, name), `${JSON.stringify(content, null, 2)}\n`)
  await json('config.json', writeArchitecture(architecture, tokenizer))
  await json('generation_config.json', { eos_token_id: tokenizer.eosIds, pad_token_id: tokenizer.padId })
  await json('tokenizer.json', tokenizer.files.tokenizer)
  await json('tokenizer_config.json', tokenizer.files.config)
  if (tokenizer.files.chatTemplate !== undefined) {
    await writeFile(join(folder, 'chat_template.jinja'), tokenizer.files.chatTemplate)
  }
}

const idList = (value: unknown): number[] =>
  (Array.isArray(value) ? value : [value]).filter((id): id is number => Number.isInteger(id))

function readBytes(path: string): Uint8Array {
  if (existsSync(path)) return readFileSync(path)
  throw new RlevError({
    kind: 'CheckpointInvalid',
    message: 'the file is missing',
    place: path,
    expected: 'a checkpoint folder in Hugging Face form',
    remedy: 'check the path of the checkpoint',
  })
}

function readJson(path: string): Json {
  const text = new TextDecoder().decode(readBytes(path))
  try {
    return JSON.parse(text) as Json
  } catch (error) {
    throw new RlevError({
      kind: 'CheckpointInvalid',
      message: 'not JSON',
      place: path,
      found: (error as Error).message,
      cause: error,
    })
  }
}
