import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { importCheckpoint } from '../../commands/import.js'
import { checkCheckpoint } from '../../pipelines/checkpoint/checked-checkpoint.js'
import { readTensors } from '../../pipelines/checkpoint/safetensors-reader.js'
import { RlevError } from '../../pipelines/errors.js'
import { loadTokenizer } from '../../pipelines/tokenizer/tokenizer-folder.js'
import { SmallDisk } from '../../scripts/drill/small-disk.js'

const root = mkdtempSync(join(tmpdir(), 'rlev-import-'))
after(() => rmSync(root, { recursive: true }))

/** Made by test/fixtures/gguf/make.py from the fixture llama-linear. */
const file = 'test/fixtures/gguf/llama.gguf'

async function digestsIn(folder: string): Promise<Record<string, string>> {
  const digests: Record<string, string> = {}
  for (const weights of checkCheckpoint(folder).weights) {
    for await (const { name, values } of readTensors(weights)) {
      digests[name] = createHash('sha256').update(new Uint8Array(values.buffer)).digest('hex')
    }
  }
  return digests
}

test('weights have the bits of the Python package, with query and key rows in the order of Hugging Face', async () => {
  const folder = join(root, 'float32')
  await importCheckpoint({ file, folder, dtype: 'float32' })
  assert.deepEqual(await digestsIn(folder), JSON.parse(readFileSync('test/fixtures/gguf/llama.json', 'utf8')))
})

test('config and tokenizer are those of the model that was converted', async () => {
  const folder = join(root, 'config')
  await importCheckpoint({ file, folder, dtype: 'bfloat16' })
  const [imported, original] = [folder, 'test/fixtures/llama-linear'].map(path => {
    const { config, architecture } = checkCheckpoint(path)
    return { architecture, tokenizer: loadTokenizer(path, config) }
  })
  if (imported === undefined || original === undefined) return
  const { initDeviation: _, ...shape } = original.architecture
  assert.deepEqual({ ...imported.architecture, initDeviation: undefined }, { ...shape, initDeviation: undefined })
  const texts = ['What is 12 + 30?', ' naïve café\n\n  x != y', '<|im_start|>user\n1<|im_end|>', '数学 100']
  for (const text of texts) assert.deepEqual(imported.tokenizer.encode(text), original.tokenizer.encode(text))
  const messages = [{ role: 'user', content: 'What is 12 + 30?' }]
  assert.deepEqual(await imported.tokenizer.encodePrompt(messages), await original.tokenizer.encodePrompt(messages))
  assert.deepEqual(imported.tokenizer.eosIds, original.tokenizer.eosIds)
})

test('bfloat16 weights are the float32 ones, rounded', async () => {
  const folder = join(root, 'rounded')
  await importCheckpoint({ file, folder, dtype: 'bfloat16' })
  const [weights] = checkCheckpoint(folder).weights
  assert.ok(weights?.tensors.every(({ type }) => type === 'BF16'))
  const again = join(root, 'again')
  await importCheckpoint({ file, folder: again, dtype: 'bfloat16' })
  assert.deepEqual(await digestsIn(again), await digestsIn(folder))
})

test('a folder that exists, a file that is not GGUF or is cut off: refused, and nothing is left', async () => {
  const copy = (change: (path: string) => void) => {
    const path = join(root, 'copy.gguf')
    cpSync(file, path)
    change(path)
    return path
  }
  const refused = (options: { file?: string; folder?: string }, says: RegExp) =>
    assert.rejects(
      importCheckpoint({ file, folder: join(root, 'refused'), dtype: 'float32', ...options }),
      (error: unknown) => error instanceof RlevError && says.test(error.message),
    )
  await refused({ folder: root }, /the folder exists already/)
  await refused({ file: join(root, 'missing.gguf') }, /cannot be read[\s\S]*ENOENT/)
  await refused({ file: 'package.json' }, /cannot be read[\s\S]*GGUF in the first four bytes/)
  await refused({ file: copy(path => truncateSync(path, 60_000)) }, /llama|copy\.gguf/)
  await refused(
    { file: copy(path => writeFileSync(path, readFileSync(path).subarray(0, 200))) },
    /at most 7 tensors in 200 bytes/,
  )
  assert.ok(!existsSync(join(root, 'refused')))
  assert.deepEqual(
    readdirSync(root).filter(name => name.includes('unfinished')),
    [],
  )
})

test('a full disk is told as such, and nothing is left', async t => {
  const disk = SmallDisk.open({ megabytes: 1, say: line => t.skip(line) })
  if (disk === null) return
  try {
    writeFileSync(join(disk.path, 'other'), Buffer.alloc(700_000))
    await assert.rejects(importCheckpoint({ file, folder: join(disk.path, 'folder'), dtype: 'float32' }), {
      kind: 'NoStorage',
      message: /the disk is full/,
    })
    assert.deepEqual(readdirSync(disk.path), ['other'])
  } finally {
    disk.close()
  }
})
