/** A score predictor that is interrupted goes on from its newest state, in whichever fold: the same values, and no step is made twice. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { armFailPoints } from '../../activities/fail-points/fail-point.js'
import { gpuActivities } from '../../activities/gpu-activities.js'
import { namesIn } from '../../activities/store/files.js'
import type { ArtifactRef } from '../../activities/store/store.js'
import { PolicyCache } from '../../activities/training/policy-cache.js'
import { workplace } from '../../activities/workplace.js'
import { tinyConfig } from '../workflows/tiny.js'
import { environment, prepare, runStage } from './driver.js'

const place = workplace(mkdtempSync(join(tmpdir(), 'rlev-predictor-states-')))
after(() => rmSync(place.home, { recursive: true, force: true }))

const predictor = { folds: 3, labelled: 1, epochs: 2, batch: 8, learningRate: 1e-3, maxTokens: 6 }

const configOf = (name: string, sections: Parameters<typeof tinyConfig>[1] = {}) =>
  tinyConfig(name, {
    value: { ablation: 'predicted', predictor },
    checkpoint: { supervisedSeconds: 0 },
    ...sections,
  })

const states = () => namesIn(join(place.home, 'store', 'predictor-state'))

for (const [kind, sections] of Object.entries({
  weights: {},
  adapter: { update: { adapter: { rank: 2, alpha: 4, targets: ['q_proj' as const] } } },
})) {
  test(`a score predictor of ${kind} goes on from its newest state`, async () => {
    const config = configOf(kind, sections)
    const whole = await prepare(place, config)
    assert.deepEqual(states(), [])
    const { rewardValues: _made, ...before } = whole
    rmSync(join(place.home, 'store', 'predicted-values'), { recursive: true })

    /** Steps that it made, as `FOLD.STEP`, until the fail point. */
    const attempt = async (point?: string): Promise<{ made: string[]; ref: ArtifactRef | null; of: number }> => {
      const mock = environment()
      const made: string[] = []
      let of = 0
      mock.on('heartbeat', ({ note = '', ...progress }: { note?: string; done?: number; of?: number }) => {
        const fold = /^score predictor, fold (\d+)/.exec(note)?.[1]
        if (fold === undefined || progress.done === undefined) return
        made.push(`${fold}.${progress.done}`)
        of = progress.of ?? 0
      })
      const policies = new PolicyCache(place.store)
      armFailPoints(point)
      try {
        const input = { run: config.name, ...before }
        return { made, ref: await runStage(gpuActivities(place, policies).predictValues, input, mock), of }
      } catch (error) {
        assert.match(String(error), /was armed to throw/)
        return { made, ref: null, of }
      } finally {
        armFailPoints(undefined)
        await policies.dispose()
      }
    }

    const first = await attempt('predictor.tick:3:throw')
    assert.deepEqual(first.made, ['1.1', '1.2', '1.3'])
    const { of } = first
    assert.ok(of >= 5, `${of} steps a fold`)
    assert.equal(states().length, 1)
    // In the second fold: the rest of the first, its scores, and two steps more.
    const second = await attempt(`stage-output.after:${of - 1}:throw`)
    assert.equal(second.made[0], '1.3')
    assert.match(second.made.at(-1) ?? '', /^2\./)
    const left = await attempt()
    assert.match(left.made[0] ?? '', /^2\.[^1]/)
    assert.equal(left.ref?.sha256, whole.rewardValues.sha256)
    assert.deepEqual(states(), [])
    const all = [...first.made.slice(0, -1), ...second.made, ...left.made]
    assert.equal(new Set(all).size, all.length, 'no step that a state was kept of is made again')
    assert.equal(all.filter(step => step.startsWith('1.')).length, of)
  })
}
