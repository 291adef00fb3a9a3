/** Commands that read no policy fetch none: neither a known model nor one of the hub. Nothing can be fetched here. */
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { keepConfig } from '../../../activities/store/runs/runs.js'
import { chosenArms } from '../../../commands/arms/chosen.js'
import { type ExportOptions, exportData } from '../../../commands/export/export.js'
import { checkedPlan } from '../../../commands/plan/checked.js'
import { servedArm } from '../../../commands/serve/served-arm.js'
import { callHere } from '../call-here.js'

const root = mkdtempSync(join(tmpdir(), 'rlev-unread-'))
const cache = join(root, 'cache')
const home = join(root, 'home')
const offline: Record<string, string> = {
  RLEV_CACHE: cache,
  RLEV_PYTHON: '/bin/false',
  HF_ENDPOINT: 'http://127.0.0.1:9',
  HF_HOME: join(root, 'hub'),
}
const original = Object.keys(offline).map(name => [name, process.env[name]] as const)

before(() => {
  Object.assign(process.env, offline)
})
after(() => {
  for (const [name, value] of original) {
    if (value === undefined) delete process.env[name]
    else process.env[name] = value
  }
  rmSync(root, { recursive: true })
})

const items = (exam: string) =>
  [5, 20, 3].map((points, index) => ({ exam, prompt: `${exam} ${index}?`, answer: '7', points, total: 100 }))
const lines = (rows: readonly object[]) => rows.map(row => `${JSON.stringify(row)}\n`).join('')
writeFileSync(join(root, 'train.jsonl'), lines(items('first')))
writeFileSync(join(root, 'test.jsonl'), lines(items('second')))

/** Without what it prints. */
async function exported(options: ExportOptions): Promise<void> {
  const { log } = console
  console.log = () => {}
  try {
    await exportData(options)
  } finally {
    console.log = log
  }
}

let configs = 0
function configOf(keys: string): string {
  const path = join(root, `config-${configs++}.yaml`)
  writeFileSync(path, `name: unread\nreward: {verifier: numeric, answer: last-number, scale: human-aligned}\n${keys}\n`)
  return path
}

const data = 'data: {train: train.jsonl, test: test.jsonl}'
const policies = {
  'a known model': 'policy: {from: known, name: smollm2-135m-instruct}',
  'a known model by its path': 'policy: {path: "known:smollm2-135m-instruct"}',
  'a model of the hub': 'policy: {path: "hf:owner/model"}',
  'a folder that is not there': 'policy: {from: checkpoint, path: ./missing}',
}

for (const [kind, policy] of Object.entries(policies)) {
  test(`the items of a config with ${kind} are exported, served and scored without it`, async () => {
    const config = configOf(`${data}\n${policy}`)
    await assert.rejects(checkedPlan({ config }), 'what reads the policy needs it')
    // A look into an empty cache makes its folder.
    rmSync(cache, { recursive: true, force: true })

    const out = join(root, `out-${configs}`)
    await exported({ config, to: 'trl', out, home })
    assert.equal(readFileSync(join(out, 'train.jsonl'), 'utf8').trim().split('\n').length, 3)

    const { arm } = await servedArm({ config }, home)
    assert.equal(arm.reward.verifier, 'numeric')
    const uniform = await servedArm({ config, set: ['reward.scale=uniform'] }, home)
    assert.ok((uniform.arm.uniform ?? 0) > 1)

    const responses = join(root, 'responses.jsonl')
    writeFileSync(responses, lines([{ response: 'it is 7', answer: '7' }]))
    const scored = await callHere('score', responses, '--config', config, '--json')
    assert.equal(scored.status, 0, scored.err)
    assert.equal((JSON.parse(scored.out) as { verdict: string }).verdict, 'correct')

    const keys = await callHere('plan', config, '--keys', '--json')
    assert.equal(keys.status, 0, keys.err)
    const said = (JSON.parse(keys.out) as { path: string; value?: unknown }[]).find(
      ({ path }) => path === 'policy.path',
    )
    assert.match(String(said?.value), /^(known:smollm2-135m-instruct|hf:owner\/model|\/.*\/missing)$/)
    assert.ok(!existsSync(cache), 'nothing was fetched, and nothing was tried')
  })
}

test('a server that needs no items needs no data file either; one that needs their mean, and an export, do', async () => {
  const config = configOf('data: {train: hf:owner/exam}')
  assert.equal((await servedArm({ config }, home)).arm.uniform, null)
  await assert.rejects(servedArm({ config, set: ['reward.scale=uniform'] }, home), /owner\/exam/)
  await assert.rejects(exported({ config, to: 'trl', out: join(root, 'none'), home }), /owner\/exam/)
  const missing = configOf('data: {train: nowhere.jsonl}')
  assert.equal((await servedArm({ config: missing }, home)).arm.uniform, null)
  await assert.rejects(exported({ config: missing, to: 'trl', out: join(root, 'none'), home }), /nowhere\.jsonl/)
})

test('predicted values are those of a run with the same policy: the model is asked for if there is a run', async () => {
  const config = configOf(`${data}\nvalue: {ablation: predicted}\n${policies['a known model']}`)
  const call = { config, to: 'trl', out: join(root, 'predicted'), home } as const
  await assert.rejects(exported(call), { kind: 'NotFound', message: /found: {4}no run/ })
  const [arm] = await chosenArms({ config }, { always: ['data'], also: () => [] })
  assert.ok(arm !== undefined)
  keepConfig(home, arm.id, arm.config)
  await assert.rejects(exported(call), { kind: 'PartMissing' })
})

test('other mistakes of the config are told as before', async () => {
  const config = configOf(`${data}\n${policies['a known model']}\nsteps: 1.5`)
  await assert.rejects(exported({ config, to: 'trl', out: join(root, 'none'), home }), /steps/)
  const unknown = configOf(`${data}\npolicy: {from: known, name: smollm3}`)
  await assert.rejects(servedArm({ config: unknown }, home), /policy\.name cannot be "smollm3"/)
})
