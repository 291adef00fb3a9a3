/**
 * `rlev import-results`: the responses of a sweep of our own, exported, answered and imported as if another trainer had made them, give the
 * numbers of that sweep.
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { before, test } from 'node:test'
import { readOutcomes } from '../../../activities/store/runs/outcomes.js'
import { readProvenance } from '../../../activities/store/runs/provenance.js'
import { experimentPaths, runFolder } from '../../../activities/store/runs/run-folder.js'
import { readPlan } from '../../../activities/store/runs/runs.js'
import { cancel } from '../../../commands/cancel.js'
import { writeCheckpoints } from '../../../commands/checkpoint/checkpoint.js'
import { clone } from '../../../commands/clone/clone.js'
import { extend } from '../../../commands/extend.js'
import { launch } from '../../../commands/launch.js'
import { resume } from '../../../commands/resume.js'
import { lookAt } from '../../../commands/runs/with-run.js'
import { openHome } from '../../../commands/services/home.js'
import { projectFolder } from '../../../commands/services/project.js'
import { examineRun } from '../../../commands/verify/examine.js'
import { compareArms } from '../../../pipelines/comparison/compare-arms.js'
import { callHere } from '../call-here.js'
import {
  comparisonIn,
  config,
  file,
  homeOf,
  imported,
  inHome,
  makeSweep,
  ours,
  own,
  type Row,
  refused,
  root,
  rows,
  trainer,
} from './own-sweep.js'

before(makeSweep)

test('responses of our own policies, imported, give exactly the numbers of the sweep that made them', async () => {
  const rlev = inHome('whole')
  const { status, out, err } = await rlev('import-results', config, file('all.jsonl', rows), '--trainer', trainer)
  assert.equal(status, 0, err)
  assert.match(out, /^correctness seed 1: imported steps 0, 3, 6$/m)
  assert.match(out, /^exam is complete\. Report: /m)

  assert.deepEqual(comparisonIn(homeOf('whole'), 'exam'), own)
  const arms = own['arms'] as { endpointDifference: { mean: number } | null; figures: { endpoint: { mean: number } } }[]
  const [baseline, aligned] = arms.map(({ figures }) => figures.endpoint.mean)
  assert.ok(Number(baseline) > 0 && Number(aligned) > 0, `${baseline} ${aligned}`)
  const evaluations = (home: string) =>
    readOutcomes(home, 'exam').map(outcome => outcome.evaluations.map(({ eos: _eos, ...evaluation }) => evaluation))
  assert.deepEqual(evaluations(homeOf('whole')), evaluations(ours))
  const [firstArm, secondArm] = evaluations(ours)
  assert.notDeepEqual(firstArm, secondArm, 'the arms came to different policies')
  const items = (home: string) => readOutcomes(home, 'exam').map(outcome => outcome.items)
  assert.deepEqual(items(homeOf('whole')), items(ours))

  const compared = await rlev('compare', 'exam')
  assert.match(compared.out.replaceAll(/\s+/g, ' '), /exam was trained elsewhere by TRL 1\.16 GRPOTrainer/)
  assert.match((await rlev('status', 'exam')).out, /trained elsewhere by TRL 1\.16 GRPOTrainer/)
  assert.match((await rlev('list')).out, /exam +sweep +done +6\/6 +2 +4\/4/)
  const verified = await rlev('verify', 'exam')
  assert.equal(verified.status, 0, verified.out)
  const report = join(homeOf('whole'), 'runs', 'exam', 'report')
  const text = readFileSync(join(report, 'report.html'), 'utf8')
  assert.match(text, /exam was trained elsewhere by TRL 1\.16 GRPOTrainer: its responses were imported/)
  assert.equal(readdirSync(join(report, 'responses')).length, 4)
  assert.equal(readProvenance(homeOf('whole'), 'exam')?.engine, 'trained elsewhere by TRL 1.16 GRPOTrainer')
})

test('the same call again changes nothing, and a run that was trained elsewhere is not trained here', async () => {
  const home = homeOf('whole')
  const path = experimentPaths.evaluation(runFolder(home, 'exam/correctness/seed-1'), 3)
  const bytes = readFileSync(path)
  const all = [file('all.jsonl', rows)]
  assert.match(await imported('whole', all), /^correctness seed 1: steps 0, 3, 6 were there$/m)
  assert.deepEqual(readFileSync(path), bytes)

  const nothing = /exam was trained elsewhere, so there is nothing here to /
  await refused(() => launch({ kind: 'sweep', config, home, set: ['sweep.seeds=[1,2,3]'] }), nothing)
  await refused(() => extend({ home, name: 'exam', steps: 9 }), nothing)
  await refused(() => clone({ home, name: 'exam/correctness/seed-1', newName: 'other' }), nothing)
  await refused(() => writeCheckpoints({ home, name: 'exam', folder: join(root, 'out') }), nothing)
  await refused(() => cancel({ home, name: 'exam' }), /there is nothing here at work/)
  const { status, out } = await callHere('resume', 'exam', '--home', home)
  assert.deepEqual([status, out], [0, 'nothing to do: exam is done\n'])
  assert.ok(!existsSync(join(home, 'services.json')), 'nothing was started')

  writeFileSync(path, 'hurt')
  assert.ok((await examineRun(home, 'exam')).findings.length > 0)
  await imported('whole', all)
  rmSync(`${path}.damaged-1`)
  assert.deepEqual((await examineRun(home, 'exam')).findings, [])
  assert.deepEqual(comparisonIn(home, 'exam'), own)

  const deleted = await callHere('delete', 'exam', '--yes', '--home', home)
  assert.equal(deleted.status, 0, deleted.err)
  assert.ok(!existsSync(runFolder(home, 'exam')))
})

test('an arm, a seed and a step at a time come to the same run, which says what it lacks', async () => {
  const home = homeOf('parts')
  const part = (arm: string, seed: number, step: number) =>
    rows
      .filter(row => row['arm'] === arm && row['seed'] === seed && row['step'] === step)
      .map(({ arm: _arm, seed: _seed, step: _step, ...row }) => row)
  for (const arm of ['correctness', 'human-aligned']) {
    for (const seed of [1, 2]) {
      for (const step of [0, 3, 6]) {
        const at = step === 6 ? {} : { step }
        const told = await imported('parts', [file('part.jsonl', part(arm, seed, step))], { arm, seed, ...at })
        if (step === 0)
          assert.match(told, new RegExp(`^${arm} seed ${seed}: imported step 0; steps 3, 6 are missing$`, 'm'))
      }
      if (arm === 'human-aligned' || seed === 2) continue
      const view = await lookAt(openHome(home), 'exam')
      assert.equal(view.state, 'stopped')
      assert.ok(view.notes.some(note => note.includes('Responses are missing: `rlev import-results` takes them')))
      assert.equal((comparisonIn(home, 'exam')['missing'] as unknown[]).length, 3)
      await refused(() => resume({ home, name: 'exam' }), /nothing here to go on with/)
    }
  }
  assert.deepEqual(comparisonIn(home, 'exam'), own)
})

test('an import that is killed at its writes is completed by the same call', async () => {
  const path = file('all.jsonl', rows)
  for (const point of ['file.named:2', 'values.before:2', 'evaluation.items:3']) {
    const name = `killed-${point.replace(':', '-')}`
    const home = homeOf(name)
    const words = ['import-results', config, path, '--trainer', trainer, '--home', home]
    const killed = spawnSync(process.execPath, [join(projectFolder, 'dist', 'commands', 'main.js'), ...words], {
      env: { ...process.env, RLEV_FAILPOINT: `${point}:kill` },
      encoding: 'utf8',
    })
    assert.equal(killed.signal, 'SIGKILL', `${point}: ${killed.stderr}`)
    await imported(name, [path])
    assert.deepEqual(comparisonIn(home, 'exam'), own, point)
    const { findings } = await examineRun(home, 'exam')
    // What a crash left unfinished is for `doctor`.
    assert.deepEqual(
      findings.filter(({ remedy }) => !remedy.includes('rlev doctor')),
      [],
      point,
    )
  }
})

test('sampled responses without greedy ones, lengths by the tokenizer, one base for all, a seed more', async () => {
  const bare = rows.map(
    ({ response: _response, ...row }): Row => ({
      ...row,
      responses: (row['responses'] as Row[]).map(({ text, finish }) => (finish === 'length' ? { text, finish } : text)),
    }),
  )
  const base = bare
    .filter(row => row['arm'] === 'correctness' && row['seed'] === 1 && row['step'] === 0)
    .map(({ arm: _arm, seed: _seed, ...row }) => row)
  const later = bare.filter(row => row['step'] !== 0)
  const files = [file('base.jsonl', base), file('later.jsonl', later)]
  assert.match(await imported('sampled', files), /exam is complete/)
  const ofSweep = readOutcomes(ours, 'exam')
  const expectedOf = (outcomes: typeof ofSweep) =>
    outcomes.map(({ evaluations }) => evaluations.map(({ expected }) => expected))
  const [firstBase] = expectedOf(ofSweep)[0] ?? []
  assert.deepEqual(
    expectedOf(readOutcomes(homeOf('sampled'), 'exam')),
    expectedOf(ofSweep).map(([, ...curve]) => [firstBase, ...curve]),
  )
  const { notes } = compareArms({
    plan: readPlan(homeOf('sampled'), 'exam'),
    outcomes: readOutcomes(homeOf('sampled'), 'exam'),
  })
  assert.ok(
    notes.includes(
      'exam has no greedy responses: its greedy columns are those of the first sampled response of each item.',
    ),
  )

  const greedy = { name: 'greedy', set: ['sweep.endpoint=h-acc-curve'] }
  await refused(() => imported('sampled', files, greedy), /and the endpoint h-acc-curve is of greedy ones/)

  const set = { set: ['sweep.seeds=[1,2,3]'] }
  const third = later.filter(row => row['seed'] === 2).map(row => ({ ...row, seed: 3 }))
  assert.match(
    await imported('sampled', [file('base.jsonl', base), file('third.jsonl', third)], set),
    /^human-aligned seed 3: imported steps 0, 3, 6$/m,
  )
  assert.equal(readOutcomes(homeOf('sampled'), 'exam').filter(({ state }) => state === 'done').length, 6)
})
