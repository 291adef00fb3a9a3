/** A run with the engine of a Tinker server, through the activities of a run: the server of the tests computes with rlev's own engine. */
import assert from 'node:assert/strict'
import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { gpuActivities } from '../../../activities/gpu-activities.js'
import { ioActivities } from '../../../activities/io-activities.js'
import type { Findings } from '../../../activities/tinker/probe/findings.js'
import { PolicyCache } from '../../../activities/training/policy-cache.js'
import { workplace } from '../../../activities/workplace.js'
import type { ServerSettings } from '../../tinker-server/settings.js'
import { prepare, resultOf, runExperiment, runStage } from '../driver.js'
import { configFor, findings, insisting, keptFindings, root, statesOf } from './served-run.js'
import { served } from './tiny-server.js'

interface Settings {
  server?: Partial<ServerSettings>
  found?: Partial<Findings>
  sections?: Record<string, object | number>
  cold?: boolean
}

async function run(t: TestContext, { server = {}, found = {}, sections = {}, cold = false }: Settings = {}) {
  const { url } = await served(t, server)
  const place = workplace(mkdtempSync(join(root, 'home-')))
  const config = configFor(url, sections)
  const states = statesOf(place, config)
  states.keepFindings(keptFindings(url, found), () => {})
  await runExperiment(place, config, { cold })
  return { place, config, states, result: resultOf(place, config) }
}

let undisturbed: ReturnType<typeof run> | undefined
/** Made once for all tests. */
function whole(t: TestContext): ReturnType<typeof run> {
  undisturbed ??= run(t)
  return undisturbed
}

const eachStep = { durability: { stepsPerActivity: 1, heartbeatTimeout: 60 } }

test('a run that comes up cold at every activity has the bits of one that does not', async t => {
  const { result, states } = await whole(t)
  const cut = await run(t, { cold: true, sections: eachStep })
  assert.deepEqual(cut.result, result)
  const [[, first], [, last]] = result.measured as [[number, Record<string, number>], [number, Record<string, number>]]
  for (const values of [first, last]) {
    assert.equal(values['update/skipped'], 0)
    assert.ok((values['policy/sampling_log_prob_gap'] as number) < 1e-5)
  }
  // A fresh adapter changes nothing.
  assert.ok(Math.abs(first['kl/k1'] as number) < 1e-5)
  assert.ok(Math.abs(last['kl/k1'] as number) > 1e-4)
  assert.ok((result.evaluations[0]?.eos.length ?? 0) > 0)
  assert.deepEqual(
    states.atOrBefore(2).map(({ step, name }) => [step, name]),
    [
      [2, 'w-000002-a1'],
      [1, 'w-000001-a1'],
      [0, 'w-000000-a1'],
    ],
  )
  assert.ok(cut.states.models().made > 3, 'each worker made another model')
})

test('a server that takes means gets coefficients for it, and takes the same gradient', async t => {
  const sum = await whole(t)
  const mean = await run(t, { server: { reduction: 'mean of means' }, found: { reduction: 'mean of means' } })
  const wrong = await run(t, { server: { reduction: 'mean of means' } })
  const norms = ({ result }: typeof sum) =>
    result.measured.map(([, values]) => (values as Record<string, number>)['policy/grad_norm'] as number)
  const [a, b, c] = [norms(sum), norms(mean), norms(wrong)]
  assert.ok(Math.abs((a[0] as number) / (b[0] as number) - 1) < 1e-4, `${a} ${b}`)
  assert.ok(Math.abs((a[0] as number) / (c[0] as number) - 1) > 1e-2, 'without the factor it is another gradient')
})

for (const trouble of ['an answer that did not come', 'a server that has lost its models'] as const) {
  test(`${trouble} costs an attempt, and no bit`, async t => {
    const { result } = await whole(t)
    const isCut = trouble === 'an answer that did not come'
    const { url, models } = await served(t, isCut ? { cut: { path: 'forward_backward', nth: 2 } } : {})
    const place = workplace(mkdtempSync(join(root, 'home-')))
    const config = configFor(url, eachStep)
    const states = statesOf(place, config)
    states.keepFindings(keptFindings(url), () => {})
    const stages = await prepare(place, config)
    const policies = new PolicyCache(place.store)
    let failures = 0
    const insist = insisting(() => assert.ok(++failures < 4))
    const gpu = gpuActivities(place, policies)
    const input = { run: config.name, stages }
    await insist(gpu.evaluatePolicy, { ...input, step: 0 })
    for (const step of [1, 2]) {
      if (!isCut && step === 2) models.unloadAll()
      await insist(gpu.rollOut, { ...input, step })
      await insist(ioActivities(place).scaleRewards, { ...input, step })
      await insist(gpu.updatePolicy, { ...input, step })
    }
    await insist(gpu.evaluatePolicy, { ...input, step: 2 })
    await policies.dispose()
    assert.equal(failures, 1)
    assert.equal(states.models().made, 2)
    assert.deepEqual(resultOf(place, config), result)
  })
}

test('the server is probed before its first model, and what was found is kept with the experiment', async t => {
  const { url, models } = await served(t)
  const place = workplace(mkdtempSync(join(root, 'home-')))
  const config = configFor(url)
  const stages = await prepare(place, config)
  const policies = new PolicyCache(place.store)
  await runStage(gpuActivities(place, policies).evaluatePolicy, { run: config.name, stages, step: 0 })
  const found = statesOf(place, config).findings(url)?.findings
  assert.deepEqual({ ...found, sameBits: true }, findings)
  assert.equal(statesOf(place, config).findings('http://elsewhere'), null)
  await policies.dispose()
  assert.ok(models)
})
