import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { type LaunchOptions, launch } from '../../commands/launch.js'
import { exitStatusOf, failureText } from '../../commands/program/failure.js'
import { type Called, call } from './call.js'
import { callHere } from './call-here.js'

const folder = mkdtempSync(join(tmpdir(), 'rlev-config-'))
const home = join(folder, 'home')
after(() => rmSync(folder, { recursive: true, force: true }))

function configFile(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

const sweepOfGrpo = `
name: grpo
estimator: { name: grpo }
sweep:
  baseline: correctness
  seeds: [1, 2]
  arms:
    correctness: { reward: { scale: correctness } }
    human-aligned: { reward: { scale: human-aligned } }
`

const wrong: readonly { title: string; call: LaunchOptions; says: readonly RegExp[] }[] = [
  {
    title: 'a misspelt key is named with its line and the key that was meant',
    call: { kind: 'run', config: configFile('key.yaml', 'name: key\nreward:\n  alhpa: 10\n') },
    says: [/key\.yaml:3:3/, /alhpa/, /\balpha\b/],
  },
  {
    title: 'a negative alpha is named with its line, what was expected and what was found',
    call: {
      kind: 'run',
      config: configFile('alpha.yaml', 'name: alpha\nreward:\n  scale: human-aligned\n  alpha: -2\n'),
    },
    says: [/alpha\.yaml:4:10/, /reward\.alpha/, /-2/, /expected/],
  },
  {
    title: 'a missing data file is named with its line and its path',
    call: {
      kind: 'run',
      config: configFile('data.yaml', 'name: data\ndata:\n  source: file\n  train: ./absent.jsonl\n'),
    },
    says: [/data\.yaml:4:10/, /absent\.jsonl/, /to do/],
  },
  {
    title: 'GRPO with group deviation cancels a human-aligned scale: refused with the ways out',
    call: {
      kind: 'run',
      config: configFile('grpo.yaml', 'name: grpo\nestimator:\n  name: grpo\nreward:\n  scale: human-aligned\n'),
    },
    says: [/grpo\.yaml/, /grpo/, /human-aligned/, /to do/],
  },
  {
    title: 'the same is found in an arm of a sweep',
    call: { kind: 'sweep', config: configFile('grpo-sweep.yaml', sweepOfGrpo) },
    says: [/grpo-sweep\.yaml/, /human-aligned/, /grpo/],
  },
  {
    title: 'a file that is not there is named',
    call: { kind: 'run', config: join(folder, 'absent.yaml') },
    says: [/absent\.yaml/],
  },
  {
    title: 'an override that no key has is refused like one in the file',
    call: { kind: 'run', config: configFile('set.yaml', 'name: set\n'), set: ['update.learningRat=1'] },
    says: [/learningRat\b/, /learningRate/],
  },
  {
    title: 'an override without a value is refused',
    call: { kind: 'run', config: configFile('equals.yaml', 'name: equals\n'), set: ['steps'] },
    says: [/--set/, /path=value/],
  },
  {
    title: 'a name that cannot be a folder is refused',
    call: { kind: 'run', config: configFile('name.yaml', 'name: fine\n'), name: '../elsewhere' },
    says: [/elsewhere/],
  },
  {
    title: 'run refuses a sweep and says which command takes it',
    call: { kind: 'run', config: configFile('sweep.yaml', sweepOfGrpo.replace('grpo }', 'rloo }')) },
    says: [/sweep\.yaml/, /a sweep/, /rlev sweep /],
  },
  {
    title: 'sweep refuses a single experiment and says which command takes it',
    call: { kind: 'sweep', config: configFile('single.yaml', 'name: single\n') },
    says: [/single\.yaml/, /one experiment/, /rlev run /],
  },
]

/** The fastest of three: the promise is about the command, not about what else the machine is doing. */
async function timed(words: readonly string[]): Promise<Called> {
  const calls: Called[] = []
  while (calls.length < 3 && !calls.some(({ milliseconds }) => milliseconds < 2_000)) calls.push(await call(...words))
  return calls.reduce((fastest, called) => (called.milliseconds < fastest.milliseconds ? called : fastest))
}

for (const { title, call: options, says } of wrong) {
  test(`${title}; exit 2, nothing started`, async () => {
    const error = await refusal({ ...options, home })
    assert.equal(exitStatusOf(error), 2)
    const text = failureText(error, { home, whole: false })
    for (const pattern of says) assert.match(text, pattern)
    assert.doesNotMatch(text, /^ {4}at /m)
    assert.ok(!existsSync(home))
  })
}

async function refusal(options: LaunchOptions): Promise<unknown> {
  try {
    await launch(options)
  } catch (error) {
    return error
  }
  return assert.fail('it was not refused')
}

// The preflight of a sweep is the longest way to a refusal.
for (const { kind, config } of [wrong[0], wrong[4]].flatMap(one => (one === undefined ? [] : [one.call]))) {
  test(`${kind} with a wrong config ends with 2 within two seconds, its message on standard error`, async () => {
    const { status, out, err, milliseconds } = await timed([kind, config, '--home', home])
    assert.equal(status, 2, err)
    assert.match(err, /to do:/)
    assert.equal(out, '')
    assert.ok(milliseconds < 2_000, `${milliseconds} ms`)
    assert.ok(!existsSync(home))
  })
}

test('every bad row of a data file is named before anything is started', async () => {
  const good = { prompt: '1+1=', answer: '2', points: 1, total: 10, exam: 'a', id: 'x' }
  const rows = Array.from({ length: 40 }, (_, index) => ({ ...good, id: `row-${index}`, exam: `exam-${index % 4}` }))
  const bad = new Map([
    [3, { ...good, points: 0 }],
    [17, { ...good, points: 'many' }],
    [30, { prompt: '1+1=', points: 1, total: 10 }],
  ])
  const lines = rows.map((row, index) => JSON.stringify(bad.get(index + 1) ?? row))
  configFile('rows.jsonl', `${lines.join('\n')}\n`)
  const config = configFile('rows.yaml', 'name: rows\ndata:\n  source: file\n  train: ./rows.jsonl\n')
  const { status, err } = await callHere('run', config, '--home', home)
  assert.equal(status, 2, err)
  for (const row of bad.keys()) assert.match(err, new RegExp(`row ${row}\\b`))
  assert.ok(!existsSync(home))
})

test('a sweep whose arms train nothing is refused, and an evaluation is planned without a preflight', async () => {
  const untrained = configFile('untrained.yaml', sweepOfGrpo.replace('grpo }', 'rloo }'))
  const refused = await callHere('plan', untrained, '--set', 'steps=0', '--home', home)
  assert.equal(refused.status, 2)
  assert.match(refused.err, /trains nothing[\s\S]*rlev evaluate/)
  const { status, out, err } = await callHere('plan', 'configs/smoke.yaml', '--set', 'steps=0', '--home', home)
  assert.equal(status, 0, err)
  assert.match(out, /^cost: 0 responses to train on/m)
  assert.ok(!existsSync(home))
})

test('plan shows arms, differences, preflight and cost, starts nothing, and says the same in JSON', async () => {
  const config = configFile('plan.yaml', sweepOfGrpo.replace('grpo }', 'rloo }'))
  const text = await callHere('plan', config, '--home', home)
  assert.equal(text.status, 0, text.err)
  assert.match(text.out, /2 arms x 2 seeds \(1, 2\) = 4 experiments/)
  assert.match(text.out, /^correctness +baseline$/m)
  assert.match(text.out, /^human-aligned .*reward\.scale "human-aligned", not "correctness"$/m)
  assert.match(text.out, /value transmission 1\.00/)
  assert.match(text.out, /^cost: .* responses to train on/m)
  const json = await callHere('plan', config, '--home', home, '--json')
  const outline = JSON.parse(json.out)
  assert.equal(outline.cost.experiments, 4)
  assert.deepEqual(outline.seeds, [1, 2])
  assert.deepEqual(outline.arms[1].differs, [{ path: 'reward.scale', a: 'correctness', b: 'human-aligned' }])
  assert.ok(!existsSync(home))
})
