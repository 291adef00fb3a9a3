/**
 * Text to token ids and back, by a `tokenizer.json` in Hugging Face form; prompts of chat messages go through the
 * checkpoint's chat template. A policy made here gets a tokenizer of single characters in the same form.
 */
import { Template } from '@huggingface/jinja'
import { Tokenizer } from '@huggingface/tokenizers'
import type { Prompt } from '../data/item.js'
import { RlevError } from '../errors.js'

export interface TokenizerFiles {
  /** Content of tokenizer.json. */
  tokenizer: Record<string, unknown>
  /** Content of tokenizer_config.json. */
  config: Record<string, unknown>
  /** Content of chat_template.jinja, where the checkpoint has one. */
  chatTemplate?: string
}

export interface PolicyTokenizer {
  files: TokenizerFiles
  eosIds: readonly number[]
  padId: number
  encode(text: string): number[]
  /** A prompt as the policy reads it: chat messages by the template, with the turn of the assistant opened. */
  encodePrompt(prompt: Prompt): number[]
  /** Text without special tokens. */
  decode(ids: readonly number[]): string
}

const PAD = '<pad>'
const EOS = '<eos>'

export function makeTokenizer({
  files,
  eosIds,
  padId,
}: {
  files: TokenizerFiles
  eosIds: readonly number[]
  padId: number
}): PolicyTokenizer {
  const tokenizer = new Tokenizer(files.tokenizer, files.config)
  const source = files.chatTemplate ?? files.config['chat_template']
  const template = typeof source === 'string' ? new Template(source) : undefined
  const encode = (text: string) => [...tokenizer.encode(text, { add_special_tokens: false }).ids]
  return {
    files,
    eosIds,
    padId,
    encode,
    encodePrompt(prompt) {
      if (typeof prompt === 'string') return encode(prompt)
      if (template === undefined) return encode(prompt.map(message => message.content).join('\n'))
      return encode(template.render({ messages: prompt, add_generation_prompt: true, ...specialTokens(files.config) }))
    },
    decode: ids => (ids.length === 0 ? '' : tokenizer.decode([...ids], { skip_special_tokens: true })),
  }
}

function specialTokens(config: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(['bos_token', 'eos_token', 'pad_token', 'unk_token'].map(key => [key, config[key] ?? '']))
}

/**
 * A tokenizer of the characters in `alphabet` (byte-pair encoding without merges), then `<pad>` and `<eos>`. In Python it is
 * read by `Tokenizer.from_file` or `PreTrainedTokenizerFast.from_pretrained`; AutoTokenizer of transformers 5 takes its own
 * Qwen2 tokenizer for every folder of the family, whatever tokenizer.json says.
 */
export function characterTokenizer(alphabet: readonly string[]): PolicyTokenizer {
  const characters = [...new Set(alphabet)]
  const vocabulary = Object.fromEntries([...characters, PAD, EOS].map((token, id) => [token, id]))
  const padId = characters.length
  const eosId = characters.length + 1
  const special = (id: number, content: string) => ({
    id,
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: true,
  })
  return makeTokenizer({
    eosIds: [eosId],
    padId,
    files: {
      tokenizer: {
        version: '1.0',
        truncation: null,
        padding: null,
        added_tokens: [special(padId, PAD), special(eosId, EOS)],
        normalizer: null,
        pre_tokenizer: null,
        post_processor: null,
        decoder: { type: 'Fuse' },
        model: {
          type: 'BPE',
          dropout: null,
          unk_token: null,
          continuing_subword_prefix: null,
          end_of_word_suffix: null,
          fuse_unk: false,
          byte_fallback: false,
          ignore_merges: false,
          vocab: vocabulary,
          merges: [],
        },
      },
      config: {
        eos_token: EOS,
        pad_token: PAD,
        tokenizer_class: 'PreTrainedTokenizerFast',
        clean_up_tokenization_spaces: false,
      },
    },
  })
}

/** Ids of a demonstration or prompt; a character that the vocabulary lacks is an error that names it, never dropped. */
export function encodeWhole(tokenizer: PolicyTokenizer, text: string, place: string): number[] {
  const ids = tokenizer.encode(text)
  if (tokenizer.decode(ids) !== text) {
    const lost = [...text].find(character => tokenizer.decode(tokenizer.encode(character)) !== character)
    throw new RlevError({
      kind: 'DataInvalid',
      message: 'the tokenizer cannot hold this text',
      place,
      expected: 'characters of its vocabulary',
      found: JSON.stringify(lost ?? text),
      remedy: 'use a checkpoint whose tokenizer covers the data',
    })
  }
  return ids
}
