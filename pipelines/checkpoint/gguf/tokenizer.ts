/**
 * tokenizer.json and tokenizer_config.json of a GGUF file: byte-pair encoding of bytes, with the pre-tokenizer that the file names.
 * Such a file holds the name only; the patterns are those of the models that the name stands for.
 */
import { RlevError } from '../../errors.js'
import { given } from '../../given.js'
import { addedToken, bytePairFile } from '../../tokenizer/byte-pair-file.js'
import { unsupportedKey } from '../unsupported.js'
import type { Metadata } from './metadata.js'

const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true }

/** Words with a letter or sign before them, digits in runs of at most `digits`, punctuation, line ends, spaces. */
const wordsAndDigits = (digits: string) => ({
  type: 'Split',
  pattern: {
    Regex: String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|${digits}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`,
  },
  behavior: 'Isolated',
  invert: false,
})

const sequence = (...pretokenizers: object[]) => ({ type: 'Sequence', pretokenizers })
const bytesOnly = { ...byteLevel, use_regex: false }

interface Kind {
  preTokenizer: object
  normalizer: object | null
  /** Whether a word that is a token is taken whole. */
  ignoreMerges: boolean
  /** Whether the first token is added to a text, unless the file says so. */
  addsFirst: boolean
}

const plain: Kind = { preTokenizer: byteLevel, normalizer: null, ignoreMerges: false, addsFirst: false }

const kinds: Readonly<Record<string, Kind>> = {
  'gpt-2': plain,
  default: plain,
  smollm: { ...plain, preTokenizer: sequence({ type: 'Digits', individual_digits: true }, byteLevel) },
  qwen2: {
    ...plain,
    preTokenizer: sequence(wordsAndDigits(String.raw`\p{N}`), bytesOnly),
    normalizer: { type: 'NFC' },
  },
  'llama-bpe': {
    preTokenizer: sequence(wordsAndDigits(String.raw`\p{N}{1,3}`), bytesOnly),
    normalizer: null,
    ignoreMerges: true,
    addsFirst: true,
  },
}

/** Types of tokens in the file. */
const special = 3
const userDefined = 4

export interface TokenizerContents {
  /** Number of tokens. */
  size: number
  tokenizer: Record<string, unknown>
  config: Record<string, unknown>
  /** Special tokens as config.json and generation_config.json name them. */
  ids: { bos_token_id?: number; eos_token_id: number | readonly number[]; pad_token_id?: number }
}

/** Throws CheckpointInvalid for another kind of tokenizer. */
export function tokenizerOf(metadata: Metadata, place: string): TokenizerContents {
  const ggml = (name: string) => `tokenizer.ggml.${name}`
  const model = metadata.text(ggml('model'))
  if (model !== 'gpt2') {
    const expected = 'gpt2, byte-pair encoding of bytes'
    throw unsupportedKey({ key: ggml('model'), expected, found: model, place })
  }
  const name = metadata.optionalText(ggml('pre')) ?? 'default'
  const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined
  if (kind === undefined) {
    throw unsupportedKey({ key: ggml('pre'), expected: Object.keys(kinds).join(', '), found: name, place })
  }
  const tokens = metadata.texts(ggml('tokens'))
  const types = metadata.numbers(ggml('token_type'))
  const invalid = (key: string, expected: string, found: string) =>
    new RlevError({
      kind: 'CheckpointInvalid',
      message: `the key ${ggml(key)} is invalid`,
      place,
      expected,
      found,
      remedy: 'fetch the file again, or one that llama.cpp reads',
    })
  if (types.length !== tokens.length) throw invalid('token_type', `${tokens.length} types`, `${types.length} types`)
  const vocabulary = new Map(tokens.map((token, id) => [token, id]))
  if (vocabulary.size !== tokens.length) {
    const twice = tokens.findIndex((token, id) => vocabulary.get(token) !== id)
    throw invalid('tokens', 'each token once', `${JSON.stringify(tokens[twice])} twice`)
  }
  const merges = metadata.texts(ggml('merges')).map(merge => merge.split(' '))
  const uneven = merges.find(parts => parts.length !== 2)
  if (uneven !== undefined) throw invalid('merges', 'two tokens with a space between', JSON.stringify(uneven.join(' ')))
  const added = tokens.flatMap((content, id) =>
    types[id] === special || types[id] === userDefined
      ? [addedToken({ id, content, special: types[id] === special })]
      : [],
  )
  const [bos, eos, eot, pad] = ['bos', 'eos', 'eot', 'padding'].map(which => {
    const id = metadata.optionalNumber(ggml(`${which}_token_id`))
    if (id === undefined || tokens[id] !== undefined) return id
    throw invalid(`${which}_token_id`, `a whole number from 0 to ${tokens.length - 1}`, String(id))
  })
  const first = metadata.flag(ggml('add_bos_token'), kind.addsFirst) ? bos : undefined
  const text = (id: number | undefined) => (id === undefined ? undefined : tokens[id])
  const ends = [...new Set([eos ?? metadata.number(ggml('eos_token_id')), eot ?? -1])].filter(id => id >= 0)
  return {
    size: tokens.length,
    tokenizer: bytePairFile({
      addedTokens: added,
      normalizer: kind.normalizer,
      preTokenizer: kind.preTokenizer,
      postProcessor: first === undefined ? null : addsFirst(text(first) as string, first),
      decoder: byteLevel,
      ignoreMerges: kind.ignoreMerges,
      vocabulary: Object.fromEntries(vocabulary),
      merges,
    }),
    config: {
      ...given({ bos_token: text(bos), eos_token: text(eos), pad_token: text(pad) }),
      ...given({ chat_template: metadata.optionalText('tokenizer.chat_template') }),
      clean_up_tokenization_spaces: false,
      tokenizer_class: 'PreTrainedTokenizerFast',
    },
    ids: {
      ...given({ bos_token_id: bos, pad_token_id: pad }),
      eos_token_id: ends.length === 1 ? (ends[0] as number) : ends,
    },
  }
}

/** Puts a token in front of every text. */
function addsFirst(token: string, id: number): object {
  const at = (text: 'A' | 'B', type: number) => ({ Sequence: { id: text, type_id: type } })
  const first = (type: number) => ({ SpecialToken: { id: token, type_id: type } })
  return {
    type: 'TemplateProcessing',
    single: [first(0), at('A', 0)],
    pair: [first(0), at('A', 0), first(1), at('B', 1)],
    special_tokens: { [token]: { id: token, ids: [id], tokens: [token] } },
  }
}
