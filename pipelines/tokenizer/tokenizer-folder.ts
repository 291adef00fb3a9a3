/**
 * Reads the tokenizer of a checkpoint's folder, with its end-of-sequence and padding tokens. Does not load
 * TensorFlow.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { RlevError } from '../errors.js'
import { readJsonObject, readText } from '../input/json-file.js'
import { makeTokenizer, type PolicyTokenizer, type TokenizerFiles } from './tokenizer.js'

type Json = Readonly<Record<string, unknown>>

/** Of a tokenizer.json. A vocabulary of 250,000 tokens takes half of it. */
const maxTokenizerBytes = 2 ** 25

/** Of a chat_template.jinja. */
const maxTemplateBytes = 2 ** 20

/** `config` is the content of config.json. Throws CheckpointInvalid, which names the file. */
export function loadTokenizer(folder: string, config: Json): PolicyTokenizer {
  const optional = (name: string): Json => (existsSync(join(folder, name)) ? readJsonObject(join(folder, name)) : {})
  const generation = optional('generation_config.json')
  const eosIds = idList(generation['eos_token_id'] ?? config['eos_token_id'])
  if (eosIds.length === 0) {
    throw new RlevError({
      kind: 'CheckpointInvalid',
      message: 'the end-of-sequence token is missing',
      place: join(folder, 'config.json'),
      expected: 'eos_token_id, a number or a list',
      remedy: 'add it to config.json or generation_config.json',
    })
  }
  const padId = idList(config['pad_token_id'] ?? generation['pad_token_id'])[0] ?? (eosIds[0] as number)
  const template = join(folder, 'chat_template.jinja')
  const place = join(folder, 'tokenizer.json')
  const files: TokenizerFiles = {
    tokenizer: readJsonObject(place, { maxBytes: maxTokenizerBytes }),
    config: optional('tokenizer_config.json'),
    ...(existsSync(template) ? { chatTemplate: readText(template, 'a template in Jinja', maxTemplateBytes) } : {}),
  }
  return makeTokenizer({ files, eosIds, padId, place })
}

const idList = (value: unknown): number[] =>
  (Array.isArray(value) ? value : [value]).filter((id): id is number => Number.isInteger(id))
