/** What a run leaves on a server: states that something goes on from, no samplers, no place that nobody can free. */
import assert from 'node:assert/strict'
import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { statesToDelete } from '../../../activities/tinker/policy/server-retention.js'
import { beginSession } from '../../../activities/tinker/policy/server-session.js'
import { workplace } from '../../../activities/workplace.js'
import type { ServerSettings } from '../../tinker-server/settings.js'
import { tinyBase } from '../../tinker-server/start.js'
import { resultOf, runExperiment } from '../driver.js'
import { configFor, keptFindings, root, statesOf } from './served-run.js'
import { served } from './tiny-server.js'

async function run(
  t: TestContext,
  { server = {}, cold = false }: { server?: Partial<ServerSettings>; cold?: boolean },
) {
  const { url, client, models } = await served(t, server)
  const place = workplace(mkdtempSync(join(root, 'home-')))
  const config = configFor(url, {
    steps: 5,
    rollout: { prompts: 1, samples: 2, maxTokens: 3 },
    evaluation: { every: 5, samples: 0, chunk: 8 },
    checkpoint: { everySteps: 2, keep: 1 },
    durability: { stepsPerActivity: cold ? 1 : 5, heartbeatTimeout: 60 },
  })
  const states = statesOf(place, config)
  states.keepFindings(keptFindings(url), () => {})
  await runExperiment(place, config, { cold })
  const kept = states.atOrBefore(5)
  const there = await Promise.all([...new Set(kept.map(({ modelId }) => modelId))].map(id => client.checkpoints(id)))
  return { kept, there: there.flat(), models, result: resultOf(place, config) }
}

/** The newest two, those of checkpoints, that of the start. */
const behind = [5, 4, 2, 0]

test('a server keeps the states that something goes on from, and no sampler; what it keeps is no matter for a run', async t => {
  const whole = await run(t, {})
  assert.deepEqual(
    whole.kept.map(({ step }) => step),
    behind,
  )
  assert.deepEqual(whole.there.map(({ id }) => id).toSorted(), whole.kept.map(({ name }) => name).toSorted())
  assert.equal(whole.models.count, 0)

  // Every activity makes another model.
  const cold = await run(t, { cold: true })
  assert.deepEqual(cold.result, whole.result)
  assert.deepEqual(
    cold.kept.map(({ step }) => step),
    behind,
  )
  assert.deepEqual(cold.there.map(({ id }) => id).toSorted(), cold.kept.map(({ name }) => name).toSorted())

  const keeping = await run(t, { server: { deletion: 'none' } })
  assert.deepEqual(keeping.result, whole.result)
  assert.equal(keeping.kept.length, 6)
  assert.ok(keeping.there.length > keeping.kept.length, 'samplers too')
})

test('the newest two states are never deleted, nor that of the start, nor those of checkpoints', () => {
  const states = [9, 8, 7, 6, 5, 4, 0].map(step => ({ step, path: '', modelId: '', name: '' }))
  const deleted = (checkpoints: number[]) => statesToDelete(states, checkpoints).map(({ step }) => step)
  assert.deepEqual(deleted([6]), [7, 5, 4])
  assert.deepEqual(deleted([]), [7, 6, 5, 4])
  assert.deepEqual(statesToDelete(states.slice(0, 2), []), [])
})

test('the place of a model whose making was cut off is free again once its session has been silent', async t => {
  const { client, models } = await served(t, {
    ...{ maxModels: 2, sessionTimeoutMs: 400, cut: { path: 'create_model', nth: 1 } },
  })
  const { signal } = new AbortController()
  const model = { modelSeqId: 0, baseModel: tinyBase, rank: 4, seed: 7 }
  const lost = await beginSession(client, { signal, intervalMs: 100 })
  await assert.rejects(client.createModel({ ...model, sessionId: lost.id }), /it is unclear whether/)
  lost.end()
  const live = await beginSession(client, { signal, intervalMs: 100 })
  t.after(() => live.end())
  await client.createModel({ ...model, sessionId: live.id })
  await assert.rejects(client.createModel({ ...model, sessionId: live.id }), /Maximum number/)
  for (const end = Date.now() + 10_000; models.count > 1 && Date.now() < end; ) await delay(20)
  assert.equal(models.count, 1, 'the one whose session beats')
  await client.createModel({ ...model, sessionId: live.id })
})
