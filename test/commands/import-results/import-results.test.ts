/**
 * `rlev import-results`: the responses of a sweep of our own, exported, answered and imported as if another trainer had made them, give the
 * numbers of that sweep; and what is not a whole evaluation is refused with its place.
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { gpuActivities } from '../../../activities/gpu-activities.js'
import { readReferences } from '../../../activities/store/references.js'
import { readOutcomes } from '../../../activities/store/runs/outcomes.js'
import { readProvenance } from '../../../activities/store/runs/provenance.js'
import { experimentPaths, runFolder } from '../../../activities/store/runs/run-folder.js'
import { experimentsOf, readPlan } from '../../../activities/store/runs/runs.js'
import { readAnswers } from '../../../activities/store/stored-answers.js'
import { PolicyCache } from '../../../activities/training/policy-cache.js'
import type { StageOutputs } from '../../../activities/training/training.js'
import { workplace } from '../../../activities/workplace.js'
import { cancel } from '../../../commands/cancel.js'
import { writeCheckpoints } from '../../../commands/checkpoint/checkpoint.js'
import { clone } from '../../../commands/clone/clone.js'
import { exportData } from '../../../commands/export/export.js'
import { extend } from '../../../commands/extend.js'
import { type ImportResultsOptions, importResults } from '../../../commands/import-results/import-results.js'
import { launch } from '../../../commands/launch.js'
import { resume } from '../../../commands/resume.js'
import { lookAt } from '../../../commands/runs/with-run.js'
import { openHome } from '../../../commands/services/home.js'
import { projectFolder } from '../../../commands/services/project.js'
import { examineRun } from '../../../commands/verify/examine.js'
import { compareArms } from '../../../pipelines/comparison/compare-arms.js'
import { evaluationSteps } from '../../../pipelines/config/due-steps.js'
import { loadPlan } from '../../../pipelines/config/load.js'
import { RlevError } from '../../../pipelines/errors.js'
import { answersBy, runPlan } from '../../activities/driver.js'
import { tinyKeys } from '../../workflows/tiny.js'
import { callHere } from '../call-here.js'

type Row = Record<string, unknown>

const root = mkdtempSync(join(tmpdir(), 'rlev-import-'))
const config = join(root, 'exam.yaml')
const ours = join(root, 'ours')
const rows: Row[] = []
/** The numbers of the sweep itself. */
let own: Record<string, unknown>
const log = console.log

before(async () => {
  const keys = tinyKeys({
    data: { testItemsPerSection: 16 },
    // Long enough for right answers in either arm.
    warmStart: { steps: 100 },
    rollout: { prompts: 8 },
    update: { learningRate: 2e-2 },
    evaluation: { every: 3, samples: 2, chunk: 64 },
  })
  const arms = {
    correctness: { reward: { scale: 'correctness' } },
    'human-aligned': { update: { learningRate: 5e-2 } },
  }
  // JSON is YAML.
  writeFileSync(
    config,
    JSON.stringify({ name: 'exam', ...keys, sweep: { baseline: 'correctness', seeds: [1, 2], arms } }),
  )
  const place = workplace(ours)
  const plan = loadPlan({ path: config })
  await runPlan(place, plan)
  console.log = () => {}
  await exportData({ config, to: 'trl', out: join(root, 'exported'), home: ours })
  console.log = log
  const policies = new PolicyCache(place.store)
  for (const { id, arm, seed, config } of experimentsOf(plan)) {
    const exported = readFileSync(join(root, 'exported', arm, 'test.jsonl'), 'utf8')
      .trim()
      .split('\n')
    const ids = exported.map(line => (JSON.parse(line) as { id: string }).id)
    const stages = Object.fromEntries(readReferences(runFolder(ours, id))) as unknown as StageOutputs
    for (const step of evaluationSteps(config)) {
      const ref = await answersBy(gpuActivities(place, policies), { run: id, stages, step })
      const answers = new Map(readAnswers(place.store, ref).map(one => [one.itemId, one]))
      const said = ({ text, length, finish }: { text: string; length: number; finish: string }) => ({
        text,
        length,
        finish,
      })
      // Not in the order of the items.
      for (const item of ids.toReversed()) {
        const own = answers.get(item)
        assert.ok(own !== undefined, item)
        rows.push({ id: item, arm, seed, step, response: said(own.greedy), responses: own.samples.map(said) })
      }
    }
  }
  await policies.dispose()
  own = comparisonIn(ours, 'exam')
})
after(() => rmSync(root, { recursive: true, force: true }))

function file(name: string, content: readonly Row[]): string {
  mkdirSync(join(root, 'files'), { recursive: true })
  const path = join(root, 'files', name)
  writeFileSync(path, content.map(row => `${JSON.stringify(row)}\n`).join(''))
  return path
}

const homeOf = (name: string) => join(root, 'homes', name)
const inHome =
  (name: string) =>
  (...words: string[]) =>
    callHere(...words, '--home', homeOf(name))
const trainer = 'TRL 1.16 GRPOTrainer'

/** What the call prints. */
async function imported(home: string, files: readonly string[], options: Partial<ImportResultsOptions> = {}) {
  const lines: string[] = []
  console.log = line => lines.push(String(line))
  try {
    await importResults({ config, files, trainer, home: homeOf(home), ...options })
  } finally {
    console.log = log
  }
  return lines.join('\n')
}

async function refused(work: () => Promise<unknown>, pattern: RegExp): Promise<void> {
  await assert.rejects(work, error => {
    assert.ok(error instanceof RlevError, String(error))
    assert.match(error.message, pattern)
    return true
  })
}

/** Without what only a trainer of ours measures. */
function comparisonIn(home: string, name: string) {
  const {
    notes: _notes,
    arms,
    ...comparison
  } = compareArms({
    plan: readPlan(home, name),
    outcomes: readOutcomes(home, name),
  })
  return JSON.parse(
    JSON.stringify({ ...comparison, arms: arms.map(({ transmission: _transmission, ...arm }) => arm) }),
  ) as Record<string, unknown>
}

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

test('what is not a whole evaluation of the config is refused by place, and nothing is written', async () => {
  const first = rows.filter(row => row['arm'] === 'correctness' && row['seed'] === 1)
  const refuses = async (name: string, content: readonly Row[], pattern: RegExp, options = {}) => {
    await refused(() => imported('refused', [file(name, content)], options), pattern)
    assert.ok(!existsSync(join(homeOf('refused'), 'runs')), 'nothing is written')
  }
  const changed = (index: number, change: Row) => first.map((row, at) => (at === index ? { ...row, ...change } : row))
  const last = first.length + 1
  await refuses('short.jsonl', first.slice(1), /correctness seed 1 step 0: 1 item without a row: /)
  await refuses(
    'twice.jsonl',
    [...first, first[0] as Row],
    new RegExp(`1 item with two rows: \\S+ \\(twice\\.jsonl row 1, twice\\.jsonl row ${last}\\)`),
  )
  await refuses(
    'foreign.jsonl',
    changed(0, { id: 'nobody' }),
    /1 item that the test set does not have: nobody \(foreign\.jsonl row 1\)/,
  )
  await refuses(
    'arm.jsonl',
    changed(1, { arm: 'human-alligned' }),
    /arm\.jsonl row 2: the config has no arm human-alligned, .* did you mean human-aligned\?/,
  )
  await refuses(
    'seed.jsonl',
    changed(1, { seed: 7 }),
    /seed\.jsonl row 2: the config has no seed 7, its seeds are 1, 2; --set 'sweep\.seeds=/,
  )
  await refuses('step.jsonl', changed(1, { step: 4 }), /the config has no evaluation at step 4, but at 0, 3, 6; --set/)
  await refuses('option.jsonl', first, /the arm is correctness, and --arm says human-aligned/, { arm: 'human-aligned' })
  await refuses(
    'armless.jsonl',
    changed(first.length - 1, { arm: null }),
    /no arm \(correctness, human-aligned\); only the evaluation before training/,
  )
  await refuses(
    'samples.jsonl',
    changed(2, { responses: [] }),
    /1 item without the 2 sampled responses that evaluation\.samples expects: \S+ with 0 \(samples\.jsonl row 3\)/,
  )
  await refuses(
    'greedy.jsonl',
    changed(2, { response: null }),
    /1 of \d+ rows have no greedy response\n.*expected: a greedy response \(response\) in every row, or in none/,
  )
  await refuses(
    'finish.jsonl',
    changed(2, { response: { text: 'a', finish: 'eos' } }),
    /finish of the response is text "eos"; stop, or length/,
  )
  await refuses('nothing.jsonl', changed(2, { response: null, responses: null }), /nothing\.jsonl row 3: no response/)
  await refuses(
    'length.jsonl',
    changed(2, { response: { text: 'a', length: 1.5 } }),
    /length is number 1\.5; a whole number/,
  )
  await refuses('empty.jsonl', [], /the files have no rows/)
  await refuses('early.jsonl', first, /with evaluation\.earlyStop it is not known which evaluations/, {
    set: ['evaluation.earlyStop={metric: acc, patience: 2}'],
  })
  const cli = await inHome('refused')(
    'import-results',
    config,
    file('short.jsonl', first.slice(1)),
    '--trainer',
    trainer,
  )
  assert.equal(cli.status, 2)
})

test('other responses, another trainer and runs of our own are not mixed into an import', async () => {
  const first = rows.filter(row => row['arm'] === 'correctness' && row['seed'] === 1)
  const files = [file('first.jsonl', first)]
  await imported('mixed', files)
  const others = first.map(row => ({ ...row, response: { text: 'no', length: 1, finish: 'stop' } }))
  await refused(
    () => imported('mixed', [file('others.jsonl', others)]),
    /exam\/correctness\/seed-1 step 0: other responses were imported of this evaluation/,
  )
  await refused(
    () => imported('mixed', files, { trainer: 'verl' }),
    /trained by another trainer\n {2}expected: TRL 1\.16 GRPOTrainer\n {2}found: {4}verl/,
  )
  await refused(
    () => imported('mixed', files, { set: ['reward.alpha=3'] }),
    /the run exam was started with another config/,
  )
  await refused(() => imported('mixed', files, { home: ours }), /exam is a run that this home trains/)
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
