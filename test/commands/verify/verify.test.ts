/** `rlev verify` on a run that was made by the stages: what it finds, and what it does not accuse. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  appendFileSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { experimentPaths, runFolder } from '../../../activities/store/runs/run-folder.js'
import { keepConfig, keepPlan } from '../../../activities/store/runs/runs.js'
import { seal } from '../../../activities/store/sealed.js'
import { temporaryBeside } from '../../../activities/store/temporary-names.js'
import { examineRun } from '../../../commands/verify/examine.js'
import { ranges } from '../../../commands/verify/finding.js'
import { runInProcess } from '../../../scripts/drill/in-process.js'
import { tinyConfig, tinySweep } from '../../workflows/tiny.js'
import { callHere } from '../call-here.js'

const config = tinyConfig('sound', {
  steps: 4,
  evaluation: { every: 2 },
  checkpoint: { everySteps: 2 },
})
let whole: string
let home: string
let folder: string
before(async () => {
  whole = mkdtempSync(join(tmpdir(), 'rlev-verify-'))
  await runInProcess({ home: whole, config })
})
after(() => rmSync(whole, { recursive: true, force: true }))

/** In a copy of the home. */
async function inACopy(work: () => Promise<void> | void): Promise<void> {
  home = mkdtempSync(join(tmpdir(), 'rlev-verify-'))
  folder = runFolder(home, 'sound')
  try {
    cpSync(whole, home, { recursive: true })
    await work()
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
}

const checkpoint = (step: number, ...names: string[]) =>
  join(experimentPaths.checkpoints(folder), `step-00000${step}`, ...names)

function changeLastByte(path: string): void {
  const bytes = readFileSync(path)
  bytes[bytes.length - 1] = (bytes.at(-1) as number) ^ 1
  writeFileSync(path, bytes)
}

/** What each mishap must be told as: its place, and part of the sentence. */
const mishaps: readonly (readonly [string, () => string, RegExp])[] = [
  [
    'a changed byte of the weights',
    () => hurt(checkpoint(2, 'model.safetensors')),
    /stored folder is not what was written/,
  ],
  [
    'a checkpoint without its manifest',
    () => gone(checkpoint(2, 'manifest.json'), checkpoint(2)),
    /not what was written/,
  ],
  [
    'a file in a checkpoint that its manifest does not know',
    () => extra(checkpoint(2, 'notes.txt')),
    /does not know this file/,
  ],
  ['the last checkpoint gone', () => gone(checkpoint(4)), /last step is missing/],
  [
    'a checkpoint of another step',
    () => {
      rmSync(checkpoint(4), { recursive: true })
      cpSync(checkpoint(2), checkpoint(4), { recursive: true })
      return checkpoint(4)
    },
    /of another step/,
  ],
  [
    'a result with other weights than the last checkpoint',
    () => {
      const path = experimentPaths.result(folder)
      writeFileSync(path, seal({ state: 'done', step: 4, weights: '0'.repeat(64) }))
      return path
    },
    /names other weights/,
  ],
  ['a damaged result', () => hurt(experimentPaths.result(folder)), /not what was written/],
  [
    'metrics of a step gone',
    () => gone(experimentPaths.metrics(folder, 3), join(folder, 'metrics')),
    /metrics of a step are missing/,
  ],
  [
    'responses of the first step gone',
    () => gone(experimentPaths.rollout(folder, 1), join(folder, 'rollouts')),
    /responses of a step/,
  ],
  ['damaged records', () => hurt(experimentPaths.records(folder, 2)), /not what was written/],
  [
    'responses of another step',
    () => {
      copyFileSync(experimentPaths.rollout(folder, 1), experimentPaths.rollout(folder, 2))
      return experimentPaths.rollout(folder, 2)
    },
    /but belongs to something else/,
  ],
  ['an evaluation gone', () => gone(experimentPaths.evaluation(folder, 2)), /evaluation of step 2 is missing/],
  [
    'the items of an evaluation gone',
    () => gone(experimentPaths.evaluationItems(folder, 4)),
    /evaluation of step 4 is missing/,
  ],
  ['a changed config', () => hurt(experimentPaths.config(folder)), /not what was written/],
  [
    'a reference gone',
    () => gone(experimentPaths.reference(folder, 'start'), join(folder, 'references')),
    /does not say what it refers to/,
  ],
  [
    'a damaged output in the store',
    () => hurt(join(stored('warm-start'), 'model.safetensors')),
    /not what was written/,
  ],
  [
    'an output gone from the store',
    () => gone(stored('values')),
    /stored output is missing; sound refers to it as its/,
  ],
  ['a changed report', () => hurt(join(folder, 'report', 'report.html')), /of the report is not what was written/],
  [
    'a changed figure of the report',
    () => hurt(join(folder, 'report', 'figures', 'curve-h-acc.svg')),
    /of the report is not what was written/,
  ],
  [
    'a figure that the report does not have',
    () => extra(join(folder, 'report', 'figures', 'old.svg')),
    /nobody refers to this/,
  ],
  ['a file that nobody knows', () => extra(join(folder, 'metrics', 'step-3.json')), /nobody refers to this/],
  [
    'something set aside',
    () => {
      renameSync(checkpoint(2), `${checkpoint(2)}.damaged-1`)
      return `${checkpoint(2)}.damaged-1`
    },
    /found damaged and set aside/,
  ],
  ['what a dead process left unfinished', () => unfinished({ dead: true, old: true }), /a crash left this behind/],
]

function hurt(path: string): string {
  changeLastByte(path)
  return path
}

function gone(path: string, told = path): string {
  rmSync(path, { recursive: true })
  return told
}

function extra(path: string): string {
  writeFileSync(path, 'hello')
  return path
}

function stored(kind: string): string {
  const [name = ''] = readdirSync(join(home, 'store', kind))
  return join(home, 'store', kind, name)
}

function unfinished({ dead, old }: { dead: boolean; old: boolean }): string {
  const pid = dead ? spawnSync(process.execPath, ['--version']).pid : process.pid
  const own = temporaryBeside(checkpoint(4))
  const path = join(dirname(own), basename(own).replace(`-${process.pid}-`, `-${pid}-`))
  mkdirSync(path)
  if (old) utimesSync(path, 0, Date.now() / 1000 - 600)
  return path
}

describe('a run that is whole', () => {
  it('is sound, with a count of what was checked, and exit status 0', async () => {
    const { status, out, err } = await callHere('verify', 'sound', '--home', whole)
    assert.equal(status, 0, `${out}${err}`)
    assert.match(out, /^sound is sound: \d+ files, \d+\.\d MB \(done\)$/m)
  })

  it('is sound as JSON, every file counted that it consists of', async () => {
    const { out } = await callHere('verify', 'sound', '--json', '--home', whole)
    const { sound, findings, files, bytes, experiments } = JSON.parse(out)
    assert.deepEqual([sound, findings, experiments], [true, [], { all: 1, begun: 1, done: 1 }])
    // 4 steps of 3 entries, 3 evaluations of 2 files, 2 checkpoints of 6 or more files, and the store.
    assert.ok(files > 12 + 6 + 12 + 5, `${files}`)
    assert.ok(bytes > 50_000, `${bytes}`)
  })
})

describe('a run of which something is wrong', () => {
  for (const [what, make, message] of mishaps) {
    it(`is told of ${what}, where, and what to do`, async () => {
      await inACopy(async () => {
        const place = make()
        const { findings } = await examineRun(home, 'sound')
        const found = findings.find(finding => finding.place === place && message.test(finding.message))
        assert.ok(found, JSON.stringify(findings, null, 1))
        assert.notEqual(found.remedy, '')
      })
    })
  }

  it('is told of every file of a checkpoint that is damaged, not of the first alone', async () => {
    await inACopy(async () => {
      const places = ['model.safetensors', 'optimizer.safetensors', 'tokenizer.json'].map(name =>
        hurt(checkpoint(2, name)),
      )
      const { findings } = await examineRun(home, 'sound')
      assert.deepEqual(findings.map(({ place }) => place).sort(), places.sort())
    })
  })

  it('has exit status 1 and a line for each part of a finding', async () => {
    await inACopy(async () => {
      const path = hurt(checkpoint(2, 'model.safetensors'))
      const { status, out } = await callHere('verify', 'sound', '--home', home)
      assert.equal(status, 1)
      assert.match(out, /^sound: 1 finding in \d+ files/m)
      assert.match(
        out,
        new RegExp(`^${path}: .*\\n +expected: .*sha256.*\\n +found: .*\\n +to do: .*rlev resume sound`, 'm'),
      )
    })
  })
})

describe('a run at work', () => {
  it('is not accused of what a living process makes, nor of what comes next at its head', async () => {
    await inACopy(async () => {
      rmSync(experimentPaths.result(folder))
      rmSync(experimentPaths.metrics(folder, 4))
      rmSync(experimentPaths.evaluation(folder, 4))
      rmSync(experimentPaths.evaluationItems(folder, 4))
      rmSync(checkpoint(4), { recursive: true })
      unfinished({ dead: false, old: true })
      unfinished({ dead: true, old: false })
      assert.deepEqual((await examineRun(home, 'sound')).findings, [])
    })
  })

  it('is not accused of what is there again when one looks twice', async () => {
    await inACopy(async () => {
      const path = experimentPaths.metrics(folder, 2)
      renameSync(path, `${path}.away`)
      const examined = examineRun(home, 'sound')
      renameSync(`${path}.away`, path)
      assert.deepEqual((await examined).findings, [])
    })
  })

  it('that has only begun is sound', async () => {
    await inACopy(async () => {
      for (const name of ['rollouts', 'records', 'metrics', 'evaluations', 'checkpoints', 'references', 'report']) {
        rmSync(join(folder, name), { recursive: true })
      }
      rmSync(experimentPaths.result(folder))
      const { findings, experiments } = await examineRun(home, 'sound')
      assert.deepEqual([findings, experiments], [[], { all: 1, begun: 1, done: 0 }])
    })
  })
})

describe('a sweep', () => {
  it('has experiments that were not begun, and may have no arm or seed that its plan does not know', async () => {
    home = mkdtempSync(join(tmpdir(), 'rlev-verify-'))
    try {
      const plan = tinySweep('pair', { one: {}, other: { reward: { scale: 'correctness' } } }, { seeds: [1, 2] })
      keepPlan(home, plan)
      keepConfig(home, 'pair/one/seed-1', tinyConfig('pair', { seed: 1 }))
      const { findings, experiments } = await examineRun(home, 'pair')
      assert.deepEqual([findings, experiments], [[], { all: 4, begun: 1, done: 0 }])

      const strays = ['third', 'one/seed-9', 'one/seed-1/notes.txt', 'other/seed-2/metrics/step-1.json']
      const places = strays.map(path => join(runFolder(home, 'pair'), path))
      for (const place of places) mkdirSync(place, { recursive: true })
      assert.deepEqual((await examineRun(home, 'pair')).findings.map(({ place }) => place).sort(), places.sort())
    } finally {
      rmSync(home, { recursive: true, force: true })
    }
  })
})

describe('a call that is wrong', () => {
  it('has exit status 2: an invalid name, and one that no run has', async () => {
    const outside = await callHere('verify', '../elsewhere', '--home', whole)
    assert.equal(outside.status, 2)
    const unknown = await callHere('verify', 'sond', '--home', whole)
    assert.equal(unknown.status, 2)
    assert.match(unknown.err, /did you mean sound\?/)
    assert.ok(existsSync(whole))
  })

  it('has exit status 1 where the plan itself is damaged', async () => {
    await inACopy(async () => {
      appendFileSync(join(folder, 'plan.json'), ' ')
      const { status, err } = await callHere('verify', 'sound', '--home', home)
      assert.equal(status, 1)
      assert.match(err, /plan\.json: the file is not what was written/)
    })
  })
})

it('steps are told as ranges', () => {
  assert.equal(ranges([9, 3, 5, 6, 7]), '3, 5-7, 9')
  assert.equal(ranges([4]), '4')
})
