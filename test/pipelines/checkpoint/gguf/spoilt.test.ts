/** GGUF files with bytes that are not theirs: each is read, or refused with an error of this project, whatever the bytes say. */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { writeGgufFolder } from '../../../../pipelines/checkpoint/gguf/write-folder.js'
import { RlevError } from '../../../../pipelines/errors.js'
import { stream } from '../../../../pipelines/random.js'
import { ggufBytes } from './gguf-bytes.js'

const root = mkdtempSync(join(tmpdir(), 'rlev-spoilt-'))
after(() => rmSync(root, { recursive: true }))

const random = stream(1, 'spoilt')

/** Tries of each file; RLEV_SPOILT_TRIES for more, by hand. */
const tries = Number(process.env['RLEV_SPOILT_TRIES'] ?? 80)

for (const [name, whole, header] of [
  ['the tiny model', ggufBytes(), 1184],
  ['the fixture', readFileSync('test/fixtures/gguf/llama.gguf'), 17_000],
] as const) {
  test(`${name}, with bytes of its header changed or left out`, async () => {
    const outcomes = { read: 0, refused: 0 }
    for (let attempt = 0; attempt < tries; attempt++) {
      const outcome = await outcomeOf(spoilt(whole, header, attempt))
      outcomes[outcome]++
    }
    assert.equal(outcomes.read + outcomes.refused, tries)
    assert.ok(outcomes.refused > tries / 10, JSON.stringify(outcomes))
  })
}

/** Changes one to four bytes, or cuts some out, so that all that follows lies elsewhere. */
function spoilt(whole: Uint8Array, header: number, attempt: number): Uint8Array {
  let counter = 0
  const below = (limit: number) => random.integer(limit, attempt, counter++)
  const bytes = Buffer.from(whole)
  if (below(5) === 0) {
    const from = below(header)
    return Buffer.concat([bytes.subarray(0, from), bytes.subarray(from + 1 + below(40))])
  }
  const extremes = [0, 1, 0x7f, 0x80, 0xff]
  for (let count = 1 + below(4); count > 0; count--) {
    bytes[below(header)] = below(2) === 0 ? below(256) : (extremes[below(extremes.length)] as number)
  }
  return bytes
}

async function outcomeOf(bytes: Uint8Array): Promise<'read' | 'refused'> {
  const [file, folder] = [join(root, 'spoilt.gguf'), join(root, 'folder')]
  writeFileSync(file, bytes)
  mkdirSync(folder)
  try {
    await writeGgufFolder({ file, folder, dtype: 'float32' })
    return 'read'
  } catch (error) {
    if (error instanceof RlevError && error.kind === 'CheckpointInvalid') return 'refused'
    throw error
  } finally {
    rmSync(folder, { recursive: true })
  }
}
