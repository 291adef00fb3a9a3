/** Candidates of the bench as processes: rlev's own, and ones that fail. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { buildFolder } from '../../../commands/services/project.js'
import { RlevError } from '../../../pipelines/errors.js'
import { Candidate, type Request } from '../../../scripts/bench/candidates/protocol.js'
import { rowsOf, type Size, sizeOf } from '../../../scripts/bench/sizes.js'
import { plannedLengths, promptTokens } from '../../../scripts/bench/workload.js'

const small: Size = {
  ...sizeOf('tiny'),
  width: 16,
  mlpWidth: 24,
  prompts: 2,
  samples: 4,
  promptTokens: 5,
  completionTokens: 8,
}
const open: Request = {
  do: 'open',
  size: small,
  prompts: promptTokens(small),
  lengths: plannedLengths(small),
  settings: {},
}

const node = (source: string) =>
  new Candidate({ name: 'a candidate', file: process.execPath, arguments: ['-e', source] })

async function failure(candidate: Candidate): Promise<string> {
  try {
    await candidate.ask({ do: 'update' })
  } catch (error) {
    assert.ok(error instanceof RlevError)
    return error.message
  } finally {
    await candidate.close()
  }
  throw new Error('it did not fail')
}

test('rlev answers every measure, with the lengths that were planned', async () => {
  const rlev = new Candidate({
    name: 'rlev',
    file: process.execPath,
    arguments: [join(buildFolder, 'scripts', 'bench', 'candidates', 'rlev.js'), 'eager'],
  })
  try {
    const { versions } = await rlev.ask(open)
    assert.match(versions?.['tensorflow'] ?? '', /^\d+\./)
    const generated = await rlev.ask({ do: 'generate' })
    assert.equal(generated.tokens, rowsOf(small) * small.completionTokens)
    assert.ok((generated.seconds ?? 0) > 0)
    const unequal = await rlev.ask({ do: 'unequal' })
    assert.equal(
      unequal.tokens,
      plannedLengths(small).reduce((sum, length) => sum + length, 0),
    )
    const both = rowsOf(small) * (small.promptTokens + small.completionTokens)
    assert.equal((await rlev.ask({ do: 'update' })).tokens, both)
    assert.equal((await rlev.ask({ do: 'step' })).tokens, both)
    const tuned = await rlev.ask({ do: 'tune', measure: 'update' })
    assert.ok([8, 4, 2].includes(Number(tuned.settings?.['microBatch'])))
  } finally {
    await rlev.close()
  }
})

test('responses end where planned, and a whole step has the prompts of the size, with the vocabulary of a published model', async () => {
  const size: Size = { ...small, vocabulary: 49_152, tied: true, promptTokens: 64 }
  const lengths = plannedLengths(size)
  const rlev = new Candidate({
    name: 'rlev',
    file: process.execPath,
    arguments: [join(buildFolder, 'scripts', 'bench', 'candidates', 'rlev.js'), 'eager'],
  })
  try {
    await rlev.ask({ ...open, size, prompts: promptTokens(size), lengths })
    const unequal = await rlev.ask({ do: 'unequal' })
    assert.equal(
      unequal.tokens,
      lengths.reduce((sum, length) => sum + length, 0),
    )
    assert.equal((await rlev.ask({ do: 'step' })).tokens, rowsOf(size) * (size.promptTokens + size.completionTokens))
  } finally {
    await rlev.close()
  }
})

test('a candidate that ends, says something else or fails is told with its own words', async () => {
  assert.match(await failure(node('console.error("no torch here"); process.exit(3)')), /`update`.*no torch here/s)
  assert.match(await failure(node('console.log("hello"); process.stdin.resume()')), /no JSON: hello/)
  assert.match(
    await failure(node(`console.log('{"error": "out of patience"}'); process.stdin.resume()`)),
    /out of patience/,
  )
  const missing = new Candidate({ name: 'a candidate', file: '/nowhere/python', arguments: [] })
  assert.match(await failure(missing), /ENOENT/)
})
