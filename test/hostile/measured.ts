/** Tests of a table of hostile inputs: each is met in a process whose time and memory are measured, inside a folder that is looked over. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type HostileCase, limits, type Met } from './case.js'

const program = fileURLToPath(new URL('./meet.js', import.meta.url))

/** `table`: address of the module that exports `cases`. One process meets all of them, so its peak is that of the worst. */
export function testTable(table: string, cases: readonly HostileCase[]): void {
  const folder = mkdtempSync(join(tmpdir(), 'rlev-hostile-'))
  const met = new Map<string, Met>()
  let before_: string[] = []
  let after_: string[] = []
  let told = ''

  before(async () => {
    for (const [index, { make }] of cases.entries()) {
      const own = join(folder, String(index))
      mkdirSync(own)
      make?.(own)
    }
    before_ = filesIn(folder)
    told = await meetAll(table, folder, met)
    after_ = filesIn(folder)
  })
  after(() => rmSync(folder, { recursive: true, force: true }))

  for (const { name, outcome } of cases) {
    test(name, () => {
      const found = met.get(name)
      assert.ok(found, `the process ended before: ${told}`)
      if ('gives' in outcome) assert.equal(found.gives, outcome.gives, found.message)
      else {
        assert.equal(found.refused, outcome.refused, `${found.message ?? found.gives}`)
        assert.match(found.message ?? '', outcome.says)
        assert.doesNotMatch(found.message ?? '', /(?!\n)[\p{Cc}\u202a-\u202e\u2066-\u2069]/u)
        assert.ok((found.message ?? '').length < 100_000)
      }
      // On a machine that is busy with other work the clock goes on while the process waits for its turn.
      const { milliseconds, busy } = found
      const inTime =
        milliseconds < limits.milliseconds || (busy < limits.milliseconds / 3 && milliseconds < 6 * limits.milliseconds)
      assert.ok(inTime, `it took ${milliseconds} ms, ${busy} ms of the processor`)
      assert.ok(found.peak < limits.peak, `it took ${found.peak} MB`)
    })
  }

  test('nothing is written', () => assert.deepEqual(after_, before_))
}

/** The rest of the process's output. */
function meetAll(table: string, folder: string, met: Map<string, Met>): Promise<string> {
  const child = spawn(process.execPath, ['--stack-trace-limit=5', program, table, folder], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 120_000,
    killSignal: 'SIGKILL',
  })
  let out = ''
  let err = ''
  child.stdout.setEncoding('utf8').on('data', text => {
    out += text
  })
  child.stderr.setEncoding('utf8').on('data', text => {
    err += text
  })
  return new Promise((settle, fail) => {
    child.once('error', fail)
    child.once('close', status => {
      for (const line of out.split('\n').filter(text => text !== '')) {
        const one = JSON.parse(line) as Met
        met.set(one.name, one)
      }
      settle(`status ${status}: ${err.slice(-2000)}`)
    })
  })
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true }).map(String).sort()
}
