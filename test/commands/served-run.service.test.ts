/**
 * `rlev run` with a policy that a Tinker server trains, over real services: once undisturbed, and once with SIGKILL of the orchestrator and
 * of the policy worker in the middle. Both leave the same adapter, journal, evaluations and histories in MLflow.
 */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { stringify } from 'yaml'
import { namesIn } from '../../activities/store/files.js'
import { experimentPaths, runFolder } from '../../activities/store/runs/run-folder.js'
import { loadPlan } from '../../pipelines/config/load.js'
import { DrillHome } from '../../scripts/drill/drill-home.js'
import { differences, leftBehind } from '../../scripts/drill/left-behind.js'
import { servedKeys, writeVerifier } from '../tinker-server/served-config.js'
import { startTinkerServer, type TinkerServer, tinyBase } from '../tinker-server/start.js'

let server: TinkerServer
let home: DrillHome

before(async () => {
  // As SkyRL with JAX: what is sent twice counts twice, and a model that is left behind takes one of few places.
  server = await startTinkerServer({ resend: 'counted again', maxModels: 2 })
  home = DrillHome.make({ policyWorkers: 1 })
})
after(async () => {
  await home?.close()
  await server?.end()
})

function configFile(name: string): string {
  const path = join(home.path, `${name}.yaml`)
  const verifier = writeVerifier(home.path)
  const config = {
    name,
    ...servedKeys({ url: server.url, baseModel: 'qwen3-tiny', policy: resolve(tinyBase), verifier }),
    steps: 4,
    durability: { stepsPerActivity: 2, heartbeatTimeout: 3 },
    tracking: { experiment: name },
  }
  writeFileSync(path, stringify(config))
  return path
}

const journaled = (name: string, part: 'rollouts' | 'metrics') => namesIn(join(runFolder(home.path, name), part)).length

async function until(what: string, holds: () => boolean): Promise<void> {
  for (const end = Date.now() + 60_000; Date.now() < end; await sleep(20)) if (holds()) return
  throw new Error(`waited a minute in vain for: ${what}`)
}

/** Rollouts and records without their times. */
function journalOf(name: string): unknown[] {
  return ['rollouts', 'records'].flatMap(part => {
    const folder = join(runFolder(home.path, name), part)
    return readdirSync(folder)
      .toSorted()
      .map(file => [part, file, { ...JSON.parse(readFileSync(join(folder, file), 'utf8')).body, time: null }])
  })
}

async function leftOf(name: string) {
  return { journal: journalOf(name), left: await leftBehind(home, loadPlan({ path: configFile(name) })) }
}

test('a run on a Tinker server is the same after SIGKILL of the orchestrator and of the policy worker', async () => {
  const whole = await home.command('run', configFile('whole')).done
  assert.equal(whole.status, 0, `${whole.out}\n${whole.err}`)
  const undisturbed = await leftOf('whole')
  assert.equal(undisturbed.journal.length, 8)
  assert.match(undisturbed.left.experiments['experiment']?.weights ?? '', /^[0-9a-f]{64}$/)
  assert.ok(undisturbed.left.points['experiment']?.some(point => /^policy\/grad_norm step 4 [^0]/.test(point)))

  const command = home.command('run', configFile('disturbed'))
  await until('the first step', () => journaled('disturbed', 'metrics') >= 1)
  assert.ok(await home.kill('policy'))
  const kept = journaled('disturbed', 'rollouts')
  await home.up()
  await until('another rollout', () => journaled('disturbed', 'rollouts') > kept)
  assert.ok(await home.kill('orchestrator'))
  await home.up()
  const disturbed = await command.done
  assert.equal(disturbed.status, 0, `${disturbed.out}\n${disturbed.err}`)
  const found = await leftOf('disturbed')
  assert.deepEqual(found.journal, undisturbed.journal)
  assert.deepEqual(differences('disturbed', undisturbed.left, found.left), [])
  const models = JSON.parse(
    readFileSync(join(experimentPaths.server(runFolder(home.path, 'disturbed')), 'models.json'), 'utf8'),
  )
  assert.ok(models.body.made > 1, 'the kills left models behind')
})
