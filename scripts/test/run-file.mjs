/** Runs one compiled test file in a separate process, within a time limit, and sees that it leaves nothing running. */

import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { endLeftovers, markName } from './leftovers.mjs'

/**
 * @param {{ file: string, cwd: string, env: object, limit: number, interrupt?: AbortSignal }} options `limit` in milliseconds
 * @returns {Promise<{ tests: number, milliseconds: number, output: string, failure?: string }>} `failure`: why it failed
 */
export async function runTestFile({ file, cwd, env, limit, interrupt }) {
  const mark = randomUUID()
  const began = performance.now()
  const child = spawn(process.execPath, ['--enable-source-maps', '--test-reporter=spec', file], {
    cwd,
    env: { ...env, [markName]: mark },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', text => {
      output += text
    })
  }
  let late = false
  const end = () => child.kill('SIGKILL')
  const timer = setTimeout(() => {
    late = true
    end()
  }, limit)
  interrupt?.addEventListener('abort', end)
  const status = await new Promise(settle => {
    // Not `close`: a service that the test left behind would hold the pipes open.
    child.once('exit', (code, signal) => settle(code ?? signal))
  })
  clearTimeout(timer)
  interrupt?.removeEventListener('abort', end)
  const milliseconds = performance.now() - began
  const left = await endLeftovers(mark)
  const tests = Number(/^. tests (\d+)$/m.exec(output)?.[1] ?? 0)
  const reasons = [
    late && `it did not end within ${limit / 1000} s`,
    interrupt?.aborted && 'interrupted',
    !late && !interrupt?.aborted && status !== 0 && `status ${status}`,
    !late && status === 0 && tests === 0 && 'it holds no test',
    left.length > 0 && `it left processes running: ${left.join(', ')}`,
  ].filter(Boolean)
  return { tests, milliseconds, output, ...(reasons.length > 0 && { failure: reasons.join('; ') }) }
}
