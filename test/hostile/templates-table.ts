/** Chat templates, which are programs, and tokenizers, which hold expressions that somebody wrote. */
import type { ChatRenderer } from '../../pipelines/tokenizer/chat-template.js'
import type { HostileCase } from './case.js'

const messages = [{ role: 'user', content: 'What is 12 + 30?' }]

/** Shorter than the limits of a checkpoint that is loaded, because many of these use all of it, twice. */
const timeoutMs = 400

/** Of the processor. An expression that backtracks takes no memory, so it is met the same however long it goes on. */
const tokenizerTimeoutMs = 100

let renderer: ChatRenderer | undefined

const template = (name: string, source: string, says: RegExp): HostileCase => ({
  name,
  meet: async () => {
    const { ChatRenderer } = await import('../../pipelines/tokenizer/chat-template.js')
    renderer ??= new ChatRenderer({ idleTimeoutMs: 30_000, timeoutMs })
    return renderer.render({ template: source, values: { messages } })
  },
  outcome: { refused: 'CheckpointInvalid', says },
})

const doubled = (body: string, first: string) =>
  `{% set ns = namespace(s=${first}) %}{% for i in range(60) %}{% set ns.s = ${body} %}{% endfor %}`

const endless = /does not end, or fills the memory/

type Json = Record<string, unknown>

const vocabulary = Object.fromEntries(
  [...'abcdefghijklmnopqrstuvwxyz0123456789+=<>?# '].map((token, id) => [token, id]),
)
const plain: Json = {
  version: '1.0',
  added_tokens: [],
  normalizer: null,
  pre_tokenizer: null,
  post_processor: null,
  decoder: { type: 'Fuse' },
  model: {
    type: 'BPE',
    unk_token: null,
    fuse_unk: false,
    byte_fallback: false,
    ignore_merges: false,
    vocab: vocabulary,
    merges: [],
  },
}

const tokenizer = (name: string, parts: Json, says: RegExp, text = `${'a'.repeat(5000)}!`): HostileCase => ({
  name,
  meet: async () => {
    const { makeTokenizer } = await import('../../pipelines/tokenizer/tokenizer.js')
    const files = { tokenizer: { ...plain, ...parts }, config: {} }
    return makeTokenizer({ files, eosIds: [1], padId: 0, timeoutMs: tokenizerTimeoutMs }).encode(text).length
  },
  outcome: { refused: 'CheckpointInvalid', says },
})

const split = (expression: string): Json => ({
  pre_tokenizer: { type: 'Split', pattern: { Regex: expression }, behavior: 'Isolated', invert: false },
})

const replace = (pattern: string, content: string): Json => ({ type: 'Replace', pattern: { String: pattern }, content })

export const cases: HostileCase[] = [
  template(
    'a loop over a million million numbers',
    '{% for i in range(10**12) %}x{% endfor %}',
    /a range of more than 100000 numbers/,
  ),
  template(
    'loops in loops',
    '{% for a in range(9999) %}{% for b in range(9999) %}{% for c in range(9999) %}{% endfor %}{% endfor %}{% endfor %}',
    endless,
  ),
  template(
    'a text that is doubled',
    `${doubled('ns.s ~ ns.s', "'xxxxxxxx'")}{{ ns.s | upper }}`,
    /Invalid string length|does not end/,
  ),
  template('a list that is doubled', `${doubled('ns.s + ns.s', '[1, 2, 3, 4]')}{{ ns.s }}`, endless),
  template(
    'a list that holds itself twice',
    `${doubled('[ns.s, ns.s]', '[1, 2]')}{{ ns.s | tojson }}`,
    /Invalid string length|does not end/,
  ),
  template(
    'a text that replaces its own letters',
    `${doubled("ns.s.replace('a', ns.s)", "'aaaaaaaa'")}{{ ns.s }}`,
    /Invalid string length|does not end/,
  ),
  template(
    'an indent of half a gigabyte',
    '{{ messages | tojson(indent=500000000) }}',
    /Invalid string length|does not end/,
  ),
  template('400 MB of spaces', "{{ 'a' | indent(400000000, true) }}", /too long|does not end/),
  template(
    'a macro that calls itself',
    '{% macro f(x) %}{{ f(x) }}{{ f(x) }}{% endmacro %}{{ f(1) }}',
    /cannot be rendered|does not end/,
  ),
  template(
    '100,000 brackets',
    `{{ ${'('.repeat(100_000)}1${')'.repeat(100_000)} }}`,
    /Maximum call stack|does not end/,
  ),
  template('a template of 10 MB', 'x'.repeat(10 * 2 ** 20), /10485760 characters of template/),
  template('no template', '{% for %}', /cannot be rendered/),
  template('a template that steers the terminal', "{{ raise_exception('\u001b[2J\u202e') }}", /\\u001b\[2J\\u202e/),
  template('a template that asks for the date', "{{ strftime_now('%Y') }}", /cannot be rendered/),
  tokenizer('an expression that backtracks without end', split('(a+)+$'), /the tokenizer does not end/),
  tokenizer('another one', split('(a|a|aa)*b'), /the tokenizer does not end/),
  tokenizer(
    'one that is a normalizer',
    { normalizer: { type: 'Replace', pattern: { Regex: '(a|aa)+$' }, content: 'b' } },
    /the tokenizer does not end/,
  ),
  tokenizer('an invalid expression', split('(((['), /the tokenizer cannot be read/),
  tokenizer(
    'replacements that multiply',
    { normalizer: { type: 'Sequence', normalizers: [replace('a', 'b'.repeat(1000)), replace('b', 'c'.repeat(1000))] } },
    /replacements that are not supported/,
  ),
  tokenizer(
    'replacements that quote what stands before',
    { normalizer: replace('a', '$`') },
    /replacements that are not supported/,
  ),
  tokenizer('a tokenizer of another kind', { model: { type: 'Surprise' } }, /the tokenizer cannot be read/),
  tokenizer('a tokenizer without its parts', { model: null, added_tokens: 7 }, /the tokenizer cannot be read/),
]
