import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'

interface Outcome {
  tests: number
  failure?: string
}

const { runTestFile } = (await import(new URL('../../../scripts/test/run-file.mjs', import.meta.url).href)) as {
  runTestFile: (options: {
    file: string
    cwd: string
    env: object
    limit: number
    interrupt?: AbortSignal
  }) => Promise<Outcome>
}

const folder = mkdtempSync(join(tmpdir(), 'rlev-run-file-'))
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

function run(file: string, options: { limit?: number; interrupt?: AbortSignal } = {}): Promise<Outcome> {
  rmSync(childFile, { force: true })
  // This file's own process is a test: one inside it would report to it.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env
  return runTestFile({ file, cwd: folder, env, limit: 30_000, ...options })
}

/** Of a process that has ended but that nobody has asked about yet, the state is Z. */
function childRuns(): boolean {
  const stat = `/proc/${readFileSync(childFile, 'utf8')}/stat`
  return existsSync(stat) && readFileSync(stat, 'utf8').split(') ')[1]?.[0] !== 'Z'
}

async function assertChildEnds(): Promise<void> {
  for (let round = 0; round < 100 && childRuns(); round++) await sleep(20)
  assert.equal(childRuns(), false)
}

test('a file that ends what it started passes', async () => {
  const { tests, failure } = await run(fileThat(10, { ends: true }))
  assert.deepEqual({ tests, failure }, { tests: 1, failure: undefined })
})

test('a file that leaves a process running fails, and the process is ended', {
  skip: process.platform !== 'linux',
}, async () => {
  const { failure } = await run(fileThat(10, { ends: false }))
  assert.match(failure ?? '', /left processes running/)
  await assertChildEnds()
})

test('a file over its limit is ended with what it started', { skip: process.platform !== 'linux' }, async () => {
  const { failure } = await run(fileThat(60_000, { ends: true }), { limit: 1500 })
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
