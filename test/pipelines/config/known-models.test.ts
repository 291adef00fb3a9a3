import assert from 'node:assert/strict'
import { resolve } from 'node:path'
import { test } from 'node:test'
import { hubKey } from '../../../pipelines/config/hub-names.js'
import { knownText } from '../../../pipelines/config/known-models.js'
import { hubNamesOf } from '../../../pipelines/config/load.js'
import { experiment, file, refusal, sweep } from './config-files.js'

const name = 'smollm2-135m-instruct'
const model = resolve('test/fixtures/qwen2-tiny')
const localPaths = new Map([[hubKey({ text: knownText(name), use: 'model' }), model]])
const policy = { from: 'checkpoint', path: model }
const data = `data: {train: ${resolve('test/fixtures/data/lines.jsonl')}}\n`
const named = (text: string) => hubNamesOf({ path: file('known.yaml', `name: known\n${data}${text}`) })

test('a policy from a known model is fetched by its name, and becomes a checkpoint', () => {
  const path = file('known.yaml', `name: known\n${data}policy: {from: known, name: ${name}}\n`)
  assert.deepEqual(
    hubNamesOf({ path }).map(({ text, use }) => ({ text, use })),
    [{ text: `known:${name}`, use: 'model' }],
  )
  assert.match(hubNamesOf({ path })[0]?.place ?? '', /known\.yaml:3:29$/)
  assert.deepEqual(experiment(path, { localPaths }).config.policy, policy)
})

test('a known model can be taught first, as any checkpoint', () => {
  const path = file('taught.yaml', `name: known\n${data}policy: {name: ${name}, warmStart: {steps: 7}}\n`)
  const found = experiment(path, { localPaths }).config.policy
  assert.equal(found.from === 'checkpoint' && found.warmStart?.steps, 7)
})

test('the kind need not be written, and known:NAME stands for a path too', () => {
  for (const keys of [`policy: {name: ${name}}`, `policy: {path: "known:${name}"}`]) {
    const path = file('short.yaml', `name: known\n${data}${keys}\n`)
    assert.equal(hubNamesOf({ path }).length, 1)
    assert.deepEqual(experiment(path, { localPaths }).config.policy, policy)
  }
})

test('arms, lists and overrides may name one', () => {
  const base = `sweep: {baseline: first, seeds: [1], arms: {first: {policy: {from: known, name: ${name}}}, second: {steps: 3}}}\n`
  const path = file('arms.yaml', `name: known\n${data}policy: {path: ${model}}\n${base}`)
  assert.equal(hubNamesOf({ path }).length, 1)
  assert.deepEqual(sweep(path, { localPaths }).arms[0]?.config.policy, policy)
  const grid = file(
    'grid.yaml',
    `name: known\n${data}sweep: {baseline: steps-3_name-${name}, seeds: [1], grid: {steps: [3, 4], policy.name: [${name}]}}\n`,
  )
  assert.equal(hubNamesOf({ path: grid }).length, 1)
  assert.deepEqual(sweep(grid, { localPaths }).arms[1]?.config.policy, policy)
  const plain = file('plain.yaml', `name: known\n${data}`)
  const overrides = { 'policy.from': 'known', 'policy.name': name }
  assert.equal(hubNamesOf({ path: plain, overrides }).length, 1)
  assert.deepEqual(experiment(plain, { overrides, localPaths }).config.policy, policy)
})

test('a name elsewhere, or one that is not known, is not fetched', () => {
  for (const text of [
    `reward: {name: ${name}}`,
    'policy: {name: other}',
    'policy: {name: [1]}',
    'policy: 3',
    'constructor: hf:me/exam',
  ]) {
    assert.deepEqual(named(text), [], text)
  }
  assert.match(
    refusal('name: a\npolicy: {from: known}\n'),
    /policy\.name is missing\n {2}expected: one of smollm2-135m-instruct\n/,
  )
  assert.match(refusal('name: a\npolicy: {name: smollm2}\n'), /policy\.name cannot be "smollm2"/)
  assert.match(
    refusal('name: a\npolicy: {from: knwon}\n'),
    /policy\.from cannot be "knwon"[\s\S]*scratch, checkpoint, known/,
  )
})

test('a model that was not fetched before the config is read is told', () => {
  assert.match(refusal(`name: a\npolicy: {name: ${name}}\n`), /config\.yaml:2:16: the model has not been fetched/)
})
