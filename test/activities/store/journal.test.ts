import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { type Attempt, Fence, FenceLost } from '../../../activities/store/fence.js'
import { Journal } from '../../../activities/store/journal.js'

const attempt = (parts: Partial<Attempt> = {}): Attempt => ({ run: 'run', activity: 1, attempt: 1, ...parts })

let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'rlev-store-'))
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

describe('the journal', () => {
  const rollout = (text: string) => ({
    step: 1,
    prompts: ['a'],
    responses: [
      { itemId: 'a', sample: 0, promptTokens: [1], tokens: [2], text, logProbs: [-0.5], finish: 'stop' as const },
    ],
  })

  it('keeps what was written first, no matter who comes second', () => {
    const journal = new Journal(home, Fence.take(home, attempt()), 'key')
    journal.keepRollout(rollout('first'))
    assert.equal(journal.keepRollout(rollout('second')).responses[0]?.text, 'first')
    assert.equal(journal.rollout(1)?.responses[0]?.text, 'first')
  })

  it('takes a step again whose file was cut short', () => {
    const journal = new Journal(home, Fence.take(home, attempt()), 'key')
    journal.keepRollout(rollout('first'))
    const path = join(home, 'rollouts', 'step-000001.json')
    writeFileSync(path, readFileSync(path).subarray(0, 100))
    assert.equal(journal.rollout(1), null)
    assert.equal(journal.keepRollout(rollout('again')).responses[0]?.text, 'again')
  })

  it('takes no entry of another step or experiment, and keeps its own then', () => {
    const journal = new Journal(home, Fence.take(home, attempt()), 'key')
    journal.keepRollout(rollout('mine'))
    const path = (step: number) => join(home, 'rollouts', `step-00000${step}.json`)
    cpSync(path(1), path(2))
    assert.equal(journal.rollout(2), null)
    const other = mkdtempSync(join(tmpdir(), 'rlev-store-'))
    new Journal(other, Fence.take(other, attempt()), 'other key').keepRollout(rollout('theirs'))
    cpSync(join(other, 'rollouts', 'step-000001.json'), path(1))
    rmSync(other, { recursive: true })
    assert.equal(journal.rollout(1), null)
    assert.equal(journal.keepRollout(rollout('mine again')).responses[0]?.text, 'mine again')
  })

  it('is synced once: what was written since, with its folders', async () => {
    const journal = new Journal(home, Fence.take(home, attempt()), 'key')
    journal.keepRollout(rollout('first'))
    journal.keepMetrics({ step: 1, time: 1, values: {} })
    const path = join(home, 'rollouts', 'step-000001.json')
    await journal.sync()
    rmSync(path)
    await journal.sync()
    journal.keepRollout(rollout('again'))
    rmSync(path)
    await assert.rejects(journal.sync(), /ENOENT/)
  })

  it('takes nothing from an attempt whose task has gone to another', () => {
    const stopped = new Journal(home, Fence.take(home, attempt()), 'key')
    const successor = new Journal(home, Fence.take(home, attempt({ attempt: 2 })), 'key')
    assert.throws(() => stopped.keepRollout(rollout('late')), /another attempt has taken over/)
    assert.equal(successor.rollout(1), null)
    assert.equal(successor.keepRollout(rollout('in time')).responses[0]?.text, 'in time')
  })
})

describe('the fence', () => {
  const earlier = attempt({ activity: 3, attempt: 2 })
  const later = [attempt({ activity: 3, attempt: 3 }), attempt({ activity: 4 }), attempt({ run: 'next', activity: 1 })]

  it('passes from each attempt to the later ones, and is lost to the earlier', () => {
    for (const successor of later) {
      rmSync(join(home, 'owner'), { force: true })
      const fence = Fence.take(home, earlier)
      fence.check()
      Fence.take(home, successor).check()
      assert.throws(() => fence.check(), FenceLost)
    }
  })

  it('cannot be taken back by an attempt that slept before it had taken it', () => {
    for (const successor of later) {
      rmSync(join(home, 'owner'), { force: true })
      Fence.take(home, earlier)
      const fence = Fence.take(home, successor)
      assert.throws(() => Fence.take(home, earlier), FenceLost)
      fence.check()
    }
  })

  it('stays with the successor of an attempt that slept while it took it', async () => {
    const code = `
      const { armFailPoints } = await import(process.argv[1] + 'fail-points/fail-point.js')
      const { Fence } = await import(process.argv[1] + 'store/fence.js')
      armFailPoints('file.written:1:stall=2')
      try { Fence.take(process.argv[2], ${JSON.stringify(earlier)}) } catch (error) { console.log(error.name) }`
    const activities = new URL('../../../activities/', import.meta.url).href
    const sleeper = spawn(process.execPath, ['--input-type=module', '-e', code, activities, home])
    let said = ''
    sleeper.stdout.on('data', text => {
      said += text
    })
    await once(sleeper.stderr, 'data')
    const fence = Fence.take(home, attempt({ activity: 4 }))
    await once(sleeper, 'close')
    assert.equal(said, 'FenceLost\n')
    fence.check()
    assert.deepEqual(readdirSync(home), ['owner'])
  })

  it('is taken again by the same attempt, and by any where the file says nothing', () => {
    Fence.take(home, earlier)
    Fence.take(home, earlier).check()
    writeFileSync(join(home, 'owner'), 'cut sho')
    Fence.take(home, attempt()).check()
  })
})
