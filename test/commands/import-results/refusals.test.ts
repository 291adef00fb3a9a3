/** `rlev import-results`: what is not a whole evaluation, or belongs to something else, is refused with its place. */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { before, test } from 'node:test'
import {
  config,
  file,
  homeOf,
  imported,
  inHome,
  makeSweep,
  ours,
  type Row,
  refused,
  rows,
  trainer,
} from './own-sweep.js'

before(makeSweep)

test('what is not a whole evaluation of the config is refused by place, and nothing is written', async () => {
  const first = rows.filter(row => row['arm'] === 'correctness' && row['seed'] === 1)
  const refuses = async (name: string, content: readonly Row[], pattern: RegExp, options = {}) => {
    await refused(() => imported('refused', [file(name, content)], options), pattern)
    assert.ok(!existsSync(join(homeOf('refused'), 'runs')), 'nothing is written')
  }
  const changed = (index: number, change: Row) => first.map((row, at) => (at === index ? { ...row, ...change } : row))
  const last = first.length + 1
  await refuses('short.jsonl', first.slice(1), /correctness seed 1 step 0: 1 item without a row: /)
  await refuses(
    'twice.jsonl',
    [...first, first[0] as Row],
    new RegExp(`1 item with two rows: \\S+ \\(twice\\.jsonl row 1, twice\\.jsonl row ${last}\\)`),
  )
  await refuses(
    'foreign.jsonl',
    changed(0, { id: 'nobody' }),
    /1 item that the test set does not have: nobody \(foreign\.jsonl row 1\)/,
  )
  await refuses(
    'arm.jsonl',
    changed(1, { arm: 'human-alligned' }),
    /arm\.jsonl row 2: the config has no arm human-alligned, .* did you mean human-aligned\?/,
  )
  await refuses(
    'seed.jsonl',
    changed(1, { seed: 7 }),
    /seed\.jsonl row 2: the config has no seed 7, its seeds are 1, 2; --set 'sweep\.seeds=/,
  )
  await refuses('step.jsonl', changed(1, { step: 4 }), /the config has no evaluation at step 4, but at 0, 3, 6; --set/)
  await refuses('option.jsonl', first, /the arm is correctness, and --arm says human-aligned/, { arm: 'human-aligned' })
  await refuses(
    'armless.jsonl',
    changed(first.length - 1, { arm: null }),
    /no arm \(correctness, human-aligned\); only the evaluation before training/,
  )
  await refuses(
    'samples.jsonl',
    changed(2, { responses: [] }),
    /1 item without the 2 sampled responses that evaluation\.samples expects: \S+ with 0 \(samples\.jsonl row 3\)/,
  )
  await refuses(
    'greedy.jsonl',
    changed(2, { response: null }),
    /1 of \d+ rows have no greedy response\n.*expected: a greedy response \(response\) in every row, or in none/,
  )
  await refuses(
    'finish.jsonl',
    changed(2, { response: { text: 'a', finish: 'eos' } }),
    /finish of the response is text "eos"; stop, or length/,
  )
  await refuses('nothing.jsonl', changed(2, { response: null, responses: null }), /nothing\.jsonl row 3: no response/)
  await refuses(
    'length.jsonl',
    changed(2, { response: { text: 'a', length: 1.5 } }),
    /length is number 1\.5; a whole number/,
  )
  await refuses('empty.jsonl', [], /the files have no rows/)
  await refuses('early.jsonl', first, /with evaluation\.earlyStop it is not known which evaluations/, {
    set: ['evaluation.earlyStop={metric: acc, patience: 2}'],
  })
  const cli = await inHome('refused')(
    'import-results',
    config,
    file('short.jsonl', first.slice(1)),
    '--trainer',
    trainer,
  )
  assert.equal(cli.status, 2)
})

test('other responses, another trainer and runs of our own are not mixed into an import', async () => {
  const first = rows.filter(row => row['arm'] === 'correctness' && row['seed'] === 1)
  const files = [file('first.jsonl', first)]
  await imported('mixed', files)
  const others = first.map(row => ({ ...row, response: { text: 'no', length: 1, finish: 'stop' } }))
  await refused(
    () => imported('mixed', [file('others.jsonl', others)]),
    /exam\/correctness\/seed-1 step 0: other responses were imported of this evaluation/,
  )
  await refused(
    () => imported('mixed', files, { trainer: 'verl' }),
    /trained by another trainer\n {2}expected: TRL 1\.16 GRPOTrainer\n {2}found: {4}verl/,
  )
  await refused(
    () => imported('mixed', files, { set: ['reward.alpha=3'] }),
    /the run exam was started with another config/,
  )
  await refused(() => imported('mixed', files, { home: ours }), /exam is a run that this home trains/)
})
