import assert from 'node:assert/strict'
import { test } from 'node:test'
import { baselineOf } from '../../../pipelines/config/baselines.js'
import { configDifference } from '../../../pipelines/config/difference.js'
import { file, refusal, sweep } from './config-files.js'

const two = (rest: string, arms = 'plain: {reward: {scale: correctness}}, valued: {}') =>
  `name: two\n${rest}sweep:\n  baseline: plain\n  seeds: [1, 2]\n  arms: {${arms}}\n`

test('arms stand on the base and differ in the keys they name', () => {
  const plan = sweep(file('two.yaml', two('steps: 9\nreward: {alpha: 3}\n')))
  assert.equal(plan.name, 'two')
  const [plain, valued] = plan.arms
  assert.ok(plain !== undefined && valued !== undefined)
  assert.deepEqual(configDifference(plain.config, valued.config), [
    { path: 'reward.scale', a: 'correctness', b: 'human-aligned' },
  ])
  assert.deepEqual([valued.config.steps, valued.config.reward.alpha], [9, 3])
  assert.deepEqual(plan.warnings, [])
})

test('an arm without keys is the base as it is', () => {
  const content =
    'name: a\nsweep:\n  baseline: plain\n  seeds: [1, 2]\n  arms:\n    valued:\n    plain:\n      reward: {scale: correctness}\n'
  assert.deepEqual(
    sweep(file('empty-arm.yaml', content)).arms.map(({ config }) => config.reward.scale),
    ['human-aligned', 'correctness'],
  )
})

test('an error in an arm points to the arm, one in the base is told once', () => {
  const message = refusal(two('steps: -1\n', 'plain: {reward: {scale: correctness}}, valued: {reward: {alpha: -1}}'))
  const places = [...message.matchAll(/^config\.yaml:(\d+:\d+): (.*)$/gm)].map(([, place, what]) => `${place} ${what}`)
  assert.deepEqual(places, ['2:8 steps cannot be -1', '6:74 reward.alpha cannot be -1'])
})

test('two arms of one config are refused, placebo or not', () => {
  const message = refusal(
    'name: a\nsweep:\n  baseline: one\n  placebo: [other]\n  seeds: [1, 2]\n  arms:\n    one: {}\n    other: {reward: {alpha: 10}}\n',
  )
  assert.match(message, /^config\.yaml:8:5: the arms one and other have the same config/)
})

test('baseline and placebo name arms, and a misspelt one is told with the arm that was meant', () => {
  const message = refusal(
    'name: a\nsweep:\n  baseline: corectness\n  placebo: [unifrom, correctness]\n  seeds: [3, 3]\n  arms:\n    correctness: {reward: {scale: correctness}}\n    uniform: {reward: {scale: uniform}}\n',
  )
  assert.match(message, /config\.yaml:3:13: sweep\.baseline names no arm\n.*\n.*\n.*did you mean correctness\?/)
  assert.match(message, /config\.yaml:4:13: sweep\.placebo names no arm\n.*\n.*\n.*did you mean uniform\?/)
  assert.match(message, /config\.yaml:5:14: the seed 3 is given twice/)
})

test('an arm may have its own baseline, which is an arm and not compared itself', () => {
  const arms = 'a: {}, b: {steps: 2}, c: {steps: 3}, d: {steps: 4}'
  const versus = (pairs: string) =>
    `name: several\nsweep:\n  baseline: a\n  seeds: [1, 2]\n  arms: {${arms}}\n  versus: ${pairs}\n`
  const { settings } = sweep(file('versus.yaml', versus('{d: c}')))
  assert.deepEqual(
    ['a', 'b', 'c', 'd'].map(arm => baselineOf(settings, arm)),
    [null, 'a', null, 'c'],
  )
  assert.match(refusal(versus('{d: e}')), /config\.yaml:6:15: sweep\.versus names no arm/)
  assert.match(
    refusal(versus('{d: c, c: b}')),
    /config\.yaml:6:18: others are compared with c, so it cannot be compared itself/,
  )
  assert.match(refusal(versus('{a: c}')), /others are compared with a/)
  assert.match(refusal(versus('{d: c}\n  placebo: [c]')), /config\.yaml:7:13: the baseline c cannot be its own placebo/)
})

test('published figures are of arms, and belong to the file that gives the arms', () => {
  const published = '{source: a table, arms: {valued: {acc: 66.6, hAcc: 58.9}}}'
  const path = file('published.yaml', two('').replace('sweep:\n', `sweep:\n  published: ${published}\n`))
  assert.equal(sweep(path).settings.published?.arms['valued']?.hAcc, 58.9)
  assert.match(
    refusal(two('').replace('sweep:\n', `sweep:\n  published: ${published.replace('valued', 'value')}\n`)),
    /config\.yaml:3:46: sweep\.published names no arm\n.*\n.*\n.*did you mean valued\?/,
  )
})

test('a sweep with unknown keys, no arms or no seeds is refused', () => {
  assert.match(
    refusal('name: a\nsweep:\n  baselin: b\n  arms: {}\n'),
    /config\.yaml:3:3: unknown key sweep\.baselin[\s\S]*did you mean baseline\?/,
  )
  assert.match(
    refusal('name: a\nsweep:\n  baseline: b\n  seeds: []\n  arms: {b: {}}\n'),
    /config\.yaml:4:10: sweep\.seeds cannot be \[\]/,
  )
  assert.match(refusal('name: a\nsweep: {baseline: b, seeds: [1], arms: {}}\n'), /the sweep has no arms/)
  assert.match(
    refusal('name: a\nsweep: {baseline: b, seeds: [1], arms: {b: 3}}\n'),
    /config\.yaml:2:44: sweep\.arms\.b cannot be 3/,
  )
  assert.match(
    refusal('name: a\nsweep: {baseline: b, seeds: [1], arms: {"b/c": {}}}\n'),
    /config\.yaml:2:41: sweep\.arms\.b\/c is not a valid name/,
  )
})

test('an arm cannot set what the sweep sets', () => {
  const message = refusal(two('', 'plain: {seed: 4}, valued: {name: b}'))
  assert.match(message, /config\.yaml:5:18: an arm cannot set seed/)
  assert.match(message, /config\.yaml:5:37: an arm cannot set name/)
})

test('a file that names arms replaces those of the file it extends, and keeps the rest of the sweep', () => {
  file('arms.yaml', two('', 'plain: {reward: {scale: correctness}}, valued: {}, third: {reward: {alpha: 2}}'))
  const path = file(
    'fewer.yaml',
    'extends: arms.yaml\nname: fewer\nsweep:\n  arms: {plain: {reward: {scale: correctness}}, other: {reward: {alpha: 5}}}\n',
  )
  const plan = sweep(path)
  assert.deepEqual(
    plan.arms.map(({ name }) => name),
    ['plain', 'other'],
  )
  assert.deepEqual(plan.settings.seeds, [1, 2])
})

test('the seed given at the call is the only seed of a sweep', () => {
  assert.deepEqual(sweep(file('seed.yaml', two('')), { seed: 5 }).settings.seeds, [5])
})

test('what a reader of the results must know is warned about', () => {
  const one = sweep(file('one-seed.yaml', two('seed: 4\n').replace('[1, 2]', '[1]')))
  assert.match(one.warnings.join('\n'), /one-seed\.yaml:2:7: seed has no effect/)
  assert.match(one.warnings.join('\n'), /one seed gives no interval/)
  const apart = sweep(file('apart.yaml', two('', 'plain: {reward: {scale: correctness}}, valued: {data: {exam: nc}}')))
  assert.match(apart.warnings.join('\n'), /valued and plain are tested differently \(data\.exam\)/)
})

test('an expected endpoint without sampled responses is refused', () => {
  assert.match(refusal(two('evaluation: {samples: 0}\n')), /the endpoint expected-h-acc-curve needs sampled responses/)
})

test('a key without effect is warned about where an arm names it, not where it comes from the base', () => {
  const named = sweep(file('named.yaml', two('', 'plain: {reward: {scale: correctness, alpha: 3}}, valued: {}')))
  assert.match(named.warnings.join('\n'), /reward\.alpha has no effect: .* \(arm plain\)/)
  assert.deepEqual(sweep(file('inherited.yaml', two('reward: {alpha: 3}\n'))).warnings, [])
  const nowhere = sweep(file('nowhere.yaml', two('update: {optimizer: sgd, betas: [0.9, 0.9]}\n')))
  assert.match(
    nowhere.warnings.join('\n'),
    /^[^\n]*nowhere\.yaml:2:33: update\.betas has no effect: sgd has no moments$/,
  )
})

test('a sweep that is too large is refused with the numbers that fit', () => {
  const arms = Array.from({ length: 60 }, (_, arm) => `    a${arm}: {steps: ${arm + 1}}\n`).join('')
  const seeds = Array.from({ length: 100 }, (_, seed) => seed).join()
  const message = refusal(`name: a\nsweep:\n  baseline: a0\n  seeds: [${seeds}]\n  arms:\n${arms}`)
  assert.match(message, /the sweep is too large/)
  assert.match(message, /at most 5000 experiments[\s\S]*60 arms x 100 seeds/)
  assert.match(message, /83 seeds fit with these arms, 50 arms fit with these seeds/)
})
