/** From findings to factors, or to a refusal by name. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Findings } from '../../../activities/tinker/probe/findings.js'
import { checkedWay, type Needs, trainingWay } from '../../../activities/tinker/training-way.js'
import { goodFindings } from './good-findings.js'

const findings: Findings = {
  ...goodFindings('base'),
  resend: 'counted again',
  olderSampler: 'written over the model',
}
const needs: Needs = { temperature: 0.7, clipNorm: 1, eosProbabilities: true, ownEpsilon: true }
const row = { tokens: 7, rows: 12 }

test('a sum takes coefficients as they are; a mean of means takes them times tokens and rows', () => {
  assert.equal(checkedWay(findings, needs, 'x').factor(row), 1)
  assert.equal(checkedWay({ ...findings, reduction: 'mean of means' }, needs, 'x').factor(row), 84)
})

/** What is found, which makes the finding name itself in the refusal; and needs that do without. */
const refusals: [otherwise: Partial<Findings>, without: Partial<Needs> | null][] = [
  [{ accumulates: false }, null],
  [{ reduction: 'other' }, null],
  [{ restoresMoments: false }, null],
  [{ honoursStop: false }, null],
  [{ logProbs: 'tempered' }, { temperature: 1 }],
  [{ honoursClipNorm: false }, { clipNorm: null }],
  [{ honoursEpsilon: false }, { ownEpsilon: false }],
  [{ targets: 'rebuilt from the input' }, { eosProbabilities: false }],
]
for (const [otherwise, without] of refusals) {
  const [name] = Object.keys(otherwise) as [keyof Findings]
  test(`refused by name: ${name}${without === null ? '' : `, unless ${JSON.stringify(without)}`}`, () => {
    const found = { ...findings, ...otherwise }
    const way = trainingWay(found, needs)
    assert.deepEqual('refusals' in way && way.refusals.map(refused => refused.name), [name])
    assert.throws(() => checkedWay(found, needs, 'http://x'), {
      kind: 'CallInvalid',
      message: new RegExp(`http://x.*\\n.*\\n.*${name}: `),
    })
    if (without !== null) assert.ok('factor' in trainingWay(found, { ...needs, ...without }))
  })
}

test('what costs no run is noted', () => {
  const found: Findings = { ...findings, seeds: 'ignored', sameBits: false, honoursEpsilon: false }
  const { notes } = checkedWay(found, { ...needs, ownEpsilon: false }, 'x')
  assert.equal(notes.length, 3)
  assert.deepEqual(checkedWay({ ...findings, resend: 'counted again', emptyStep: 'refused' }, needs, 'x').notes, [])
})
