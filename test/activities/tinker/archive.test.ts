/** Archives of adapters, those of a server included that means harm. */
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { fetchAdapter } from '../../../activities/tinker/archive.js'
import { TinkerClient } from '../../../activities/tinker/client.js'
import { tarEntry } from '../../tinker-server/archive.js'

const adapter = 'test/fixtures/lora-tiny'
const tensors = readFileSync(join(adapter, 'adapter_model.safetensors'))
const config = JSON.parse(readFileSync(join(adapter, 'adapter_config.json'), 'utf8')) as object
const withoutTargets = Buffer.from(JSON.stringify({ ...config, target_modules: null }))
const end = Buffer.alloc(1024)
const whole = [tarEntry('x/adapter_config.json', withoutTargets), tarEntry('x/adapter_model.safetensors', tensors)]

/** The folder that it was downloaded into. */
async function fetched(t: TestContext, archive: Buffer, only = '/archive'): Promise<string> {
  const server = createServer(({ url = '' }, response) => {
    if (!url.includes(only)) response.writeHead(404)
    response.end(archive)
  }).listen(0, '127.0.0.1')
  const folder = mkdtempSync(join(tmpdir(), 'rlev-archive-'))
  t.after(() => {
    server.closeAllConnections()
    server.close()
    rmSync(folder, { recursive: true })
  })
  await new Promise(settle => server.once('listening', settle))
  const client = new TinkerClient({
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    environment: {},
  })
  await fetchAdapter({ client, modelId: 'm', name: 'n', folder, limits: { maxBytes: 2 ** 24 } })
  return folder
}

test('an adapter, with the targets that its tensors name', async t => {
  const extended = tarEntry('PaxHeader/x', Buffer.from('20 mtime=1234567890\n'), 'x')
  const folder = await fetched(t, gzipSync(Buffer.concat([extended, ...whole, end])))
  assert.deepEqual(readFileSync(join(folder, 'adapter_model.safetensors')), tensors)
  const { target_modules: targets } = JSON.parse(readFileSync(join(folder, 'adapter_config.json'), 'utf8')) as {
    target_modules: string[]
  }
  assert.deepEqual(targets, (config as { target_modules: string[] }).target_modules)
})

test('an archive under the path that the SDK asks for', async t => {
  const folder = await fetched(t, gzipSync(Buffer.concat([...whole, end])), '/m/checkpoints/sampler_weights/n/archive')
  assert.equal(readdirSync(folder).length, 2)
})

test('nothing is written but the two files, whatever the archive names', async t => {
  const others = [
    tarEntry('../../outside', Buffer.from('x')),
    tarEntry('adapter_config.json', Buffer.from('/etc/passwd'), '2'),
  ]
  const folder = await fetched(t, gzipSync(Buffer.concat([...others, ...whole, ...whole, end])))
  assert.deepEqual(readdirSync(folder).sort(), ['adapter_config.json', 'adapter_model.safetensors'])
})

const flipped = Buffer.from(Buffer.concat(whole))
flipped[3] = 0x41
const damaged: [name: string, archive: Buffer, message: RegExp][] = [
  ['no archive', Buffer.from('<html>'), /tar\.gz/],
  ['cut in the middle', gzipSync(Buffer.concat(whole)).subarray(0, 5_000), /unexpected end|end in the middle/],
  ['cut before it was packed', gzipSync(Buffer.concat(whole).subarray(0, 5_000)), /end in the middle of a file/],
  ['without tensors', gzipSync(Buffer.concat([...whole.slice(0, 1), end])), /no adapter_model\.safetensors/],
  ['a header that was changed', gzipSync(flipped), /sum is wrong/],
  [
    'a few bytes that unpack to many',
    gzipSync(Buffer.concat([tarEntry('adapter_config.json', Buffer.alloc(2 ** 25))])),
    /more than 16777216 bytes/,
  ],
]
for (const [name, archive, message] of damaged) {
  test(`refused: ${name}`, async t => {
    await assert.rejects(fetched(t, archive), { kind: 'CheckpointInvalid', message })
  })
}
