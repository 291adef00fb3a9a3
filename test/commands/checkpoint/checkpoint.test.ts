/** `rlev checkpoint`: which checkpoints it takes, what its folders hold, and what it refuses. */
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { experimentPaths, runFolder, stepName } from '../../../activities/store/runs/run-folder.js'
import { readEvaluations } from '../../../activities/store/runs/runs.js'
import { clonedPolicy } from '../../../commands/clone/cloned-policy.js'
import { loadPolicy } from '../../../pipelines/checkpoint/policy-folder.js'
import { defaultEngine, disposePolicy } from '../../../pipelines/model/policy.js'
import { runInProcess } from '../../../scripts/drill/in-process.js'
import { shortest, tinyConfig } from '../../workflows/tiny.js'
import { callHere } from '../call-here.js'

const whole = tinyConfig('whole', {
  ...shortest,
  steps: 6,
  update: { learningRate: 1e-2 },
  evaluation: { every: 1 },
  checkpoint: { everySteps: 1, keep: 1, best: 'acc' },
})
const adapted = tinyConfig('adapted', {
  ...shortest,
  update: { adapter: { rank: 2, alpha: 4, targets: ['q_proj'] } },
})

let home: string
let out: string
before(async () => {
  home = mkdtempSync(join(tmpdir(), 'rlev-export-'))
  out = join(home, 'out')
  await runInProcess({ home, config: whole })
  await runInProcess({ home, config: adapted })
})
after(() => rmSync(home, { recursive: true, force: true }))

const rlev = (...words: string[]) => callHere('checkpoint', ...words, '--home', home)
const checkpointOf = (name: string, step: number, file: string) =>
  readFileSync(join(experimentPaths.checkpoints(runFolder(home, name)), stepName(step), file))
const factsOf = (folder: string) => JSON.parse(readFileSync(join(folder, 'rlev.json'), 'utf8'))

describe('checkpoint', () => {
  test('writes the last checkpoint and the best one that is kept, as folders that load as policies', async () => {
    const called = await rlev('whole', out)
    assert.equal(called.status, 0, called.err)
    const kept = readdirSync(experimentPaths.checkpoints(runFolder(home, 'whole'))).map(name => Number(name.slice(5)))
    const values = readEvaluations(home, 'whole').map(
      ({ evaluation }) => [evaluation.step, evaluation.greedy.acc] as const,
    )
    const best = values.filter(([step]) => kept.includes(step)).reduce((a, b) => (b[1] > a[1] ? b : a))
    assert.deepEqual(readdirSync(out).sort(), ['best', 'last'])
    for (const [as, step] of [
      ['last', 6],
      ['best', best[0]],
    ] as const) {
      const folder = join(out, as)
      assert.deepEqual(
        readFileSync(join(folder, 'model.safetensors')),
        checkpointOf('whole', step, 'model.safetensors'),
      )
      assert.ok(!existsSync(join(folder, 'optimizer.safetensors')) && !existsSync(join(folder, 'manifest.json')))
      assert.deepEqual(
        [factsOf(folder).step, factsOf(folder).experiment, factsOf(folder).form],
        [step, 'whole', 'whole'],
      )
      disposePolicy(await loadPolicy(folder, defaultEngine))
    }
    assert.deepEqual([factsOf(join(out, 'best')).metric, factsOf(join(out, 'best')).value], ['acc', best[1]])
    assert.match(called.out, new RegExp(`^best of whole {2}step ${best[0]} of 6 {2}acc `, 'm'))
    // No evaluation after training is higher than the best that is kept.
    assert.ok(values.slice(1).every(([, value]) => value <= best[1]))
  })

  test('refuses a folder that is there, an experiment and a step that are not, and writes nothing then', async () => {
    const again = await rlev('whole', out)
    assert.deepEqual([again.status, again.out], [2, ''])
    assert.match(again.err, /is there already/)
    for (const words of [
      ['whole', join(home, 'no'), '--step', '2000'],
      ['whole/a/seed-1', join(home, 'no')],
      ['whole', join(home, 'no'), '--metric', 'length'],
    ]) {
      const { status, err } = await rlev(...words)
      assert.equal(status, 2, err)
    }
    assert.ok(!existsSync(join(home, 'no')))
  })

  test('has an adapter in the weights, or as an adapter; without a metric the last alone', async () => {
    const merged = await rlev('adapted', join(home, 'merged'), '--json')
    const { exported, notes } = JSON.parse(merged.out)
    assert.deepEqual(
      exported.map(({ as, form }: { as: string; form: string }) => [as, form]),
      [['last', 'adapter in the weights']],
    )
    assert.match(notes[0], /--metric or checkpoint\.best/)
    const { folder } = await clonedPolicy({ home, id: 'adapted', config: adapted }, undefined)
    assert.deepEqual(
      readFileSync(join(home, 'merged', 'last', 'model.safetensors')),
      readFileSync(join(folder, 'model.safetensors')),
    )
    assert.equal((await rlev('adapted', join(home, 'peft'), '--adapter', '--step', '2')).status, 0)
    const peft = join(home, 'peft', 'step-2')
    assert.deepEqual(readdirSync(peft).sort(), ['adapter_config.json', 'adapter_model.safetensors', 'rlev.json'])
    assert.deepEqual(
      readFileSync(join(peft, 'adapter_model.safetensors')),
      checkpointOf('adapted', 2, 'adapter_model.safetensors'),
    )
  })
})
