import assert from 'node:assert/strict'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { Checkpoints } from '../../activities/clients/checkpoints.js'
import { keepDigest, readDigested } from '../../activities/clients/digest-beside.js'
import { type Attempt, Fence, FenceLost } from '../../activities/clients/fence.js'
import { writeOnce, writeWhole } from '../../activities/clients/files.js'
import { Journal } from '../../activities/clients/journal.js'
import { makerOf, temporaryBeside } from '../../activities/clients/maker.js'
import { runFolder } from '../../activities/clients/run-folder.js'
import { readSealed, seal, unseal } from '../../activities/clients/sealed.js'
import { asStorageError } from '../../activities/clients/storage.js'
import { Store } from '../../activities/clients/store.js'
import { RlevError } from '../../pipelines/errors.js'
import { stream } from '../../pipelines/random.js'

const isKind = (kind: string) => (error: unknown) => error instanceof RlevError && error.kind === kind
const nothing = () => {}
const attempt = (parts: Partial<Attempt> = {}): Attempt => ({ run: 'run', activity: 1, attempt: 1, ...parts })

let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'rlev-store-'))
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

describe('a sealed file', () => {
  const body = { step: 3, text: '“值”', numbers: [0.1, -1e-7, 12345678.9] }

  it('gives back what was sealed', () => {
    assert.deepEqual(unseal(Buffer.from(seal(body)), 'here'), body)
  })

  it('is refused after any change of one byte and any cut', () => {
    const whole = Buffer.from(seal(body))
    const random = stream(7, 'bytes')
    for (let place = 0; place < whole.length; place++) {
      const changed = Buffer.from(whole)
      changed[place] = (whole[place] as number) ^ (1 + random.integer(255, place))
      assert.throws(() => unseal(changed, 'here'), isKind('ArtifactDamaged'), `byte ${place}`)
      assert.throws(() => unseal(whole.subarray(0, place), 'here'), isKind('ArtifactDamaged'), `cut at ${place}`)
    }
  })

  it('holds no number that JSON would lose', () => {
    assert.throws(() => seal({ loss: Number.NaN }), isKind('NotFinite'))
    assert.throws(() => seal([Number.POSITIVE_INFINITY]), isKind('NotFinite'))
  })
})

describe('a sealed file that says what it is of', () => {
  const whole = Buffer.from(seal({ text: 'a\ufffdb' }, 'metrics of step 3'))

  it('is refused in the place of another one, and after any change of one byte', () => {
    assert.deepEqual(unseal(whole, 'here', 'metrics of step 3'), { text: 'a\ufffdb' })
    assert.throws(
      () => unseal(whole, 'here', 'metrics of step 4'),
      (error: unknown) => {
        assert.ok(error instanceof RlevError && error.kind === 'ArtifactDamaged')
        assert.deepEqual([error.parts.expected, error.parts.found], ['metrics of step 4', 'metrics of step 3'])
        return true
      },
    )
    for (let place = 0; place < whole.length; place++) {
      for (let change = 1; change < 256; change++) {
        const changed = Buffer.from(whole)
        changed[place] = (whole[place] as number) ^ change
        assert.throws(() => unseal(changed, 'here', 'metrics of step 3'), isKind('ArtifactDamaged'), `byte ${place}`)
      }
    }
  })

  it('is not made one without a word of what it is by cutting that out', () => {
    const text = whole.toString('utf8').replace('"of":"metrics of step 3",', '')
    assert.throws(() => unseal(Buffer.from(text), 'here', 'metrics of step 3'), isKind('ArtifactDamaged'))
  })

  it('is refused where a folder lies in its place', () => {
    mkdirSync(join(home, 'entry.json'))
    assert.throws(() => readSealed(join(home, 'entry.json')), isKind('ArtifactDamaged'))
  })
})

describe('a file with its digest beside it', () => {
  it('is read as it was written, and refused when it was changed', () => {
    const path = join(home, 'plan.json')
    assert.equal(readDigested(path), null)
    writeFileSync(path, '{"steps": 100}')
    assert.equal(readDigested(path)?.toString(), '{"steps": 100}', 'without a digest it is taken as it is')
    keepDigest(path)
    writeFileSync(path, '{"steps": 900}')
    assert.throws(() => readDigested(path), isKind('ArtifactDamaged'))
  })
})

describe('a disk without room', () => {
  it('is an error that names the place, what is wrong with it, and what to do', () => {
    const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
    const error = asStorageError(full, join(home, 'not', 'there', 'file'))
    assert.ok(error instanceof RlevError && error.kind === 'NoStorage')
    assert.match(error.message, /not\/there\/file: the disk is full[\s\S]*ENOSPC.*MB free[\s\S]*to do: +make room/)
  })

  it('is not made of other errors', () => {
    const other = Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' })
    assert.equal(asStorageError(other, home), other)
  })
})

describe('the name of something unfinished', () => {
  it('says who makes it: this process, one before this boot, one on another machine, or nothing', () => {
    const name = temporaryBeside(join(home, 'step-000004'))
    assert.deepEqual(makerOf(name), { where: 'here', pid: process.pid })
    const [, machine = '', boot = ''] = /-([0-9a-f]{6})([0-9a-f]{6})-\d+-[0-9a-f]{8}$/.exec(name) ?? []
    assert.equal(makerOf(name.replace(machine + boot, `${machine}000000`))?.where, 'before')
    assert.equal(makerOf(name.replace(machine + boot, `000000${boot}`))?.where, 'elsewhere')
    assert.equal(makerOf('.tmp-step-000004'), null)
  })
})

describe('the store', () => {
  const fill = (text: string) => async (folder: string) => writeWhole(join(folder, 'data.json'), JSON.stringify(text))

  it('makes an output once for the same inputs', async () => {
    const store = new Store(home)
    let made = 0
    const make = () =>
      store.once({
        kind: 'data',
        from: { seed: 1 },
        fill: async folder => {
          made++
          await fill('items')(folder)
        },
      })
    const first = await make()
    assert.deepEqual(await make(), first)
    assert.equal(made, 1)
    assert.equal(store.json(first, 'data.json'), 'items')
  })

  it('keeps one output of two makers at once', async () => {
    const store = new Store(home)
    const makers = [1, 2, 3].map(() => store.once({ kind: 'data', from: { seed: 1 }, fill: fill('items') }))
    const [first, ...others] = await Promise.all(makers)
    for (const other of others) assert.deepEqual(other, first)
    assert.equal(readdirSync(join(home, 'store', 'data')).length, 1, 'no temporary folder is left')
  })

  it('refuses to read what was changed, sets it aside and makes it again', async () => {
    const store = new Store(home)
    const options = { kind: 'data', from: { seed: 1 }, fill: fill('items') }
    const ref = await store.once(options)
    writeFileSync(join(store.path(ref), 'data.json'), '"itens"')
    assert.throws(() => store.json(ref, 'data.json'), isKind('ArtifactDamaged'))
    assert.deepEqual(await store.once(options), ref)
    assert.equal(store.json(ref, 'data.json'), 'items')
    assert.ok(existsSync(`${store.path(ref)}.damaged-1`))
  })

  it('leaves nothing behind when the making fails', async () => {
    const store = new Store(home)
    const failing = store.once({ kind: 'data', from: 1, fill: () => Promise.reject(new Error('no')) })
    await assert.rejects(failing, /no/)
    assert.deepEqual(readdirSync(join(home, 'store', 'data')), [])
  })
})

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

  it('with a file beside theirs, which might be read in the place of one, are passed over; what a system leaves about is none', async () => {
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

describe('the journal', () => {
  const rollout = (text: string) => ({
    step: 1,
    prompts: ['a'],
    responses: [
      { itemId: 'a', sample: 0, promptTokens: [1], tokens: [2], text, logProbs: [-0.5], finish: 'stop' as const },
    ],
  })

  it('keeps what was written first, whoever comes second', () => {
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

  it('is taken again by the same attempt, and by any where the file says nothing', () => {
    Fence.take(home, earlier)
    Fence.take(home, earlier).check()
    writeFileSync(join(home, 'owner'), 'cut sho')
    Fence.take(home, attempt()).check()
  })
})

describe('a file', () => {
  it('that may not be committed any more leaves nothing, old or new', () => {
    const refuse = () => {
      throw new Error('lost')
    }
    const path = join(home, 'a.json')
    assert.throws(() => writeOnce(path, 'late', { mayCommit: refuse }), /lost/)
    assert.throws(() => writeWhole(path, 'late', { mayCommit: refuse }), /lost/)
    assert.deepEqual(readdirSync(home), [])
    writeWhole(path, 'in time')
    assert.throws(() => writeWhole(path, 'late', { mayCommit: refuse }), /lost/)
    assert.equal(readFileSync(path, 'utf8'), 'in time')
    assert.deepEqual(readdirSync(home), ['a.json'])
  })
})

describe('the name of a run', () => {
  it('cannot leave the home', () => {
    for (const id of ['..', '../x', 'a/../../b', '/etc', 'a//b', '', 'a/', 'a\0b', '.hidden', 'a\\..\\b']) {
      assert.throws(() => runFolder(home, id), isKind('CallInvalid'), JSON.stringify(id))
    }
    assert.equal(runFolder(home, 'sweep/arm/seed-1'), join(home, 'runs', 'sweep', 'arm', 'seed-1'))
  })
})
