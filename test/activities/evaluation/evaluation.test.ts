/** Evaluations in two halves, and training rewarded by a judge, in Temporal's activity environment. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, beforeEach, test } from 'node:test'
import { CancelledFailure } from '@temporalio/common'
import { gpuActivities } from '../../../activities/gpu-activities.js'
import { ioActivities } from '../../../activities/io-activities.js'
import { namesIn } from '../../../activities/store/files.js'
import { experimentPaths, runFolder } from '../../../activities/store/runs/run-folder.js'
import { readEvaluations } from '../../../activities/store/runs/runs.js'
import { readSealed } from '../../../activities/store/sealed.js'
import { PolicyCache } from '../../../activities/training/policy-cache.js'
import { type Workplace, workplace } from '../../../activities/workplace.js'
import type { JudgeConfig } from '../../../pipelines/config/schema.js'
import { tinyConfig } from '../../workflows/tiny.js'
import { answersBy, environment, prepare, runExperiment, runStage } from '../driver.js'
import { JudgeServer, reply, right } from '../judge/server.js'

/** One for all tests, which share its data and its warm start. */
const place: Workplace = workplace(mkdtempSync(join(tmpdir(), 'rlev-evaluation-')))
let judge: JudgeServer
let policies: PolicyCache
beforeEach(async () => {
  judge = await new JudgeServer().start()
  policies = new PolicyCache(place.store)
})
afterEach(async () => {
  await policies.dispose()
  await judge.stop()
})
after(() => rmSync(place.home, { recursive: true, force: true }))

const config = (name: string, steps: number, judged?: JudgeConfig, samples = 1) => ({
  ...tinyConfig(name, { steps, evaluation: { every: 3, samples, chunk: 32 } }),
  ...(judged === undefined ? {} : { judge: judged }),
})

test('an evaluation that was cancelled between its pieces goes on with the piece that is missing, and is the same', async () => {
  // 64 responses an item make pieces of 16 items, of 32.
  const own = config('pieces', 0, undefined, 63)
  const stages = await prepare(place, own)
  const gpu = gpuActivities(place, policies)
  const input = { run: own.name, stages, step: 0 }
  const pieces = join(place.home, 'store', 'answers')
  const mock = environment()
  mock.on('heartbeat', () => {
    if (namesIn(pieces).length === 1) mock.cancel('CANCELLED')
  })
  await assert.rejects(runStage(gpu.answerItems, input, mock), CancelledFailure)
  const [first = '', ...others] = namesIn(pieces)
  assert.deepEqual(others, [])
  const made = statSync(join(pieces, first, 'answers.json')).mtimeMs

  const answers = await answersBy(gpu, input)
  assert.equal(namesIn(pieces).length, 2)
  assert.equal(statSync(join(pieces, first, 'answers.json')).mtimeMs, made)
  await runStage(ioActivities(place).evaluateAnswers, { ...input, answers })
  const [evaluation] = readEvaluations(place.home, own.name)

  const atOnce = config('at-once', 6, undefined, 63)
  const others2 = await prepare(place, atOnce)
  await runStage(gpu.evaluatePolicy, { run: atOnce.name, stages: others2, step: 0 })
  assert.deepEqual(evaluation?.evaluation, readEvaluations(place.home, atOnce.name)[0]?.evaluation)
})

test('training under a judge that says what the rule says gives the same records; without a verdict a response has no reward', async () => {
  const byRule = config('by-rule', 3)
  const byJudge = config('by-judge', 3, judge.config())
  for (const own of [byRule, byJudge]) await runExperiment(place, own)
  const records = (name: string, step: number) =>
    readSealed<{ records: { verdict: string; reward: number; advantage: number }[] }>(
      experimentPaths.records(runFolder(place.home, name), step),
    )?.records ?? assert.fail(`no records of step ${step}`)
  assert.ok(judge.received.length > 0)
  for (const step of [1, 2, 3]) assert.deepEqual(records('by-judge', step), records('by-rule', step))

  judge.behaviour = (answer, received, n) =>
    Number(received.question.answer) % 2 === 0 ? reply(answer, 400) : right(answer, received, n)
  await runExperiment(place, config('shaky', 1, judge.config({ model: 'shaky' })))
  const shaky = records('shaky', 1)
  const first = records('by-rule', 1)
  const unscored = shaky.filter(({ verdict }) => verdict === 'unscored')
  assert.ok(unscored.length > 0 && unscored.length < shaky.length)
  for (const { reward, advantage } of unscored) assert.deepEqual([reward, advantage], [0, 0])
  for (const [index, { verdict }] of shaky.entries())
    assert.ok(verdict === 'unscored' || verdict === first[index]?.verdict)
})

test('a judge of evaluations alone leaves training to the rule, and is asked for nothing twice by another run of the same policy', async () => {
  const own = config('measured', 0, judge.config({ decides: 'evaluation' }))
  const stages = await prepare(place, own)
  const evaluate = async (run: string) => {
    const answers = await answersBy(gpuActivities(place, policies), { run, stages, step: 0 })
    return runStage(ioActivities(place).evaluateAnswers, { run, stages, step: 0, answers })
  }
  const first = await evaluate(own.name)
  const asked = judge.received.length
  assert.ok(asked > 0)
  const again = config('measured-again', 0, judge.config({ decides: 'evaluation' }))
  await prepare(place, again)
  assert.deepEqual(await evaluate(again.name), first)
  assert.equal(judge.received.length, asked)
  assert.equal(readEvaluations(place.home, own.name)[0]?.evaluation.judge, 'judge')
})
