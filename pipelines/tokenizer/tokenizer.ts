/**
 * Converts text to token ids and back, by a `tokenizer.json` in Hugging Face form. Prompts of chat messages are
 * rendered by the checkpoint's chat template. A policy from scratch gets a tokenizer of single characters in
 * the same form.
 */
import { Tokenizer } from '@huggingface/tokenizers'
import type { Prompt } from '../data/item.js'
import { RlevError } from '../errors.js'
import { TooSlow, withinTime } from '../input/time-limit.js'
import { addedToken, bytePairFile } from './byte-pair-file.js'
import { renderChat } from './chat-template.js'
import { isPlain, refuseGrowth, refuseUnlike } from './tokenizer-parts.js'

export interface TokenizerFiles {
  /** Content of tokenizer.json. */
  tokenizer: Record<string, unknown>
  /** Content of tokenizer_config.json. */
  config: Record<string, unknown>
  /** Content of chat_template.jinja, if the checkpoint has one. */
  chatTemplate?: string
}

export interface PolicyTokenizer {
  files: TokenizerFiles
  eosIds: readonly number[]
  padId: number
  encode(text: string): number[]
  /**
   * Ids of a prompt. A text gets the special tokens that the tokenizer's post-processor adds, such as a first one,
   * unless it begins with them. Chat messages are rendered by the template, which writes its own, up to the start of
   * the assistant's turn.
   */
  encodePrompt(prompt: Prompt): Promise<number[]>
  /** The text of a prompt before it is encoded: chat messages as the template renders them. */
  renderPrompt(prompt: Prompt): Promise<string>
  /**
   * Text of a response, without the tokens that end it and padding. Other special tokens are shown: a verifier must
   * not read `1<special>2` as 12. Spaces stay as they are.
   */
  decode(ids: readonly number[]): string
  /** Whether an id has a token. A checkpoint may have more rows than its tokenizer has tokens. */
  hasToken(id: number): boolean
}

const PAD = '<pad>'
const EOS = '<eos>'

/** For encoding or decoding one text, which usually takes a few milliseconds. */
const textTimeoutMs = 1500

/** For reading a tokenizer. One of 150,000 tokens takes a second on a fast processor. */
const readingTimeoutMs = 60_000

/**
 * `place` is the tokenizer's file, for errors; `timeoutMs` limits the work on one text. Throws CheckpointInvalid if it is unusable. Its functions do if
 * a text takes too long.
 */
export function makeTokenizer({
  files,
  eosIds,
  padId,
  place = 'tokenizer.json',
  timeoutMs = textTimeoutMs,
}: {
  files: TokenizerFiles
  eosIds: readonly number[]
  padId: number
  place?: string
  timeoutMs?: number
}): PolicyTokenizer {
  refuseGrowth(files.tokenizer, place)
  refuseUnlike(files.tokenizer, place)
  const bounded = <Result>(work: () => Result) => inTime(work, { place, timeoutMs })
  const tokenizer = inTime(() => readable(files, place), { place, timeoutMs: readingTimeoutMs })
  const template = templateOf(files)
  const run = isPlain(files.tokenizer) ? <Result>(work: () => Result) => work() : bounded
  const rendered = new RenderedPrompts()
  const ids = (text: string, special: boolean) => [
    ...run(() => tokenizer.encode(text, { add_special_tokens: special }).ids),
  ]
  const encode = (text: string) => ids(text, false)
  // A post-processor adds the same to every text, so one text tells whether it adds anything.
  let adds: boolean | undefined
  const encodeText = (text: string) => {
    adds ??= ids('0', true).length > encode('0').length
    const bare = encode(text)
    if (!adds) return bare
    const whole = ids(text, true)
    // What is added in front of the text.
    const front = whole.slice(0, Math.max(0, whole.length - bare.length))
    return front.length > 0 && front.every((id, index) => id === bare[index]) ? bare : whole
  }
  const renderPrompt = async (prompt: Prompt) => {
    if (typeof prompt === 'string') return prompt
    if (template === undefined) return prompt.map(message => message.content).join('\n')
    const values = { messages: prompt, add_generation_prompt: true, ...specialTokens(files.config) }
    return rendered.once(JSON.stringify(prompt), () => renderChat({ template, values }))
  }
  return {
    files,
    eosIds,
    padId,
    encode,
    async encodePrompt(prompt) {
      const text = await renderPrompt(prompt)
      return typeof prompt === 'string' || template === undefined ? encodeText(text) : encode(text)
    },
    renderPrompt,
    decode(ids) {
      const ended = ids.findLastIndex(id => id !== padId && !eosIds.includes(id)) + 1
      if (ended === 0) return ''
      const options = { skip_special_tokens: false, clean_up_tokenization_spaces: false }
      return run(() => tokenizer.decode(ids.slice(0, ended), options))
    },
    hasToken: id => tokenizer.id_to_token(id) !== undefined,
  }
}

/** Encodes prompts one after the other, and stops at the first that cannot be rendered. */
export async function encodePrompts(tokenizer: PolicyTokenizer, prompts: readonly Prompt[]): Promise<number[][]> {
  const encoded: number[][] = []
  for (const prompt of prompts) encoded.push(await tokenizer.encodePrompt(prompt))
  return encoded
}

/** Of messages and prompts together. */
const maxCachedCharacters = 2 ** 24

/**
 * Keeps rendered prompts: every evaluation asks for the same ones, and rendering one goes to another process
 * and back.
 */
class RenderedPrompts {
  readonly #texts = new Map<string, string>()
  #characters = 0

  async once(messages: string, render: () => Promise<string>): Promise<string> {
    const there = this.#texts.get(messages)
    if (there !== undefined) return there
    const text = await render()
    this.#characters += messages.length + text.length
    if (this.#characters > maxCachedCharacters) {
      this.#texts.clear()
      this.#characters = messages.length + text.length
    }
    this.#texts.set(messages, text)
    return text
  }
}

function readable({ tokenizer, config }: TokenizerFiles, place: string): Tokenizer {
  try {
    return new Tokenizer(tokenizer, config)
  } catch (cause) {
    if (!(cause instanceof Error)) throw cause
    throw unusable(place, 'the tokenizer cannot be read', cause.message)
  }
}

/** Limits the time, because a tokenizer's regular expressions may take arbitrarily long. */
function inTime<Result>(work: () => Result, { place, timeoutMs }: { place: string; timeoutMs: number }): Result {
  try {
    return withinTime(work, { milliseconds: timeoutMs })
  } catch (error) {
    if (!(error instanceof TooSlow)) throw error
    throw unusable(place, 'the tokenizer does not end', error.message)
  }
}

function unusable(place: string, message: string, found: string): RlevError {
  return new RlevError({
    kind: 'CheckpointInvalid',
    message,
    place,
    expected: 'the tokenizer.json of a checkpoint in Hugging Face form',
    found,
    remedy: 'use a checkpoint with the tokenizer that its family has',
  })
}

/** The chat template: a text, or the one named `default` of a list. As in Python, line ends are newlines. */
function templateOf({ chatTemplate, config }: TokenizerFiles): string | undefined {
  const source = chatTemplate ?? config['chat_template']
  const listed = Array.isArray(source) ? source.find(one => one?.name === 'default')?.template : source
  return typeof listed === 'string' ? listed.replace(/\r\n?/g, '\n') : undefined
}

function specialTokens(config: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(
    ['bos_token', 'eos_token', 'pad_token', 'unk_token'].map(key => [key, contentOf(config[key])]),
  )
}

/** A token of tokenizer_config.json: its text, or an object with it. */
export function contentOf(token: unknown): string {
  const content = typeof token === 'object' && token !== null && 'content' in token ? token.content : token
  return typeof content === 'string' ? content : ''
}

/**
 * A tokenizer of the characters in `alphabet` (byte-pair encoding without merges), then `<pad>` and `<eos>`. In
 * Python, read it with `Tokenizer.from_file` or `PreTrainedTokenizerFast.from_pretrained`. AutoTokenizer of
 * transformers 5 ignores tokenizer.json and uses its own Qwen2 tokenizer for every folder of the family.
 */
export function characterTokenizer(alphabet: readonly string[]): PolicyTokenizer {
  const characters = [...new Set(alphabet)]
  const vocabulary = Object.fromEntries([...characters, PAD, EOS].map((token, id) => [token, id]))
  const padId = characters.length
  const eosId = characters.length + 1
  return makeTokenizer({
    eosIds: [eosId],
    padId,
    files: {
      tokenizer: bytePairFile({
        addedTokens: [
          addedToken({ id: padId, content: PAD, special: true }),
          addedToken({ id: eosId, content: EOS, special: true }),
        ],
        normalizer: null,
        preTokenizer: null,
        postProcessor: null,
        decoder: { type: 'Fuse' },
        ignoreMerges: false,
        vocabulary,
        merges: [],
      }),
      config: {
        eos_token: EOS,
        pad_token: PAD,
        tokenizer_class: 'PreTrainedTokenizerFast',
        clean_up_tokenization_spaces: false,
      },
    },
  })
}

/** Ids of a text. Throws DataInvalid, which names the character, if the vocabulary lacks one. */
export function encodeWhole(tokenizer: PolicyTokenizer, text: string, place: string): number[] {
  const ids = tokenizer.encode(text)
  if (tokenizer.decode(ids) !== text) {
    const lost = [...text].find(character => tokenizer.decode(tokenizer.encode(character)) !== character)
    throw new RlevError({
      kind: 'DataInvalid',
      message: 'the tokenizer lacks a character of this text',
      place,
      expected: 'characters of its vocabulary',
      found: JSON.stringify(lost ?? text),
      remedy: 'use a checkpoint whose tokenizer covers the data',
    })
  }
  return ids
}
