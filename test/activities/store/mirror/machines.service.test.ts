/** Machines that share a store and nothing else: each has its own home, which begins empty. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { appendFileSync, cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { gpuActivities } from '../../../../activities/gpu-activities.js'
import { ioActivities } from '../../../../activities/io-activities.js'
import { collectGarbage } from '../../../../activities/store/mirror/garbage.js'
import { checkpointKey } from '../../../../activities/store/mirror/keys.js'
import { runFolder, stepName } from '../../../../activities/store/runs/run-folder.js'
import { keepPlan, readEvaluations, readMetrics, readResult } from '../../../../activities/store/runs/runs.js'
import { PolicyCache } from '../../../../activities/training/policy-cache.js'
import { type Workplace, workplace } from '../../../../activities/workplace.js'
import { examineRun } from '../../../../commands/verify/examine.js'
import type { ExperimentConfig } from '../../../../pipelines/config/schema.js'
import { given } from '../../../../pipelines/given.js'
import { tinyConfig } from '../../../workflows/tiny.js'
import { resultOf, runExperiment, runStage } from '../../driver.js'
import { bucket, whyNoGateway } from '../objects/gateway.js'
import { machinesOnStore } from './on-store.js'

describe('machines that share a store', { skip: whyNoGateway() }, () => {
  const { machine, withStore, folder } = machinesOnStore()

  const config: ExperimentConfig = tinyConfig('shared', {
    steps: 3,
    durability: { stepsPerActivity: 1 },
    checkpoint: { everySteps: 2 },
    evaluation: { every: 3 },
  })
  const { name: run, steps } = config
  const plan = { kind: 'experiment', name: run, config, warnings: [] } as const
  let alone: Workplace
  let expected: ReturnType<typeof resultOf>
  before(async () => {
    alone = machine()
    await runExperiment(alone, config)
    expected = resultOf(alone, config)
  })

  /** Each stage on the machine that `next` gives. */
  async function onMachines(next: () => { place: Workplace; policies: PolicyCache }): Promise<void> {
    const gpu = () => {
      const { place, policies } = next()
      return gpuActivities(place, policies)
    }
    const io = () => ioActivities(next().place)
    await runStage(io().freezeRun, { plan, experiment: { id: run, config } })
    const data = await runStage(io().prepareData, { run })
    const values = await runStage(io().normalizeValues, { run, data })
    const rewardValues = await runStage(io().ablateValues, { run, values })
    const start = await runStage(gpu().warmStart, { run, data })
    const stages = { data, values, rewardValues, start }
    await runStage(gpu().evaluatePolicy, { run, stages, step: 0 })
    let weights: string | undefined
    for (let step = 1; step <= steps; step++) {
      await runStage(gpu().rollOut, { run, stages, step })
      await runStage(io().scaleRewards, { run, stages, step })
      weights = (await runStage(gpu().updatePolicy, { run, stages, step })).weights
    }
    await runStage(gpu().evaluatePolicy, { run, stages, step: steps })
    await runStage(io().recordResult, { run, state: 'done', step: steps, ...given({ weights }) })
    await runStage(io().publishReport, { name: run })
  }

  it('give the bits of one machine with a folder, whichever does which stage, and one with an empty home goes on', async () => {
    await withStore('turns', async () => {
      const machines = [machine(), machine()].map(place => ({ place, policies: new PolicyCache(place.store) }))
      const lost: (PolicyCache | undefined)[] = []
      let turn = 0
      await onMachines(() => {
        // In the middle of training one machine is lost, and another takes its place.
        if (turn === 10) {
          const place = machine()
          lost.push(machines[0]?.policies)
          machines[0] = { place, policies: new PolicyCache(place.store) }
        }
        return machines[turn++ % 2] ?? assert.fail()
      })
      for (const policies of [...lost, ...machines.map(one => one.policies)]) await policies?.dispose()

      const reader = machine()
      const mirror = reader.mirror ?? assert.fail()
      assert.deepEqual(await mirror.pullPlans(), [run])
      await mirror.pullDepth(run, 'all')
      assert.deepEqual(resultOf(reader, config), expected)
      const result = readResult(reader.home, run)
      assert.equal(result?.state, 'done')
      assert.equal(result?.unchanged, undefined)
      assert.equal(readMetrics(reader.home, run).length, steps)
      assert.equal(readEvaluations(reader.home, run).length, 2)
      assert.ok(existsSync(join(runFolder(reader.home, run), 'report', 'report.html')))
      const { findings } = await examineRun(reader.home, run)
      assert.deepEqual(findings, [])

      const other = machine()
      const { finished } = await runStage(ioActivities(other).freezeRun, { plan, experiment: { id: run, config } })
      assert.equal(finished?.weights, expected.weights)
    })
  })

  it('find damage in the store, leave what is referred to, and delete a run with all that only it has', async () => {
    await withStore('turns', async () => {
      const mirror = machine().mirror ?? assert.fail()
      await mirror.pullPlans()
      await mirror.pullDepth(run, 'all')
      const { objects } = await mirror.parts()
      const everything = { isOpen: false, dryRun: false, grace: -60_000 }
      assert.equal((await collectGarbage(objects, { ...everything, grace: 3_600_000 })).objects, 0)
      await collectGarbage(objects, everything)
      const sound = await mirror.examine(run)
      assert.deepEqual(sound.damages, [])
      assert.ok(sound.objects > 20)

      const entry = join(folder(), bucket, 'turns', 'runs', run, '@metrics', 'step-000002.json')
      const blobs = join(folder(), bucket, 'turns', 'blobs')
      const blob = readdirSync(blobs, { recursive: true, withFileTypes: true }).find(file => file.isFile())
      for (const path of [entry, join(blob?.parentPath ?? '', blob?.name ?? '')]) appendFileSync(path, 'x')
      assert.deepEqual((await mirror.examine(run)).damages.map(({ place }) => place.split('/')[4]).sort(), [
        'blobs',
        'runs',
      ])

      await mirror.deleteRun(run)
      await collectGarbage(objects, everything)
      for await (const { key } of objects.list('')) assert.fail(`${key} is left`)
    })
  })

  it('go on with the bits of an undisturbed run when one is killed at any point of a push', async () => {
    const points = ['push.entry:5', 'push.blobs:1', 'push.manifest:1', 'push.file:4']
    for (const [index, point] of points.entries()) {
      await withStore(`killed-${index}`, async () => {
        const killed = machine()
        cpSync(alone.home, killed.home, { recursive: true })
        const { signal } = await pushed(['run', killed.home, run], `${point}:kill`)
        assert.equal(signal, 'SIGKILL', `${point} was not reached`)
        // The machine is gone. Every other time it comes back, with what it has not pushed.
        const next = index % 2 === 0 ? machine() : workplace(killed.home)
        await runExperiment(next, config)
        assert.deepEqual(resultOf(next, config), expected, point)
        const reader = machine().mirror ?? assert.fail()
        await reader.pull(run, { toReplay: true, checkpoint: steps })
        assert.deepEqual((await reader.examine(run).catch(() => null))?.damages ?? [], [])
      })
    }
  })

  it('send a large file further where a killed process left off', async () => {
    await withStore('large', async () => {
      const content = randomBytes(16 * 2 ** 20)
      const path = join(alone.home, 'large')
      writeFileSync(path, content)
      const digest = createHash('sha256').update(content).digest('hex')
      const call = ['file', path, digest, String(content.length)]
      for (const point of ['push.part:2:kill', 'push.parts:1:kill'])
        assert.equal((await pushed(call, point)).signal, 'SIGKILL')
      assert.equal((await pushed(call, '')).signal, null)
      const { objects } = await (machine().mirror ?? assert.fail()).parts()
      assert.ok((await objects.get('large'))?.content.equals(content))
      assert.equal(await objects.dropUploads((await objects.now()) + 60_000), 0)
    })
  })

  it('do not bring back a checkpoint that the store deleted when a machine that has it starts again', async () => {
    await withStore('deleted', async () => {
      const first = machine()
      cpSync(alone.home, first.home, { recursive: true })
      const push = async ({ mirror }: Workplace, activity: number) => {
        await mirror?.take(run, { run: 'one', activity, attempt: 1 })
        await mirror?.push(run, { fenced: true })
      }
      await push(first, 1)
      const { checkpoints, objects } = await (first.mirror ?? assert.fail()).parts()
      assert.deepEqual(await checkpoints.steps(run), [2, 3])
      const key = checkpointKey(run, stepName(2))
      assert.ok(await objects.deleteIfMatch(key, (await objects.facts(key))?.etag ?? ''))
      await push(workplace(first.home), 2)
      assert.deepEqual(await checkpoints.steps(run), [3])
    })
  })

  it('do not use a home that has runs for the store of another', async () => {
    await withStore('names', async () => {
      const [first, empty, other] = [machine(), machine(), machine()]
      writeFileSync(join(first.home, 'home-id'), 'aaaaaaaa')
      await first.mirror?.join()
      await empty.mirror?.join()
      assert.equal(readFileSync(join(empty.home, 'home-id'), 'utf8'), 'aaaaaaaa')
      cpSync(alone.home, other.home, { recursive: true })
      keepPlan(other.home, plan)
      writeFileSync(join(other.home, 'home-id'), 'bbbbbbbb')
      await assert.rejects(async () => other.mirror?.join(), /belongs to another home/)
    })
  })

  async function pushed(call: readonly string[], point: string): Promise<{ signal: NodeJS.Signals | null }> {
    const script = fileURLToPath(new URL('pusher.js', import.meta.url))
    const child = spawn(process.execPath, [script, ...call], {
      env: { ...process.env, RLEV_FAILPOINT: point },
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null]
    assert.ok(signal !== null || code === 0, `exit status ${code}`)
    return { signal }
  }
})
