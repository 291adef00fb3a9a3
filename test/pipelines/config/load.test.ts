import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { test } from 'node:test'
import { hubKey } from '../../../pipelines/config/hub-names.js'
import { knownNames, knownText } from '../../../pipelines/config/known-models.js'
import { loadPlan } from '../../../pipelines/config/load.js'
import { experimentSchema } from '../../../pipelines/config/schema.js'
import { experiment, file, folder, refusal, refusalOf, sweep } from './config-files.js'

test('a file with a name alone is an experiment of defaults', () => {
  const plan = experiment(file('least.yaml', 'name: least\n'))
  assert.equal(plan.name, 'least')
  assert.deepEqual(plan.config, experimentSchema.parse({ name: 'least' }))
  assert.deepEqual(plan.warnings, [])
})

test('a plan is frozen through and through', () => {
  const plan = experiment(file('frozen.yaml', 'name: frozen\n'))
  assert.throws(() => Object.assign(plan.config.reward, { alpha: 1 }), TypeError)
  assert.throws(() => Object.assign(plan.config.warmStart.sectionShares, { 0: 9 }), TypeError)
})

test('a misspelt key is told with its line and column, the key that was meant and those there are', () => {
  const message = refusal('name: a\nreward:\n  scale: human-aligned\n  alhpa: 3\n')
  assert.match(message, /^config\.yaml:4:3: unknown key reward\.alhpa\n/)
  assert.match(message, /did you mean alpha\?/)
  assert.match(message, /expected: one of scale, alpha, cap/)
})

test('a key in the wrong section is told where it belongs', () => {
  assert.match(refusal('name: a\nalpha: 3\n'), /config\.yaml:2:1: unknown key alpha[\s\S]*did you mean reward\.alpha\?/)
})

test('a key that rlev does not have is not taken for one of another section', () => {
  for (const key of ['update.folds', 'reward.folds', 'rollout.labelled']) {
    const [section, name] = key.split('.')
    const message = refusal(`name: a\n${section}: {${name}: 3}\n`)
    assert.match(message, new RegExp(`unknown key ${key}[\\s\\S]*to do: {4}remove it: rlev has no option ${key} `))
    assert.doesNotMatch(message, /did you mean/)
  }
})

test('a compound key in the wrong section is told where it belongs, and so is one a level too high', () => {
  const meant = (content: string) => /did you mean (.*)\?/.exec(refusal(`name: a\n${content}\n`))?.[1]
  assert.equal(meant('evaluation: {maxTokens: 9}'), 'rollout.maxTokens')
  assert.equal(meant('rollout: {learningRate: 9}'), 'warmStart.learningRate or update.learningRate')
  assert.equal(meant('learningRate: 9'), 'warmStart.learningRate or update.learningRate')
  assert.equal(meant('update: {rank: 9}'), 'update.adapter.rank')
  assert.equal(meant('update: {warmup: 9}'), 'update.schedule.warmup')
})

test('a negative alpha is told with the place of its value, what is expected and what to do', () => {
  const message = refusal('name: a\nreward:\n  alpha: -1\n')
  assert.equal(
    message,
    [
      'config.yaml:3:10: reward.alpha cannot be -1',
      '  expected: a number above 0',
      '  found:    -1',
      '  to do:    set it as expected, or leave it out for the default 10',
    ].join('\n'),
  )
})

test('a missing data file is told with the place of the key that names it', () => {
  const message = refusal('name: a\ndata:\n  train: absent.jsonl\n')
  assert.match(message, /^config\.yaml:3:10: the data file of data\.train is missing/)
  assert.match(message, /found: {4}absent\.jsonl, which is not there/)
})

test('a missing key is told with the section that lacks it', () => {
  assert.match(refusal('steps: 3\n'), /^config\.yaml:1:1: name is missing/)
  assert.match(refusal('name: a\ndata:\n  source: file\n'), /^config\.yaml:3:3: data\.train is missing/)
})

test('everything wrong with a file is told at once, in the order of its lines', () => {
  const message = refusal(
    [
      'name: a b',
      'steps: 1.5',
      'seed: -1',
      'data: {exam: v8, soruce: synthetic}',
      'reward: {scale: humna-aligned, cap: high}',
      'update: {betas: [0.9], learningRate: .nan}',
      'warmStart: {workingShares: [0.1, 2, 0.3, 0.4]}',
      'kl: null',
      'estimator: [rloo]',
      'bogus: true',
    ].join('\n'),
  )
  const places = [...message.matchAll(/^config\.yaml:(\d+:\d+): (.*)$/gm)].map(([, place, what]) => `${place} ${what}`)
  assert.deepEqual(places, [
    '1:7 name cannot be "a b"',
    '2:8 steps cannot be 1.5',
    '3:7 seed cannot be -1',
    '4:14 data.exam cannot be "v8"',
    '4:18 unknown key data.soruce',
    '5:17 reward.scale cannot be "humna-aligned"',
    '5:37 reward.cap cannot be "high"',
    '6:17 update.betas cannot be [0.9]',
    '6:38 update.learningRate cannot be NaN',
    '7:34 warmStart.workingShares.1 cannot be 2',
    '8:5 kl cannot be null',
    '9:12 estimator cannot be ["rloo"]',
    '10:1 unknown key bogus',
  ])
  assert.match(message, /^13 problems in the config/)
  assert.match(message, /did you mean human-aligned\?/)
})

test('an unknown kind of data is told with the kinds there are', () => {
  assert.match(
    refusal('name: a\ndata:\n  source: fille\n'),
    /config\.yaml:3:11: data\.source cannot be "fille"\n {2}expected: one of synthetic, file[\s\S]*did you mean file\?/,
  )
})

test('a file that asks for YAML 1.1 is refused: there 012 is 10, and y is true', () => {
  const message = refusal('%YAML 1.1\n---\nname: run1\nsteps: 012\n')
  assert.match(
    message,
    /^config\.yaml: the file asks for another YAML\n.*YAML 1\.2\n.*%YAML 1\.1\n.*remove the %YAML line/,
  )
  assert.equal(experiment(file('yaml12.yaml', '%YAML 1.2\n---\nname: run1\nsteps: 012\n')).config.steps, 12)
})

test('a merge key, a number with separators and one with another minus are refused, each by its own reason', () => {
  assert.match(refusal('name: a\nreward:\n  <<: {alpha: 3}\n'), /unknown key reward\.<<[\s\S]*no merge keys; `extends`/)
  assert.match(refusal('name: a\nsteps: 1_000\n'), /steps cannot be "1_000"[\s\S]*write 1000: with "_" \(U\+005F\)/)
  assert.match(
    refusal('name: a\nupdate: {learningRate: 1e\u22126}\n'),
    /learningRate cannot be "1e\u22126"[\s\S]*write 1e-6: with "\u2212" \(U\+2212\)/,
  )
  assert.match(refusal('name: a\nconstructor: 1\n'), /unknown key constructor[\s\S]*rlev has no option constructor/)
})

test('YAML that cannot be parsed and keys given twice are told with their places', () => {
  assert.match(refusal('name: a\nreward: {alpha: 1\n'), /^config\.yaml:\d+:\d+: /)
  assert.match(refusal('name: a\nreward:\n  alpha: 1\n  alpha: 2\n'), /^config\.yaml:4:3: the key is given twice/)
  assert.match(refusal('name: a\n---\nname: b\n'), /^config\.yaml:2:1: .*multiple documents/)
  assert.match(refusal('- name\n'), /^config\.yaml:1:1: the config is not a map/)
  assert.match(refusal(''), /name is missing/)
})

test('aliases work, and a bomb of them is refused at once', () => {
  const { config } = experiment(
    file('alias.yaml', 'name: a\nupdate: {learningRate: &rate 0.5}\nwarmStart: {learningRate: *rate}\n'),
  )
  assert.equal(config.warmStart.learningRate, 0.5)
  const levels = ['a: &l0 [x,x,x,x,x,x,x,x,x]']
  for (let level = 1; level < 12; level++) {
    levels.push(`${String.fromCharCode(97 + level)}: &l${level} [${new Array(9).fill(`*l${level - 1}`).join(',')}]`)
  }
  const started = process.hrtime.bigint()
  assert.match(refusal(levels.join('\n')), /config\.yaml:\d+:\d+: the aliases of the file expand to more than 100/)
  assert.ok(process.hrtime.bigint() - started < 2_000_000_000n)
  assert.match(refusal('name: &a [*a]\n'), /aliases of the file expand|Unresolved alias|nested too deep/)
})

test('keys that JavaScript knows are unknown keys like any other', () => {
  for (const key of ['constructor', 'toString', '__proto__']) {
    assert.match(refusal(`name: a\n${key}: {polluted: true}\n`), new RegExp(`config\\.yaml:2:1: unknown key ${key}`))
  }
  assert.equal(({} as Record<string, unknown>)['polluted'], undefined)
})

test('a file stands on the one it extends, key by key, and lists are replaced', () => {
  file('base/low.yaml', 'name: low\nsteps: 7\nreward: {alpha: 3, cap: 2}\nwarmStart: {sectionShares: [4, 3, 2, 1]}\n')
  file('base/middle.yaml', 'extends: low.yaml\nreward: {alpha: 4}\n')
  const path = file('top.yaml', 'extends: base/middle.yaml\nname: top\nwarmStart: {sectionShares: [1, 1, 1, 1]}\n')
  const { config, name } = experiment(path)
  assert.equal(name, 'top')
  assert.deepEqual([config.steps, config.reward.alpha, config.reward.cap], [7, 4, 2])
  assert.deepEqual(config.warmStart.sectionShares, [1, 1, 1, 1])
})

test('an error in an extended file points to that file', () => {
  file('wrong.yaml', 'name: wrong\nreward:\n  alpha: -3\n')
  assert.match(refusal('extends: wrong.yaml\nname: top\n'), /^wrong\.yaml:3:10: reward\.alpha cannot be -3/)
  assert.match(refusal('extends: wrong.yaml\nreward: {alpha: -4}\n'), /^config\.yaml:2:17: reward\.alpha cannot be -4/)
})

test('relative paths start at the file that names them', () => {
  file('sets/items.jsonl', '{}\n')
  file('sets/data.yaml', 'name: data\ndata: {train: items.jsonl}\n')
  const { config } = experiment(file('uses.yaml', 'extends: sets/data.yaml\nname: uses\n'))
  assert.equal(config.data.source === 'file' && config.data.train, join(folder, 'sets/items.jsonl'))
})

test('another kind of data replaces that of the extended file', () => {
  file('items.jsonl', '{}\n')
  file('synthetic.yaml', 'name: synthetic\ndata: {exam: nc, trainPapers: 3}\n')
  const { config } = experiment(file('other.yaml', 'extends: synthetic.yaml\ndata: {train: items.jsonl}\n'))
  assert.equal(config.data.source, 'file')
  const same = experiment(file('same.yaml', 'extends: synthetic.yaml\ndata: {source: synthetic, trainPapers: 4}\n'))
  assert.ok(same.config.data.source === 'synthetic')
  assert.deepEqual([same.config.data.exam, same.config.data.trainPapers], ['nc', 4])
})

test('files that extend each other, themselves or nothing are refused', () => {
  file('one.yaml', 'extends: two.yaml\nname: one\n')
  const two = file('two.yaml', 'name: two\nextends: one.yaml\n')
  assert.match(
    refusalOf(two),
    /^one\.yaml:1:10: the config extends itself\n.*two\.yaml extends one\.yaml extends two\.yaml/,
  )
  assert.match(refusal('extends: config.yaml\n'), /^config\.yaml:1:10: the config extends itself/)
  assert.match(refusal('extends: absent.yaml\n'), /^config\.yaml:1:10: there is no file absent\.yaml/)
  assert.match(refusal('extends: [a, b]\n'), /^config\.yaml:1:10: extends names no file/)
})

test('a file that is not there is told by its path', () => {
  assert.match(refusalOf(join(folder, 'absent.yaml')), /^absent\.yaml: the config cannot be read/)
})

test('overrides and the seed stand over the file, and a bad one is told as an override', () => {
  const path = file('override.yaml', 'name: override\nseed: 3\nreward: {alpha: 2}\n')
  const { config } = experiment(path, {
    seed: 9,
    overrides: { 'reward.alpha': 5, 'update.betas': [0.8, 0.9], name: 'other' },
  })
  assert.deepEqual([config.seed, config.reward.alpha, config.update.betas, config.name], [9, 5, [0.8, 0.9], 'other'])
  assert.match(
    refusalOf(path, { overrides: { 'reward.alpha': -5 } }),
    /^override reward\.alpha: reward\.alpha cannot be -5/,
  )
  assert.match(refusalOf(path, { overrides: { 'reward.alhpa': 5 } }), /^override reward\.alhpa: unknown key/)
})

test('sections given at the call stand in place of those of the file, and overrides over both', () => {
  file('rows.jsonl', '')
  const other = file('other.jsonl', '')
  const path = file(
    'replaced.yaml',
    'name: a\ndata: {train: rows.jsonl, test: rows.jsonl}\nsweep: {seeds: [1], arms: {}}\n',
  )
  const sections = { data: { train: other, testShare: 1 }, steps: 0, warmStart: { steps: 0 }, sweep: null }
  const { config } = experiment(path, { sections, overrides: { 'data.onBadRow': 'skip' } })
  assert.deepEqual(config.data, {
    source: 'file',
    train: other,
    testShare: 1,
    splitSeed: 99999,
    form: 'auto',
    onBadRow: 'skip',
  })
})

test('the configs of the project load without a warning that is not meant', () => {
  const paths = readdirSync('configs', { recursive: true, encoding: 'utf8' }).filter(path => path.endsWith('.yaml'))
  assert.ok(paths.includes('quickstart.yaml') && paths.includes(join('paper', 'table4.yaml')))
  // Known models are fetched before a config is read; here any checkpoint will do.
  const localPaths = new Map(
    knownNames.map(name => [hubKey({ text: knownText(name), use: 'model' }), resolve('test/fixtures/qwen2-tiny')]),
  )
  for (const path of paths) {
    // A checkpoint for `rlev evaluate` comes with the call, and so do the exams of others.
    const sections = path === 'evaluate.yaml' ? { policy: { path: resolve('test/fixtures/qwen2-tiny') }, steps: 0 } : {}
    const overrides = dirname(path) === 'exams' ? { 'data.train': resolve('test/fixtures/data/lines.jsonl') } : {}
    const plan = loadPlan({ path: join('configs', path), sections, overrides, localPaths })
    assert.equal(plan.name, basename(path, '.yaml'))
    // This study is about responses that are cut.
    const expected =
      path === join('studies', 'rollout-options.yaml') ? [/rollout\.maxTokens 10 cuts off responses/] : []
    assert.equal(plan.warnings.length, expected.length, `${path}: ${plan.warnings.join()}`)
    for (const [index, words] of expected.entries()) assert.match(plan.warnings[index] ?? '', words)
  }
  const { arms, settings } = sweep('configs/quickstart.yaml')
  assert.deepEqual(
    arms.map(({ name }) => name),
    ['correctness', 'human-aligned', 'shuffled', 'uniform'],
  )
  assert.deepEqual(settings, {
    baseline: 'correctness',
    placebo: ['uniform'],
    seeds: [1, 2, 3, 4, 5],
    concurrency: 3,
    onFailure: 'continue',
    endpoint: 'expected-h-acc-curve',
  })
})
