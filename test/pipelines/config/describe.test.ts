import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { describeKeys } from '../../../pipelines/config/describe.js'
import { experimentSchema } from '../../../pipelines/config/schema.js'
import { configPage } from '../../../scripts/config-page.js'

const keys = describeKeys()

const mayBeAbsent = [
  ...['data.test', 'data.prompt.system', 'data.prompt.template', 'data.prompt.examples'],
  ...['reward.verifierDigest', 'reward.endpoint.keyVariable'],
  ...['kl.schedule', 'policy.warmStart', 'engine.threads'],
  ...['update.schedule', 'update.ppo', 'update.importanceCap', 'update.entropyCoefficient'],
  ...[
    'rollout.piece',
    'evaluation.piece',
    'evaluation.transfer',
    'sweep.smallestGain',
    'sweep.versus',
    'sweep.published',
  ],
]

test('every key has a sentence, and a default unless it must be given or may be absent', () => {
  for (const { path, sentence, default: preset, required, expected } of keys) {
    assert.match(sentence, /^[A-Za-z].*\.$/s, path)
    assert.notEqual(expected, '', path)
    const kind = ['data.source', 'policy.from', 'engine.kind'].includes(path)
    if (preset === undefined && !required && !kind)
      assert.ok(mayBeAbsent.includes(path) || path.startsWith('data.fields.'), path)
  }
})

test('a number has a unit, whichever it is', () => {
  const numbers = keys.filter(
    ({ expected, path }) => /\ba (?:whole )?number\b/.test(expected) && !/[sS]eeds?$/.test(path),
  )
  assert.ok(numbers.length > 30)
  assert.deepEqual(
    numbers.filter(({ unit }) => unit === undefined).map(({ path }) => path),
    [],
  )
})

test('the keys described are the keys of a config, with its defaults', () => {
  const config = experimentSchema.parse({ name: 'a' })
  const described = new Map(
    keys
      .filter(({ only }) => only === undefined || /synthetic|scratch|local/.test(only))
      .map(key => [key.path, key.default]),
  )
  const leaves = (value: object, prefix: string): [string, unknown][] =>
    Object.entries(value).flatMap(([key, inner]): [string, unknown][] =>
      typeof inner === 'object' && inner !== null && !Array.isArray(inner) && !described.has(`${prefix}${key}`)
        ? leaves(inner as object, `${prefix}${key}.`)
        : [[`${prefix}${key}`, inner]],
    )
  for (const [path, value] of leaves(config, '')) {
    assert.ok(described.has(path), path)
    if (!['name', 'data.source', 'policy.from'].includes(path)) assert.deepEqual(described.get(path), value, path)
  }
})

test('a map by names says what its values are', () => {
  const expected = (path: string) => keys.find(key => key.path === path)?.expected
  assert.equal(
    expected('reward.wrongCredit'),
    'a number of at least -1 and at most 0, or a map of names, each with a number of at least -1 and at most 0',
  )
  assert.match(expected('reward.partial') ?? '', /or a map of names, each with one of none, proportional, jee$/)
})

test('docs/config.md is what the schema says', () => {
  assert.equal(
    readFileSync('docs/config.md', 'utf8'),
    configPage(),
    'docs/config.md is out of date: npm run build && node dist/scripts/config-docs.js',
  )
})

test('loading a config brings in neither TensorFlow nor Temporal, and is done before a person notices', () => {
  const loader = fileURLToPath(new URL('../../../pipelines/config/load.js', import.meta.url))
  // Native addons and CommonJS packages, which both are, stand in the cache of require; the listing of ESM is the loader hook's.
  const script = `
    import { createRequire, register } from 'node:module'
    const hook = "export async function load(url, context, next) { console.log(url); return next(url, context) }"
    register('data:text/javascript,' + encodeURIComponent(hook))
    const { loadPlan } = await import(${JSON.stringify(loader)})
    loadPlan({ path: 'configs/quickstart.yaml' })
    console.log(Object.keys(createRequire(${JSON.stringify(loader)}).cache).join('\\n'))
    const { user, system } = process.cpuUsage()
    console.log('microseconds: ' + (user + system))
  `
  const loaded = execFileSync(process.execPath, ['--input-type=module', '--eval', script], { encoding: 'utf8' })
  const seconds = Number(/^microseconds: (\d+)$/m.exec(loaded)?.[1]) / 1e6
  assert.match(loaded, /pipelines\/config\/load\.js/)
  assert.match(loaded, /node_modules\/zod/)
  assert.doesNotMatch(loaded, /@tensorflow|@temporalio/)
  // Processor time, which other load hardly changes.
  assert.ok(seconds < 2, `${seconds} s`)
})
