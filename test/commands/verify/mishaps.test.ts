/** `rlev verify` on a run of which something is wrong: every mishap is found at its place. */
import assert from 'node:assert/strict'
import { copyFileSync, cpSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { before, describe, it } from 'node:test'
import { experimentPaths } from '../../../activities/store/runs/run-folder.js'
import { seal } from '../../../activities/store/sealed.js'
import { examineRun } from '../../../commands/verify/examine.js'
import { callHere } from '../call-here.js'
import { checkpoint, extra, folder, gone, home, hurt, inACopy, makeRun, stored, unfinished } from './sound-run.js'

before(makeRun)

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
