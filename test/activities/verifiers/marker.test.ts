/** Marks by a module of the user, through the same seam as every other verifier. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { Marker } from '../../../activities/verifiers/marker.js'
import { digest } from '../../../pipelines/config/digest.js'
import { readProgram } from '../../../pipelines/config/program.js'
import { type ExperimentConfig, experimentSchema } from '../../../pipelines/config/schema.js'
import type { DataSet, Item } from '../../../pipelines/data/item.js'
import type { Answered } from '../../../pipelines/rewards/marking.js'
import { withReadableReferences } from '../../../pipelines/rewards/references.js'

let home: string
let marker: Marker
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'rlev-marker-'))
  marker = new Marker({ home })
})
afterEach(async () => {
  await marker.end()
  rmSync(home, { recursive: true, force: true })
})

function rewardOf(source: string, changes: object = {}): ExperimentConfig['reward'] {
  const verifier = join(home, 'verifier.ts')
  writeFileSync(verifier, source)
  const reward = { verifier, verifierDigest: readProgram(verifier).digest, ...changes }
  return experimentSchema.parse({ name: 'marked', reward }).reward
}

const item = (id: string, answer: string): Item => ({
  id,
  exam: `exam-${id}`,
  section: 's',
  prompt: [{ role: 'user', content: `question ${id}` }],
  answer,
  points: 2,
  total: 10,
  weight: 1,
  choices: ['x', 'y'],
  extra: { unit: 'cm', parts: [1, 2] },
})

const answered = (text: string, id = 'a', finish: 'stop' | 'length' = 'stop'): Answered => ({
  response: { text, finish },
  item: item(id, '7'),
})

test('a module is given prompt, response, final answer, reference and the fields of the item', async () => {
  const reward = rewardOf(
    `import { deepEqual } from 'node:assert/strict'
     export function verify(question: object) {
       deepEqual(question, {
         prompt: [{ role: 'user', content: 'question a' }], response: 'so #7', finish: 'stop', answer: '7', reference: '7',
         item: { id: 'a', exam: 'exam-a', section: 's', points: 2, total: 10, choices: ['x', 'y'],
                 extra: { unit: 'cm', parts: [1, 2] } },
       })
       return true
     }`,
  )
  assert.deepEqual(await marker.mark([answered('so #7')], reward), [{ verdict: 'correct', credit: 1 }])
})

test('a response that was cut has no final answer, and the module decides all the same', async () => {
  const reward = rewardOf(
    `export default ({ answer, finish, response }) => answer === null && finish === 'length' ? response.length / 10 : false`,
  )
  assert.deepEqual(await marker.mark([answered('#7', 'a', 'length')], reward), [{ verdict: 'wrong', credit: 0.2 }])
})

test('verdicts and credits become marks, in the order of the responses; what fails is unscored with its reason', async () => {
  const reward = rewardOf(
    `export default async ({ answer }) => {
       if (answer === 'throw') throw new Error('cannot read this')
       if (answer === 'hang') for (;;);
       return JSON.parse(answer)
     }`,
    { timeoutMs: 200 },
  )
  const texts = ['#true', '#throw', '#0.25', '#hang', '#-1', '#"unscored"', '#1', '#{}']
  const marks = await marker.mark(
    texts.map(text => answered(text)),
    reward,
  )
  assert.deepEqual(
    marks.map(({ verdict, credit }) => [verdict, credit]),
    [
      ['correct', 1],
      ['unscored', 0],
      ['wrong', 0.25],
      ['unscored', 0],
      ['wrong', -1],
      ['unscored', 0],
      ['correct', 1],
      ['unscored', 0],
    ],
  )
  assert.deepEqual(
    marks.map(({ reason }) => reason?.replace(/ \(.*$/, '')),
    [
      undefined,
      'it throws Error: cannot read this',
      undefined,
      'no answer within 200 ms',
      undefined,
      undefined,
      undefined,
      'it returns {}, which is no verdict and no credit in [-1, 1]',
    ],
  )
})

test('equal responses to an item are asked once', async () => {
  const reward = rewardOf(`let asked = 0; export default () => ++asked / 100`)
  const marks = await marker.mark([answered('#1'), answered('#2'), answered('#1'), answered('#1', 'b')], reward)
  assert.deepEqual(
    marks.map(({ credit }) => credit),
    [0.01, 0.02, 0.01, 0.03],
  )
})

test('the copy that was kept marks on after the sources have changed, and without a copy the change is a drift', async () => {
  const reward = rewardOf('export default () => true')
  assert.equal((await marker.mark([answered('#7')], reward))[0]?.verdict, 'correct')
  rewardOf('export default () => false')
  const later = new Marker({ home })
  assert.equal((await later.mark([answered('#7')], reward))[0]?.verdict, 'correct')
  await later.end()
  rmSync(join(home, 'store'), { recursive: true })
  const without = new Marker({ home })
  await assert.rejects(
    without.mark([answered('#7')], reward),
    /has changed since the config was read[\s\S]*--allow-drift/,
  )
  await without.end()
})

test('a damaged copy is made again from the same sources', async () => {
  const reward = rewardOf('export default () => true')
  await marker.mark([answered('#7')], reward)
  const kept = join(home, 'store', 'verifier', digest({ program: reward.verifierDigest }), 'verifier.mjs')
  writeFileSync(kept, 'export default () => false')
  const later = new Marker({ home })
  assert.equal((await later.mark([answered('#7')], reward))[0]?.verdict, 'correct')
  await later.end()
})

test('without a home it marks too, as commands do that start nothing', async () => {
  const reward = rewardOf('export default ({ answer, reference }) => answer === reference')
  const alone = new Marker()
  const marks = await alone.mark([answered('#7'), answered('#8')], reward)
  await alone.end()
  assert.deepEqual(
    marks.map(({ verdict }) => verdict),
    ['correct', 'wrong'],
  )
})

test('a module that cannot be loaded is told before any response', async () => {
  const reward = rewardOf('throw new Error("no licence")')
  await assert.rejects(
    marker.mark([answered('#7')], reward),
    /verifier\.ts: the verifier cannot be loaded[\s\S]*no licence \(verifier\.ts:1\)/,
  )
})

test('references are not judged by a verifier of the user, but one without any verdict is told with its reason', async () => {
  const dataset: DataSet = {
    train: [item('a', '7'), item('b', '8')],
    test: [item('c', '9')],
    skipped: [],
    warnings: [],
  }
  const config = (source: string) =>
    ({
      data: { source: 'file', train: 'exam.jsonl', onBadRow: 'stop' },
      reward: rewardOf(source),
    }) as unknown as ExperimentConfig
  const mark = (...call: Parameters<Marker['mark']>) => marker.mark(...call)
  assert.equal(await withReadableReferences(dataset, config('export default () => false'), mark), dataset)
  await assert.rejects(
    withReadableReferences(dataset, config('export default ({ item }) => item.extra.nothing.at(0)'), mark),
    /no verdict on any of 3 references[\s\S]*a: it throws TypeError/,
  )
})

test('mathematics is marked in a process, its references too, and other verifiers say that it would read them', async () => {
  const { reward } = experimentSchema.parse({ name: 'math', reward: { verifier: 'math' } })
  const texts = ['#\\frac{1}{2}', '#0.5', '#x+1', '#', '#0.5']
  const half = (text: string): Answered => ({ response: { text, finish: 'stop' }, item: item('a', '\\frac12') })
  const marks = await marker.mark(texts.map(half), reward)
  assert.deepEqual(
    marks.map(({ verdict }) => verdict),
    ['correct', 'correct', 'wrong', 'wrong', 'correct'],
  )
  const dataset: DataSet = {
    train: [item('a', '(3,4]'), item('b', '\\sqrt{2}')],
    test: [item('c', 'x^2 - 1')],
    skipped: [],
    warnings: [],
  }
  const mark = (...call: Parameters<Marker['mark']>) => marker.mark(...call)
  const config = (verifier: string) =>
    ({
      data: { source: 'file', train: 'exam.jsonl', onBadRow: 'stop' },
      reward: { ...reward, verifier },
    }) as unknown as ExperimentConfig
  assert.equal(await withReadableReferences(dataset, config('math'), mark), dataset)
  await assert.rejects(withReadableReferences(dataset, config('numeric'), mark), /set reward\.verifier: exact or math/)
})

test('a wrong verdict costs what the config says, and a credit stands as it is', async () => {
  const reward = rewardOf('export default ({ answer }) => (answer === "half" ? 0.5 : answer === "zero" ? 0 : false)', {
    wrongCredit: -0.25,
  })
  const marks = await marker.mark([answered('#half'), answered('#zero'), answered('#other'), answered('none')], reward)
  assert.deepEqual(
    marks.map(({ credit }) => credit),
    [0.5, 0, -0.25, 0],
  )
})
