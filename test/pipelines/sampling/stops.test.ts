import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, test } from 'node:test'
import { disposeEngines } from '../../../pipelines/engine/engine-cache.js'
import { logProbsOf } from '../../../pipelines/engine/log-probabilities.js'
import { defaultEngine, disposePolicy } from '../../../pipelines/model/policy.js'
import { noHooks } from '../../../pipelines/progress.js'
import { stream } from '../../../pipelines/random.js'
import { rollOut } from '../../../pipelines/rollout/roll-out.js'
import { generate } from '../../../pipelines/sampling/generate.js'
import { LocalSampler } from '../../../pipelines/sampling/local-sampler.js'
import { belonging, responseText, stopsOf } from '../../../pipelines/sampling/stops.js'
import { loadTokenizer } from '../../../pipelines/tokenizer/tokenizer-folder.js'
import { prompt, tinyConfig, tinyPolicy } from '../model/tiny-policy.js'

const folder = 'test/fixtures/qwen2-tiny'
const pieces = loadTokenizer(folder, JSON.parse(readFileSync(`${folder}/config.json`, 'utf8')))
const policy = { ...tinyPolicy(), engine: { ...defaultEngine, mode: 'eager' as const } }
after(() => {
  disposePolicy(policy)
  disposeEngines()
})

const stop = (parts: { strings?: string[]; tokens?: (string | number)[]; keepText?: boolean }) => ({
  strings: [],
  tokens: [],
  keepText: false,
  ...parts,
})

/*
 * The first number of tokens whose text has a stop string, by the tokenizers library (0.22.1) for Python:
 *
 *   t = Tokenizer.from_file('test/fixtures/qwen2-tiny/tokenizer.json')
 *   decode = lambda ids: t.decode(ids, skip_special_tokens=False)
 *   ids = t.encode('12+3=15\n\nQuestion: é</answer> done', add_special_tokens=False).ids
 *   next((n for n in range(1, len(ids) + 1) if any(s in decode(ids[:n]) for s in stops)), None)
 *
 * The tokens are 12 + 3 = 15 \n \n Question : _ and the two bytes of é, then < / a n swer > _ d o n e.
 */
const text = '12+3=15\n\nQuestion: é</answer> done'
const golden: readonly (readonly [strings: string[], count: number | null, seen: string])[] = [
  [['</answer>'], 18, '12+3=15\n\nQuestion: é'],
  [['é'], 12, '12+3=15\n\nQuestion: '],
  [['5\n'], 6, '12+3=1'],
  [['swer'], 17, '12+3=15\n\nQuestion: é</an'],
  [['tion: ', 'Q'], 8, '12+3=15\n\n'],
  [['nswer> do', 'done'], 21, '12+3=15\n\nQuestion: é</a'],
  [['never'], null, text],
]

for (const [strings, count, seen] of golden) {
  test(`${JSON.stringify(strings)} is found across the borders of tokens, however many are drawn in a call`, () => {
    const ids = pieces.encode(text)
    const stops = stopsOf(pieces, stop({ strings }))
    for (const size of [1, 2, 3, 8, ids.length]) {
      const tokens: number[] = []
      let stoppedBy: string | undefined
      while (stoppedBy === undefined && tokens.length < ids.length) {
        const fresh = ids.slice(tokens.length, tokens.length + size)
        const part = belonging(pieces, stops, { before: tokens, fresh })
        tokens.push(...part.tokens)
        stoppedBy = part.stoppedBy
      }
      assert.equal(tokens.length, count ?? ids.length, `${size} at a time`)
      assert.equal(responseText(pieces, { tokens, stoppedBy }, stops).text, seen)
      if (stoppedBy === undefined) continue
      const kept = responseText(pieces, { tokens, stoppedBy }, { ...stops!, keepText: true })
      assert.deepEqual(kept, { text: `${seen}${stoppedBy}`, stoppedBy })
    }
  })
}

test('of two strings that one token completes, the one that begins first ends the text, and the end token goes before both', () => {
  const stops = stopsOf(pieces, stop({ strings: ['estion', 'Quest'] }))
  const { stoppedBy, tokens } = belonging(pieces, stops, { before: [], fresh: pieces.encode('1Question') })
  assert.equal(stoppedBy, 'Quest')
  assert.equal(responseText(pieces, { tokens, stoppedBy }, stops).text, '1')
  const [eos = -1] = pieces.eosIds
  const ended = belonging(pieces, stops, {
    before: [],
    fresh: [...pieces.encode('1'), eos, ...pieces.encode('Question')],
  })
  assert.deepEqual(ended, { tokens: [...pieces.encode('1'), eos], finish: 'stop' })
})

test('a stop token is named by its text or its id, and is refused where it is not one token that can be drawn', () => {
  const [line = -1] = pieces.encode('\n')
  assert.deepEqual(stopsOf(pieces, stop({ tokens: ['\n', line] }))?.ids, [line])
  assert.deepEqual(stopsOf(pieces, stop({ tokens: [...pieces.eosIds] }))?.ids, [])
  for (const token of ['\nQuestion', 100_000, -0.5]) {
    assert.throws(() => stopsOf(pieces, stop({ tokens: [token] })), { kind: 'ConfigInvalid' })
  }
  assert.equal(stopsOf(pieces, null), null)
})

const prompts = ['1+2=', '12+34=', '5=', '123+456=', '9+9=', '88+1='].map(one => prompt(policy, one))
const { uniform } = stream(7, 'test')

test('generation ends at stops, with the tokens it would have drawn without them, whatever the number of slots', async () => {
  const [five = -1] = prompt(policy, '5')
  const stops = stopsOf(policy.tokenizer, stop({ strings: ['26', '84'], tokens: ['5'] }))
  const sample = (options: object) =>
    generate({ policy, prompts: many, uniforms: uniform, maxTokens: 12, chunk: 30, ...options })
  const many = prompts.flatMap(one => Array.from({ length: 5 }, () => one))
  const [whole, ended] = [await sample({}), await sample({ stops })]
  const kinds = new Set<string>()
  for (const [row, { tokens, logProbs, entropy, finish, stoppedBy }] of ended.entries()) {
    const free = whole[row] as (typeof whole)[number]
    const wanted = free.tokens.findIndex((_, at) => {
      const said = policy.tokenizer.decode(free.tokens.slice(0, at + 1))
      return free.tokens[at] === five || said.includes('26') || said.includes('84')
    })
    assert.deepEqual(tokens, wanted < 0 ? free.tokens : free.tokens.slice(0, wanted + 1))
    assert.deepEqual(logProbs, free.logProbs.slice(0, tokens.length))
    assert.ok(entropy <= free.entropy)
    assert.equal(finish, wanted < 0 ? free.finish : 'stop')
    kinds.add(stoppedBy ?? finish)
  }
  assert.deepEqual([...kinds].sort(), ['26', '5', '84', 'length', 'stop'])
  for (const chunk of [2, 7, 16]) {
    const cut = await sample({ stops, chunk })
    assert.deepEqual(
      cut.map(({ tokens, finish, stoppedBy }) => ({ tokens, finish, stoppedBy })),
      ended.map(({ tokens, finish, stoppedBy }) => ({ tokens, finish, stoppedBy })),
    )
    assert.deepEqual(await sample({ stops, chunk }), cut)
  }
})

test('recorded graphs end at stop tokens as single operations do', async () => {
  const other = { ...tinyPolicy(), engine: { ...defaultEngine, mode: 'recorded' as const } }
  const stops = stopsOf(policy.tokenizer, stop({ tokens: ['7', '1'] }))
  const of = async (one: typeof policy) =>
    (await generate({ policy: one, prompts, uniforms: uniform, maxTokens: 9, chunk: 6, stops })).map(
      ({ tokens, finish, stoppedBy }) => ({ tokens, finish, stoppedBy }),
    )
  assert.deepEqual(await of(other as never), await of(policy))
  disposePolicy(other)
})

test('the tokens of a stop have log-probabilities in the response, its text has not, and what would follow is not there', async () => {
  const config = tinyConfig({
    rollout: { prompts: 3, samples: 8, maxTokens: 12, chunk: 8, stop: { strings: ['26', '84'], tokens: ['5'] } },
  })
  const items = ['1+2=', '12+34=', '5='].map((one, index) => ({
    ...{ id: `i${index}`, exam: 'e', section: 's', answer: '3', points: 1, total: 10, weight: 1 },
    prompt: one,
  }))
  const { responses } = await rollOut({ policy: new LocalSampler(policy), items, config, step: 1, hooks: noHooks })
  const again = logProbsOf(policy, responses)
  const stopped = responses.filter(({ stoppedBy }) => stoppedBy !== undefined)
  assert.ok(stopped.length > 3)
  for (const { tokens, text: said, stoppedBy, finish } of stopped) {
    assert.equal(finish, 'stop')
    assert.equal(policy.tokenizer.decode(tokens), said + stoppedBy)
  }
  for (const [row, { logProbs }] of responses.entries()) {
    assert.equal(logProbs.length, again[row]?.length)
    for (const [at, logProb] of logProbs.entries()) assert.ok(Math.abs(logProb - (again[row]?.[at] ?? 9)) < 1e-5)
  }
})
