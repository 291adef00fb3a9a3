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
import { writeArchitecture } from './architecture-file.js'
import { checkCheckpoint } from './checkpoint.js'
import { weightsFile } from './checkpoint-files.js'
import { DeviceTensors } from './device-tensors.js'
import { readJson } from './json-file.js'
import { defaultEngine, type Policy } from './policy.js'
import { writeSafetensors } from './safetensors-writer.js'
import { tensorsOnDevice } from './tensor-file.js'
import { tensorShapes } from './tensor-shapes.js'
import type { Tensor } from './tensorflow.js'
import { makeTokenizer, type PolicyTokenizer, type TokenizerFiles } from './tokenizer.js'

type Json = Readonly<Record<string, unknown>>

/** Bytes of a tokenizer.json: those of vocabularies of 250,000 tokens are half as long. */
const longestTokenizer = 2 ** 25

/** Fails with CheckpointInvalid, naming the file and the key or tensor. */
export async function loadPolicy(folder: string, engine: EngineConfig = defaultEngine): Promise<Policy> {
  const { config, architecture, weights } = checkCheckpoint(folder)
  const tokenizer = loadTokenizer(folder, config)
  const loaded = await tensorsOnDevice(weights)
  return {
    architecture,
    adapter: null,
    tokenizer,
    // In the order of the layers, whatever it is in the files.
    weights: new DeviceTensors([...tensorShapes(architecture).keys()].map(name => [name, loaded.get(name) as Tensor])),
    engine,
  }
}

function loadTokenizer(folder: string, config: Json): PolicyTokenizer {
  const optional = (name: string): Json =>
    existsSync(join(folder, name)) ? (readJson(join(folder, name)) as Json) : {}
  const generation = optional('generation_config.json')
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
    tokenizer: readJson(join(folder, 'tokenizer.json'), { longest: longestTokenizer }) as Json,
    config: optional('tokenizer_config.json'),
    ...(existsSync(template) ? { chatTemplate: readFileSync(template, 'utf8') } : {}),
  }
  return makeTokenizer({ files, eosIds, padId })
}

export async function savePolicy(policy: Policy, folder: string): Promise<void> {
  await saveDescription(policy, folder)
  await writeSafetensors(join(folder, weightsFile), { tensors: policy.weights, metadata: { format: 'pt' } })
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
