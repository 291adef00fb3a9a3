/** The tokenizer of a checkpoint's folder, with the tokens that end a response and fill a batch. Loads no TensorFlow. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { RlevError } from '../errors.js'
import { readJsonObject, readText } from '../input/json-file.js'
import { makeTokenizer, type PolicyTokenizer, type TokenizerFiles } from './tokenizer.js'

type Json = Readonly<Record<string, unknown>>

/** Bytes of a tokenizer.json: those of vocabularies of 250,000 tokens are half as long. */
const longestTokenizer = 2 ** 25

/** Bytes of a chat_template.jinja. */
const longestTemplate = 2 ** 20

/** `config`: the content of its config.json. Throws CheckpointInvalid, naming the file. */
export function loadTokenizer(folder: string, config: Json): PolicyTokenizer {
  const optional = (name: string): Json => (existsSync(join(folder, name)) ? readJsonObject(join(folder, name)) : {})
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
  const place = join(folder, 'tokenizer.json')
  const files: TokenizerFiles = {
    tokenizer: readJsonObject(place, { maxBytes: longestTokenizer }),
    config: optional('tokenizer_config.json'),
    ...(existsSync(template) ? { chatTemplate: readText(template, 'a template in Jinja', longestTemplate) } : {}),
  }
  return makeTokenizer({ files, eosIds, padId, place })
}

const idList = (value: unknown): number[] =>
  (Array.isArray(value) ? value : [value]).filter((id): id is number => Number.isInteger(id))
