import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { callHere } from '../call-here.js'

const root = mkdtempSync(join(tmpdir(), 'rlev-score-'))
after(() => rmSync(root, { recursive: true }))

const worth = (points: number) => ({ points, total: 100 })

const rows = [
  { response: 'so it is\n#### 18', answer: '18', ...worth(5), human: true },
  { response: 'It is \\boxed{19}', answer: '18', ...worth(5), human: false },
  { response: '18 cm', answer: '18 cm', ...worth(20), human: 1 },
  { response: '18 cm and so', answer: '18 cm', ...worth(20), finish: 'length', human: 'correct' },
  { response: '', answer: '7', human: 0 },
  { response: 'x', answer: 'not a number', ...worth(10), human: 0 },
]

let files = 0
function fileOf(content: readonly object[]): string {
  const path = join(root, `${files++}.jsonl`)
  writeFileSync(path, content.map(row => JSON.stringify(row)).join('\n'))
  return path
}

async function score(...args: string[]): Promise<string> {
  const { status, out, err } = await callHere('score', ...args)
  assert.equal(status, 0, err)
  return out
}

test('a line a row: verdict, credit, value, scale, reward, and the final answer as it was read', () => {
  const reason = 'the verifier numeric cannot read the reference'
  const words = ['bin/rlev', 'score', fileOf(rows), '--set', 'reward.verifier=numeric', '--json']
  const lines = execFileSync(process.execPath, words, { encoding: 'utf8' }).trim().split('\n')
  assert.deepEqual(
    lines.map(line => JSON.parse(line) as unknown),
    [
      { row: 1, verdict: 'correct', credit: 1, value: 0.05, scale: 1.5, reward: 1.5, read: '18' },
      { row: 2, verdict: 'wrong', credit: 0, value: 0.05, scale: 1.5, reward: 0, read: '19' },
      { row: 3, verdict: 'correct', credit: 1, value: 0.2, scale: 2, reward: 2, read: '18 cm' },
      { row: 4, verdict: 'wrong', credit: 0, value: 0.2, scale: 2, reward: 0, read: null },
      { row: 5, verdict: 'wrong', credit: 0, value: null, scale: null, reward: 0, read: null },
      { row: 6, verdict: 'unscored', credit: null, value: 0.1, scale: 2, reward: null, read: 'x', reason },
    ],
  )
})

test('a verifier of the user gets the other fields of a row, but not the response and the mark; why it has no verdict is told', async () => {
  const module = join(root, 'verifier.mjs')
  writeFileSync(
    module,
    `export function verify({ answer, item: { extra } }) {
  if (extra?.unit === undefined) throw new Error('no unit in ' + JSON.stringify(extra ?? null))
  if (extra.unit === 'none') return 'unscored'
  return answer.endsWith(extra.unit) && Object.keys(extra).join() === 'unit'
}`,
  )
  const file = fileOf([
    { response: '18 cm', answer: '18', unit: 'cm', human: 1 },
    { response: '18 m', answer: '18', unit: 'cm', finish: 'stop', human: 0 },
    { response: '18', answer: '18', human: 1 },
    { response: '18', answer: '18', unit: 'none', human: 1 },
  ])
  const args = ['--set', `reward.verifier=${module}`, '--set', 'reward.answer=whole', '--against', 'human']
  const found = (await score(file, ...args, '--json'))
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as Record<string, unknown>)
  assert.deepEqual(
    found.map(({ verdict }) => verdict),
    ['correct', 'wrong', 'unscored', 'unscored'],
  )
  assert.match(String(found[2]?.['reason']), /no unit in null/)
  assert.equal(found[3]?.['reason'], 'the verifier says unscored')
  assert.match(await score(file, ...args), /why\n.* {2}\S*.*no unit in null/)
})

test('numbers among the other fields of a row reach a verifier of the user as numbers', async () => {
  const module = join(root, 'number-verifier.mjs')
  writeFileSync(module, 'export const verify = ({ item: { extra } }) => extra.limits[1] - extra.slack === 1.5')
  const file = fileOf([{ response: '18', answer: '18', limits: [1, 2], slack: 0.5 }])
  const line = await score(file, '--set', `reward.verifier=${module}`, '--json')
  assert.equal((JSON.parse(line) as { verdict: string }).verdict, 'correct')
})

test('the responses of a report are scored as they are', async () => {
  const path = join(root, 'responses.csv')
  writeFileSync(
    path,
    'id,prompt,reference,response,finish,final answer,verdict\na,1+1,2,#2,end,2,correct\nb,1+2,3,#3,cut,,wrong\nc,1+3,4,"#4,5",stop,"4,5",wrong\n',
  )
  const sets = ['data.fields.answer=reference', 'reward.answer=after-hash', 'reward.verifier=numeric']
  const text = await score(path, '--against', 'verdict', ...sets.flatMap(set => ['--set', set]))
  assert.match(text, /against verdict: 3 of 3 agree/)
})

test('verdicts are counted with examples, and compared with the marks of the file', async () => {
  const text = await score(fileOf(rows), '--set', 'reward.verifier=numeric', '--against', 'human')
  assert.match(text, /6 responses\nverifier numeric, final answer auto, scale human-aligned \(alpha 10, cap 1\)/)
  assert.match(text, /correct +2 +33\.3 +1\.0000 +0\.1250 +1\.7500 +1\.7500/)
  assert.match(text, /4 {2}\(cut at the limit\) {2}18 cm/)
  assert.match(
    text,
    /against human: 4 of 5 agree \(80\.0%\); 1 unscored, not compared; mean difference of credit 0\.2000/,
  )
  assert.match(text, /wrong here, correct in human: 1 of 1/)
})

test('the scale is that of the config; the uniform one is the mean over the items of the file', async () => {
  const file = fileOf(rows.slice(0, 3))
  const scales = async (...args: string[]) =>
    (await score(file, '--json', ...args))
      .trim()
      .split('\n')
      .map(line => (JSON.parse(line) as { scale: number }).scale)
  assert.deepEqual(await scales('--set', 'reward.scale=multiplicative'), [1.5, 1.5, 3])
  assert.deepEqual(await scales('--set', 'reward.scale=correctness'), [1, 1, 1])
  const mean = (1.5 + 1.5 + 2) / 3
  assert.deepEqual(await scales('--set', 'reward.scale=uniform'), [mean, mean, mean])
  assert.deepEqual(await scales('--config', 'configs/smoke.yaml', '--set', 'reward.alpha=4'), [1.2, 1.2, 1.8])
})

test('credit below 1 and below 0 reaches the reward', async () => {
  const file = fileOf([
    { response: 'A', answer: 'A, C', ...worth(5) },
    { response: 'A, B', answer: 'A, C', ...worth(5), negative: 2 },
  ])
  const sets = ['reward.verifier=choice', 'reward.partial=proportional', 'data.fields.negative=negative']
  const lines = await score(file, '--json', ...sets.flatMap(set => ['--set', set]))
  assert.deepEqual(
    lines
      .trim()
      .split('\n')
      .map(line => JSON.parse(line) as object)
      .map(({ verdict, credit, reward }: { verdict?: string; credit?: number; reward?: number }) => ({
        verdict,
        credit,
        reward,
      })),
    [
      { verdict: 'wrong', credit: 0.5, reward: 0.75 },
      { verdict: 'wrong', credit: -0.4, reward: 1.5 * -0.4 },
    ],
  )
})

test('rows that cannot be scored are named, with what is expected', async () => {
  for (const [row, reason] of [
    [{ answer: '1' }, /row 1: no response/],
    [{ response: 'x' }, /row 1: no answer/],
    [{ response: 7, answer: '1' }, /row 1: the response is number 7/],
    [{ response: 'x', answer: '1', finish: 'eos' }, /finish is text "eos"; stop or length/],
  ] as const) {
    const { status, err } = await callHere('score', fileOf([row]))
    assert.equal(status, 2)
    assert.match(err, /1 of 1 rows cannot be scored/)
    assert.match(err, reason)
  }
  const { err } = await callHere('score', fileOf(rows.slice(0, 1)), '--against', 'humann')
  assert.match(err, /no mark to compare with \(humann\)/)
})
