/** Data sets and models by name, from a server on loopback that speaks the calls of the hub. */
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fetchName } from '../../../commands/hub/fetch.js'
import { hubPartsOf } from '../../../commands/hub/name.js'
import { checkedPlan } from '../../../commands/plan/checked.js'
import type { HubUse } from '../../../pipelines/config/hub-names.js'
import { type HubServer, serveHub, token } from './hub-server.js'

const folder = mkdtempSync(join(tmpdir(), 'rlev-hub-'))
const [older, newer] = ['a'.repeat(40), 'b'.repeat(40)]
const row = (exam: string, question: string) =>
  JSON.stringify({ prompt: question, answer: '2', points: 1, total: 4, exam })
const rows = [row('one', '1+1='), row('two', '0+2=')].join('\n')
const large = Buffer.alloc(300_000, 'line of a large file\n')
const model = Object.fromEntries(
  readdirSync('test/fixtures/qwen2-tiny').map(name => [name, readFileSync(join('test/fixtures/qwen2-tiny', name))]),
)
let hub: HubServer

before(async () => {
  hub = await serveHub({
    'datasets/me/exam': {
      revisions: { main: newer, 'v1.0': older, 'refs/convert': older },
      commits: {
        [newer]: { 'README.md': '# exam', 'rows.jsonl': rows, 'dataset_info.json': '{}' },
        [older]: { 'rows.jsonl': row('one', '1+1=') },
      },
    },
    'datasets/me/split': {
      revisions: { main: newer },
      commits: {
        [newer]: { 'data/train.jsonl': rows, 'data/test.jsonl': row('three', '2+0='), 'data/extra.csv': 'a,b' },
      },
    },
    'datasets/me/large': {
      revisions: { main: newer },
      commits: { [newer]: { 'large.csv': large } },
      large: ['large.csv'],
    },
    'datasets/me/private': {
      revisions: { main: newer },
      commits: { [newer]: { 'rows.jsonl': rows } },
      isPrivate: true,
    },
    'datasets/me/outside': { revisions: { main: newer }, commits: { [newer]: { '../../../rows.jsonl': rows } } },
    'models/me/tiny': {
      revisions: { main: newer },
      commits: { [newer]: { ...model, 'pytorch_model.bin': 'not fetched', 'onnx/model.json': '{}' } },
      large: ['model.safetensors'],
    },
  })
})
after(async () => {
  await hub.close()
  rmSync(folder, { recursive: true })
})

let homes = 0
function place(more: NodeJS.ProcessEnv = {}) {
  const home = join(folder, `home-${homes++}`)
  const told: string[] = []
  const environment: NodeJS.ProcessEnv = { HF_ENDPOINT: hub.endpoint, HF_HOME: home, HOME: home, ...more }
  const fetched = (text: string, use: HubUse = 'only', others: NodeJS.ProcessEnv = {}) =>
    fetchName(
      { text, place: 'config.yaml:1:1', use },
      { environment: { ...environment, ...others }, report: line => told.push(line) },
    )
  return { home, told, fetched }
}

test('a name has an owner, and may have a revision and a path', () => {
  const parts = (text: string) => Object.values(hubPartsOf(text, 'x'))
  assert.deepEqual(parts('hf:me/exam'), ['me/exam', 'main', null])
  assert.deepEqual(parts('hf:me/exam@v1.0'), ['me/exam', 'v1.0', null])
  assert.deepEqual(parts('hf:me/exam@refs%2Fconvert/data/a b.csv'), ['me/exam', 'refs/convert', 'data/a b.csv'])
  assert.deepEqual(parts('hf:me/tiny/sub/'), ['me/tiny', 'main', 'sub'])
  for (const text of [
    'hf:exam',
    'hf:',
    'hf:me/exam@',
    'hf:../exam',
    'hf:me/exam/../x',
    'hf:me/exam@..%2F..',
    'hf:a/b@%',
  ]) {
    assert.throws(
      () => hubPartsOf(text, 'config.yaml:3:5'),
      { kind: 'ConfigInvalid', message: /config\.yaml:3:5/ },
      text,
    )
  }
})

test('the only data file is fetched, in the layout that the libraries of the hub share', async () => {
  const { home, told, fetched } = place()
  const path = await fetched('hf:me/exam')
  const repo = join(home, 'hub', 'datasets--me--exam')
  assert.equal(path, join(repo, 'snapshots', newer, 'rows.jsonl'))
  assert.equal(readFileSync(path, 'utf8'), rows)
  assert.match(readlinkSync(path), /^\.\.\/\.\.\/blobs\/[0-9a-f]{40}$/)
  assert.equal(readFileSync(join(repo, 'refs', 'main'), 'utf8'), newer)
  assert.deepEqual(readdirSync(join(repo, 'snapshots', newer)), ['rows.jsonl'])
  assert.match(told.join('\n'), /hf:me\/exam is commit bbbbbbbbbbbb/)
  assert.match(await fetched('hf:me/exam@v1.0'), new RegExp(`${older}/rows.jsonl$`))
  assert.match(await fetched('hf:me/exam@refs%2Fconvert'), new RegExp(`${older}/rows.jsonl$`))
  assert.match(await fetched(`hf:me/exam@${older}`), new RegExp(`${older}/rows.jsonl$`))
})

test('of several files the one for training or for tests is taken by its name, or the choice is asked for', async () => {
  const { fetched } = place()
  assert.match(await fetched('hf:me/split', 'train'), /data\/train\.jsonl$/)
  assert.match(await fetched('hf:me/split', 'test'), /data\/test\.jsonl$/)
  assert.match(await fetched('hf:me/split/data/extra.csv'), /data\/extra\.csv$/)
  await assert.rejects(fetched('hf:me/split'), {
    kind: 'DataInvalid',
    message: /3 data files; it has data\/train\.jsonl, data\/test\.jsonl, data\/extra\.csv\n.*hf:me\/split\/PATH/,
  })
  await assert.rejects(fetched('hf:me/split/none.csv'), /no file none\.csv; it has/)
})

test('a model is the files of its folder; weights of another form are left there', async () => {
  const { fetched } = place()
  const path = await fetched('hf:me/tiny', 'model')
  assert.deepEqual(
    readdirSync(path).sort(),
    Object.keys(model)
      .filter(name => /json|safetensors|jinja/.test(name))
      .sort(),
  )
  assert.deepEqual(readFileSync(join(path, 'model.safetensors')), model['model.safetensors'])
  await assert.rejects(fetched('hf:me/tiny/onnx', 'model'), /no onnx\/config\.json/)
})

test('a download that breaks off goes on where it stopped, also after the process has ended', async () => {
  const { home, fetched } = place()
  hub.cuts.push(0, 100_000, 50_000)
  hub.asked.length = 0
  const path = await fetched('hf:me/large')
  assert.ok(readFileSync(path).equals(large))
  assert.equal(hub.cuts.length, 0)
  assert.deepEqual(readdirSync(join(home, 'hub', 'datasets--me--large', 'blobs')).length, 1)

  const later = place()
  const blobs = join(later.home, 'hub', 'datasets--me--large', 'blobs')
  const name = readlinkSync(path).split('/').at(-1) ?? ''
  await later.fetched('hf:me/large')
  rmSync(join(later.home, 'hub', 'datasets--me--large', 'snapshots'), { recursive: true })
  rmSync(join(blobs, name))
  const ended = 2 ** 22 + 1
  writeFileSync(join(blobs, `${name}.${ended}.incomplete`), large.subarray(0, 200_000))
  assert.ok(readFileSync(await later.fetched('hf:me/large')).equals(large))
  writeFileSync(join(blobs, `${name}.${ended}.incomplete`), Buffer.alloc(300_000, 'other'))
  rmSync(join(later.home, 'hub', 'datasets--me--large', 'snapshots'), { recursive: true })
  rmSync(join(blobs, name))
  await assert.rejects(later.fetched('hf:me/large'), /not what the hub says it is/)
})

test('without a connection the commit that was fetched last is used; without one the run is refused', async () => {
  const { told, fetched } = place()
  const path = await fetched('hf:me/exam')
  const offline = { HF_HUB_OFFLINE: '1' }
  hub.asked.length = 0
  assert.equal(await fetched('hf:me/exam', 'only', offline), path)
  assert.equal(await fetched(`hf:me/exam@${newer}`, 'only', offline), path)
  assert.deepEqual(hub.asked, [])
  assert.equal(await fetched('hf:me/exam', 'only', { HF_ENDPOINT: 'http://127.0.0.1:9' }), path)
  assert.match(told.at(-1) ?? '', /fetched before \(http:\/\/127\.0\.0\.1:9 cannot be used: .*ECONNREFUSED|bad port/)
  await assert.rejects(fetched('hf:me/split', 'only', offline), {
    kind: 'ServiceUnavailable',
    message: /HF_HUB_OFFLINE/,
  })
})

test('the token opens a private set, goes to the hub only, and is in no message', async () => {
  const open = place({ HF_TOKEN: token })
  await open.fetched('hf:me/private')
  hub.asked.length = 0
  await open.fetched('hf:me/large')
  assert.ok(hub.asked.some(line => line.startsWith('hub ') && line.endsWith(`Bearer ${token}`)))
  assert.ok(hub.asked.some(line => line.startsWith('storage ')))
  assert.ok(hub.asked.every(line => !line.startsWith('storage ') || !line.includes(token)))
  assert.ok(open.told.every(line => !line.includes(token)))
  await assert.rejects(place().fetched('hf:me/private'), { kind: 'NotFound', message: /status 401\n.*set HF_TOKEN/ })
  await assert.rejects(open.fetched('hf:me/none'), (error: Error) => !error.message.includes(token))
})

test('a path of the hub that leads out of its folder is not fetched', async () => {
  await assert.rejects(place().fetched('hf:me/outside'), /no data file|0 data files/)
})

test('a config that names both gets the paths of the cache, with the commit in them', async () => {
  const home = join(folder, 'of-config')
  const config = join(folder, 'config.yaml')
  writeFileSync(
    config,
    'name: named\nsteps: 0\ndata: {train: "hf:me/exam@main", test: "hf:me/split"}\npolicy: {path: "hf:me/tiny"}\nreward: {answer: whole}\n',
  )
  const before = { ...process.env }
  Object.assign(process.env, { HF_ENDPOINT: hub.endpoint, HF_HOME: home })
  try {
    const { plan, data } = await checkedPlan({ config })
    assert.ok(
      plan.kind === 'experiment' && plan.config.data.source === 'file' && plan.config.policy.from === 'checkpoint',
    )
    const cache = join(home, 'hub')
    assert.equal(plan.config.data.train, join(cache, 'datasets--me--exam', 'snapshots', newer, 'rows.jsonl'))
    assert.equal(plan.config.data.test, join(cache, 'datasets--me--split', 'snapshots', newer, 'data', 'test.jsonl'))
    assert.equal(plan.config.policy.path, join(cache, 'models--me--tiny', 'snapshots', newer))
    const { train, test: tested } = await data()
    assert.deepEqual([train.length, tested.length], [2, 1])
  } finally {
    process.env = before
  }
})
