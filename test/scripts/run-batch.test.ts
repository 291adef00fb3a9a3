import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'

interface Outcome {
  results: { name: string; tests: number; passed: boolean }[]
  output: string
  failure?: string
}

const { runBatch } = (await import(new URL('../../../scripts/test/run-batch.mjs', import.meta.url).href)) as {
  runBatch: (options: {
    folder: string
    files: string[]
    cwd: string
    env: object
    limitMs: number
    interrupt?: AbortSignal
  }) => Promise<Outcome>
}

const { withSources } = (await import(new URL('../../../scripts/test/source-lines.mjs', import.meta.url).href)) as {
  withSources: (output: string) => string
}

const folder = mkdtempSync(join(tmpdir(), 'rlev-run-batch-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const childFile = join(folder, 'child')

/** A test that starts a process of its own session, notes its id, and goes on for so long. */
function fileThat(lasts: number, { ends }: { ends: boolean }): string {
  const file = join(folder, `${lasts}-${ends}.mjs`)
  writeFileSync(
    file,
    `import { spawn } from 'node:child_process'
     import { writeFileSync } from 'node:fs'
     import { test } from 'node:test'
     test('waits', async () => {
       const child = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60000)'], { detached: true, stdio: 'ignore' })
       child.unref()
       writeFileSync(${JSON.stringify(childFile)}, String(child.pid))
       await new Promise(settle => setTimeout(settle, ${lasts}))
       if (${ends}) child.kill()
     })`,
  )
  return file
}

function run(files: string | string[], options: { limitMs?: number; interrupt?: AbortSignal } = {}): Promise<Outcome> {
  rmSync(childFile, { force: true })
  // This file's own process is a test: one inside it would report to it.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env
  return runBatch({ folder, files: [files].flat(), cwd: folder, env, limitMs: 30_000, ...options })
}

/** Of a process that has ended but that nobody has asked about yet, the state is Z. */
function childRuns(): boolean {
  // On a busy machine a file may be ended before it starts its process.
  if (!existsSync(childFile)) return false
  const stat = `/proc/${readFileSync(childFile, 'utf8')}/stat`
  return existsSync(stat) && readFileSync(stat, 'utf8').split(') ')[1]?.[0] !== 'Z'
}

async function assertChildEnds(): Promise<void> {
  for (let round = 0; round < 100 && childRuns(); round++) await sleep(20)
  assert.equal(childRuns(), false)
}

test('a file that ends what it started passes', async () => {
  const { results, failure } = await run(fileThat(10, { ends: true }))
  assert.deepEqual([results.map(({ tests }) => tests), failure], [[1], undefined])
})

/** A file of these lines, between its imports and its end. */
function fileOf(name: string, lines: string): string {
  const file = join(folder, name)
  writeFileSync(file, `import { after, before, describe, test } from 'node:test'\n${lines}`)
  return file
}

const brief = ({ results }: Outcome) => results.map(({ name, tests, passed }) => [name, tests, passed])

test('files of a batch are counted apart, have separate hooks, and the one that fails is named', async () => {
  const hooks = "before(() => { global.inside = true }); after(() => { global.inside = false }); test('in', () => {})"
  const first = fileOf('first.mjs', hooks)
  const outside = "import assert from 'node:assert'; test('out', () => assert.ok(!global.inside))"
  const second = fileOf(
    'second.mjs',
    `${outside}\ndescribe('of two', () => { test('a', () => {}); test('b', () => {}) })`,
  )
  const third = fileOf('third.mjs', "test('fails', () => { throw new Error('on purpose') })")
  const outcome = await run([first, second, third])
  assert.deepEqual(brief(outcome), [
    ['first.mjs', 1, true],
    ['second.mjs', 3, true],
    ['third.mjs', 1, false],
  ])
  assert.match(outcome.failure ?? '', /status 1/)
  assert.match(outcome.output, /on purpose/)
})

test('a file that cannot be loaded fails, and so does one without a test', async () => {
  const broken = await run([fileOf('whole.mjs', "test('a', () => {})"), fileOf('broken.mjs', "import './nothing.mjs'")])
  assert.deepEqual(brief(broken), [
    ['whole.mjs', 1, true],
    ['broken.mjs', 0, false],
  ])
  assert.match((await run(fileOf('empty.mjs', ''))).failure ?? '', /without a test: empty\.mjs/)
})

test('of a batch whose process dies, the files that had ended are known', async () => {
  const dies = fileOf(
    'dies.mjs',
    "test('dies', (_, end) => void setTimeout(() => process.kill(process.pid, 'SIGKILL'), 500))",
  )
  const outcome = await run([fileOf('ends.mjs', "test('a', () => {})"), dies])
  assert.deepEqual(brief(outcome), [['ends.mjs', 1, true]])
  assert.match(outcome.failure ?? '', /status SIGKILL/)
})

test('a file that leaves a process running fails, and the process is ended', {
  skip: process.platform !== 'linux',
}, async () => {
  const { failure } = await run(fileThat(10, { ends: false }))
  assert.match(failure ?? '', /left processes running/)
  await assertChildEnds()
})

test('a file over its limit is ended with what it started', { skip: process.platform !== 'linux' }, async () => {
  const { failure } = await run(fileThat(60_000, { ends: true }), { limitMs: 1500 })
  assert.match(failure ?? '', /did not end within 1.5 s/)
  await assertChildEnds()
})

test('an interrupted file is ended with what it started', { skip: process.platform !== 'linux' }, async () => {
  const interrupt = new AbortController()
  const running = run(fileThat(60_000, { ends: true }), { interrupt: interrupt.signal })
  // The file is there before its content is.
  while (!existsSync(childFile) || readFileSync(childFile, 'utf8') === '') await sleep(20)
  interrupt.abort()
  assert.match((await running).failure ?? '', /^interrupted/)
  await assertChildEnds()
})

test('places in compiled modules are told as places in their sources, and others as they are', () => {
  const stack = new Error('here').stack ?? ''
  const [, file = '', line] = /(test\/scripts\/[\w.-]+\.ts):(\d+):\d+/.exec(withSources(stack)) ?? []
  assert.match(readFileSync(file, 'utf8').split('\n')[Number(line) - 1] ?? '', /new Error\('here'\)/)
  const others = 'at node:internal/test:12:3 and /nowhere/dist/file.js:1:2'
  assert.equal(withSources(others), others)
})
