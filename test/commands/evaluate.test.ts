/** What `rlev evaluate` makes of its options and of the config file, before anything starts. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, test } from 'node:test'
import { type EvaluateOptions, evaluationPlan } from '../../commands/evaluate.js'
import { hubKey } from '../../pipelines/config/hub-names.js'
import { RlevError } from '../../pipelines/errors.js'

const folder = mkdtempSync(join(tmpdir(), 'rlev-evaluate-'))
after(() => rmSync(folder, { recursive: true }))

const checkpoint = 'test/fixtures/qwen2-tiny'
const withoutSamples = configFile('without', 'name: plain\n')
const withSamples = configFile('with', 'name: sampled\nevaluation:\n  samples: 6\n')

function configFile(name: string, text: string): string {
  const path = join(folder, `${name}.yaml`)
  writeFileSync(path, text)
  return path
}

function planned(path: string, options: Partial<EvaluateOptions> = {}) {
  const plan = evaluationPlan({ checkpoint, ...options }, path)
  assert.ok(plan.kind === 'experiment')
  return plan
}
const samplesOf = (path: string, options: Partial<EvaluateOptions> = {}): number =>
  planned(path, options).config.evaluation.samples

test('the samples come from --samples, else from --set, else from the file, else the number is 0', () => {
  assert.equal(samplesOf(withoutSamples), 0)
  assert.equal(samplesOf(withSamples), 6)
  assert.equal(samplesOf(withSamples, { set: ['evaluation.samples=8'] }), 8)
  assert.equal(samplesOf(withoutSamples, { set: ['evaluation.samples=8'] }), 8)
  assert.equal(samplesOf(withSamples, { samples: 3, set: ['evaluation.samples=8'] }), 3)
  assert.equal(samplesOf(withSamples, { samples: 0 }), 0)
})

test('a name is kept as it was given, by --name or by --set; without one the name of the file gets a suffix', () => {
  assert.equal(planned(withoutSamples, { name: 'mine' }).name, 'mine')
  assert.equal(planned(withoutSamples, { set: ['name=mine'] }).name, 'mine')
  assert.match(planned(withoutSamples).name, /^plain-[0-9a-f]{10}$/)
})

test('a known model stands in place of the policy of the config, whatever that is', () => {
  const name = 'known:smollm2-135m-instruct'
  const localPaths = new Map([[hubKey({ text: name, use: 'model' }), resolve(checkpoint)]])
  const known = configFile('known', 'name: known\npolicy: {from: known, name: smollm2-135m-instruct}\n')
  for (const path of [withoutSamples, known]) {
    const plan = evaluationPlan({ checkpoint: name }, path, localPaths)
    assert.ok(plan.kind === 'experiment')
    assert.deepEqual(plan.config.policy, { from: 'checkpoint', path: resolve(checkpoint) })
  }
})

test('--set of a key that the call decides is refused, with the option that decides it', () => {
  const refused: [string, Partial<EvaluateOptions>, RegExp][] = [
    ['policy.path=elsewhere', {}, /CHECKPOINT/],
    ['policy.name=smollm2-135m-instruct', {}, /CHECKPOINT/],
    ['policy.from=scratch', {}, /CHECKPOINT/],
    ['steps=5', {}, /trains nothing/],
    ['sweep.seeds=[1]', {}, /one experiment/],
    ['data.train=other.jsonl', { data: 'exam.jsonl' }, /--data/],
    ['data.testShare=0.5', { data: 'exam.jsonl' }, /--data/],
  ]
  for (const [set, options, message] of refused) {
    assert.throws(
      () => evaluationPlan({ checkpoint, set: [set], ...options }, withoutSamples),
      (error: unknown) => {
        assert.ok(error instanceof RlevError, String(error))
        assert.equal(error.kind, 'CallInvalid')
        assert.match(error.message, message)
        return true
      },
      set,
    )
  }
})

test('how the config reads a data file holds for the file of --data too', () => {
  const path = configFile(
    'reads',
    'name: reads\ndata: {train: gone.jsonl, onBadRow: skip, fields: {prompt: problem}}\n',
  )
  const { data } = planned(path, { data: 'test/fixtures/data/lines.jsonl' }).config
  assert.ok(data.source === 'file')
  assert.deepEqual([data.onBadRow, data.fields, data.testShare], ['skip', { prompt: 'problem' }, 1])
  assert.match(data.train, /test\/fixtures\/data\/lines\.jsonl$/)
})
