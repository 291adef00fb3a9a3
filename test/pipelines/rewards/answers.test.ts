/** Verdicts that a marker would give: test/fixtures/answers/cases.json, and the same with answer and reference exchanged. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import type { AnswerPlace } from '../../../pipelines/rewards/final-answer.js'
import { finalAnswer } from '../../../pipelines/rewards/final-answer.js'
import type { Verdict } from '../../../pipelines/rewards/verdict.js'
import { type VerifierConfig, verify } from '../../../pipelines/rewards/verify.js'
import { plainRules } from './plain-rules.js'

interface Case {
  verifier: VerifierConfig['verifier'] | 'math'
  answer: AnswerPlace
  reference: string
  response: string
  verdict: Verdict
  why: string
  choices?: string[]
  tolerance?: number
  units?: VerifierConfig['units']
}

const path = new URL('../../../../test/fixtures/answers/cases.json', import.meta.url)
const { cases } = JSON.parse(readFileSync(path, 'utf8')) as { cases: Case[] }

for (const {
  verifier,
  answer,
  reference,
  response,
  verdict,
  why,
  choices,
  tolerance = 1e-6,
  units = 'convert',
} of cases) {
  if (verifier === 'math') continue
  const reward = { ...plainRules, verifier, tolerance, units } as const
  const given = (text: string, item: string, place: AnswerPlace) =>
    verify({
      response: { text, finish: 'stop' },
      item: { section: 'all', points: 1, answer: item, ...(choices === undefined ? {} : { choices }) },
      reward: { ...reward, answer: place },
    }).verdict

  test(`${verifier}: ${JSON.stringify(response)} for ${JSON.stringify(reference)} is ${verdict}: ${why}`, () => {
    assert.equal(given(response, reference, answer), verdict)
  })

  test(`${verifier}: ${JSON.stringify(reference)} for ${JSON.stringify(response)} is judged alike`, () => {
    const final = finalAnswer({ text: response, finish: 'stop', answer })
    assert.ok(final !== null)
    const exchanged = given(reference, final, 'whole')
    // A text that names no answer is a wrong response, and as a reference unscored.
    assert.ok(exchanged === verdict || (verdict === 'wrong' && exchanged === 'unscored'), exchanged)
  })
}
