/**
 * Reads the tokenizer of a checkpoint's folder, with its end-of-sequence and padding tokens. Does not load
 * TensorFlow.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { RlevError } from '../errors.js'
import { readJsonObject, readText } from '../input/json-file.js'
import { contentOf, makeTokenizer, type PolicyTokenizer, type TokenizerFiles } from './tokenizer.js'

type Json = Readonly<Record<string, unknown>>

/** Of a tokenizer.json. A vocabulary of 250,000 tokens takes half of it. */
const maxTokenizerBytes = 2 ** 25

/** Of a chat_template.jinja. */
const maxTemplateBytes = 2 ** 20

/** `config` is the content of config.json. Throws CheckpointInvalid, which names the file. */
export function loadTokenizer(folder: string, config: Json): PolicyTokenizer {
  const optional = (name: string): Json => (existsSync(join(folder, name)) ? readJsonObject(join(folder, name)) : {})
  const generation = optional('generation_config.json')
  const ids = (file: string, content: Json, key: string) =>
    idsIn(content[key], { place: `${join(folder, file)}, ${key}`, config })
  // A response ends with any of them: the files of published checkpoints name different ones.
  const stated = [
    ...ids('generation_config.json', generation, 'eos_token_id'),
    ...ids('config.json', config, 'eos_token_id'),
  ]
  const padding = [
    ...ids('config.json', config, 'pad_token_id'),
    ...ids('generation_config.json', generation, 'pad_token_id'),
  ]
  const place = join(folder, 'tokenizer.json')
  const tokenizer = readJsonObject(place, { maxBytes: maxTokenizerBytes })
  const settings = optional('tokenizer_config.json')
  const eosIds = [...new Set([...stated, ...idOf(contentOf(settings['eos_token']), tokenizer)])]
  if (eosIds.length === 0) {
    throw new RlevError({
      kind: 'CheckpointInvalid',
      message: 'the end-of-sequence token is missing',
      place: join(folder, 'config.json'),
      expected: 'eos_token_id, a number or a list',
      remedy: 'add it to config.json or generation_config.json',
    })
  }
  const padId = padding[0] ?? (eosIds[0] as number)
  const template = join(folder, 'chat_template.jinja')
  const files: TokenizerFiles = {
    tokenizer,
    config: settings,
    ...(existsSync(template) ? { chatTemplate: readText(template, 'a template in Jinja', maxTemplateBytes) } : {}),
  }
  return makeTokenizer({ files, eosIds, padId, place })
}

/** None if the key is missing or null. Throws CheckpointInvalid for an id that no row of the vocabulary has. */
function idsIn(value: unknown, { place, config }: { place: string; config: Json }): number[] {
  const vocabulary = Number(config['vocab_size'])
  const listed: unknown[] = Array.isArray(value) ? value : value === undefined || value === null ? [] : [value]
  for (const id of listed) {
    if (Number.isInteger(id) && Number(id) >= 0 && Number(id) < vocabulary) continue
    throw new RlevError({
      kind: 'CheckpointInvalid',
      message: 'a special token lies outside the vocabulary, so no response could have it',
      place,
      expected: `a whole number from 0 to ${vocabulary - 1} (vocab_size ${vocabulary}), a list of them, or null`,
      found: JSON.stringify(id),
      remedy: 'correct the id; tokenizer.json lists the tokens with their ids',
    })
  }
  return listed as number[]
}

/** The id of an added token of this text; none if there is no such token. */
function idOf(content: string, { added_tokens: added }: Json): number[] {
  const tokens = Array.isArray(added) ? (added as Json[]) : []
  return tokens.flatMap(token =>
    token['content'] === content && Number.isInteger(token['id']) ? [token['id'] as number] : [],
  )
}
