import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { Checkpoints } from '../../../activities/store/checkpoints.js'
import { writeWhole } from '../../../activities/store/files.js'
import { RlevError } from '../../../pipelines/errors.js'

const isKind = (kind: string) => (error: unknown) => error instanceof RlevError && error.kind === kind
const nothing = () => {}

let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'rlev-store-'))
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

describe('checkpoints', () => {
  const make = (checkpoints: Checkpoints, step: number) =>
    checkpoints.make({
      step,
      fill: async folder => {
        writeWhole(join(folder, 'model.safetensors'), `weights ${step}`)
        writeWhole(join(folder, 'optimizer.safetensors'), `moments ${step}`)
      },
      mayCommit: nothing,
    })

  it('say which step, after which, of which experiment', async () => {
    const checkpoints = new Checkpoints(home, 'key')
    await make(checkpoints, 5)
    const { manifest } = await make(checkpoints, 10)
    assert.deepEqual(manifest.about, { step: 10, parent: 'step-000005', experimentKey: 'key' })
    assert.deepEqual(Object.keys(manifest.files), ['model.safetensors', 'optimizer.safetensors'])
  })

  it('are passed over when damaged: the one before is used', async () => {
    const checkpoints = new Checkpoints(home, 'key')
    for (const step of [5, 10, 15]) await make(checkpoints, step)
    writeFileSync(join(home, 'checkpoints', 'step-000015', 'optimizer.safetensors'), 'moments 51')
    rmSync(join(home, 'checkpoints', 'step-000010', 'manifest.json'))
    assert.equal(checkpoints.newestWhole(20)?.step, 5)
    const names = readdirSync(join(home, 'checkpoints')).sort()
    assert.deepEqual(names, ['step-000005', 'step-000010.damaged-1', 'step-000015.damaged-1'])
  })

  it('are told from damaged ones at every byte of every file', async () => {
    const checkpoints = new Checkpoints(home, 'key')
    const { path } = await make(checkpoints, 5)
    for (const name of readdirSync(path)) {
      const file = join(path, name)
      const whole = readFileSync(file)
      for (let place = 0; place < whole.length; place++) {
        const changed = Buffer.from(whole)
        changed[place] = (whole[place] as number) ^ 1
        writeFileSync(file, changed)
        assert.equal(checkpoints.whole(5), null, `${name} byte ${place}`)
        const [aside] = readdirSync(join(home, 'checkpoints'))
        rmSync(path, { recursive: true, force: true })
        // Undo: what was set aside comes back whole.
        const back = join(home, 'checkpoints', aside as string)
        writeFileSync(join(back, name), whole)
        renameSync(back, path)
      }
    }
    assert.equal(checkpoints.whole(5)?.step, 5)
  })

  it('of another step, or with a file in their place, are passed over like damaged ones', async () => {
    const checkpoints = new Checkpoints(home, 'key')
    for (const step of [5, 10, 15]) await make(checkpoints, step)
    const folder = (step: string) => join(home, 'checkpoints', `step-0000${step}`)
    rmSync(folder('15'), { recursive: true })
    cpSync(folder('05'), folder('15'), { recursive: true })
    rmSync(folder('10'), { recursive: true })
    writeFileSync(folder('10'), 'a file')
    assert.equal(checkpoints.newestWhole(20)?.step, 5)
  })

  it('with an unknown file beside theirs, which might be read in place of one, are passed over; files of the system do not count', async () => {
    const checkpoints = new Checkpoints(home, 'key')
    for (const step of [5, 10]) await make(checkpoints, step)
    const file = (name: string) => join(home, 'checkpoints', 'step-000010', name)
    writeFileSync(file('.DS_Store'), '')
    assert.equal(checkpoints.newestWhole(20)?.step, 10)
    writeFileSync(file('model.safetensors.index.json'), '{}')
    assert.equal(checkpoints.newestWhole(20)?.step, 5)
  })

  it('of another experiment are refused', async () => {
    await make(new Checkpoints(home, 'key'), 5)
    assert.throws(() => new Checkpoints(home, 'other').newestWhole(5), isKind('CheckpointInvalid'))
  })

  it('are kept as many as asked for besides the last', async () => {
    const checkpoints = new Checkpoints(home, 'key')
    for (const step of [5, 10, 15, 20]) await make(checkpoints, step)
    checkpoints.retain({ made: 20, keep: 2, also: null })
    assert.deepEqual(checkpoints.steps(), [10, 15, 20])
  })

  it('that are newer than the one just made, or the best, are not deleted', async () => {
    const checkpoints = new Checkpoints(home, 'key')
    for (const step of [5, 10, 15, 20, 25]) await make(checkpoints, step)
    checkpoints.retain({ made: 20, keep: 1, also: 5 })
    assert.deepEqual(checkpoints.steps(), [5, 15, 20, 25])
    assert.deepEqual(readdirSync(join(home, 'checkpoints')).length, 4, 'and nothing is left of the others')
  })
})
