/** Runs a batch of compiled test files in one process, within a time limit, and ends what it leaves running. */

import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { endLeftovers, markName } from './leftovers.mjs'
import { scratchParent } from './scratch.mjs'
import { withSources } from './source-lines.mjs'

const script = fileURLToPath(new URL('batch.mjs', import.meta.url))
const reporter = new URL('file-reporter.mjs', import.meta.url).href

/**
 * @typedef {import('./file-reporter.mjs').FileResult} FileResult
 * @param {{ folder: string, files: string[], cwd: string, env: object, limitMs: number, interrupt?: AbortSignal }} options
 *   `files`: absolute paths; results name them by the path from `folder`.
 * @returns {Promise<{ results: FileResult[], milliseconds: number, output: string, failure?: string }>}
 *   `results`: of the files that ended; `failure`: why the batch failed.
 */
export async function runBatch({ folder, files, cwd, env, limitMs, interrupt }) {
  const mark = randomUUID()
  const scratch = mkdtempSync(join(scratchParent(), 'rlev-batch-'))
  // As a temporary folder is: some tests are another user for a while.
  chmodSync(scratch, 0o755)
  const resultFile = join(scratch, 'results')
  const began = performance.now()
  const reporters = ['--test-reporter=spec', '--test-reporter-destination=stdout']
  reporters.push(`--test-reporter=${reporter}`, `--test-reporter-destination=${resultFile}`)
  // Young objects: the default of 16 MB costs a twentieth of the CPU time, since what tests make is mostly garbage soon. The budget, three
  // times the default, is what a function runs until it is compiled again for speed: most tests have ended by then. A tenth.
  const flags = ['--max-semi-space-size=64', '--interrupt-budget=400000']
  const child = spawn(process.execPath, [...flags, ...reporters, script, folder, ...files], {
    cwd,
    env: { ...env, [markName]: mark, TMPDIR: scratch },
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
  }, limitMs)
  interrupt?.addEventListener('abort', end)
  const status = await new Promise(settle => {
    // Not `close`: a service that the test left behind would hold the pipes open.
    child.once('exit', (code, signal) => settle(code ?? signal))
  })
  clearTimeout(timer)
  interrupt?.removeEventListener('abort', end)
  const milliseconds = performance.now() - began
  const left = await endLeftovers(mark)
  const lines = existsSync(resultFile) ? readFileSync(resultFile, 'utf8').trim().split('\n') : []
  const unremoved = removed(scratch)
  const results = lines.filter(line => line !== '').map(line => JSON.parse(line))
  const empty = results.filter(({ tests }) => tests === 0)
  const missing = files
    .map(file => relative(folder, file))
    .filter(name => !results.some(result => result.name === name))
  const reasons = [
    late && `it did not end within ${limitMs / 1000} s`,
    interrupt?.aborted && 'interrupted',
    !late && !interrupt?.aborted && status !== 0 && `status ${status}`,
    !late && status === 0 && missing.length > 0 && `not run: ${missing.join(', ')}`,
    !late && status === 0 && empty.length > 0 && `without a test: ${empty.map(({ name }) => name).join(', ')}`,
    left.length > 0 && `it left processes running: ${left.join(', ')}`,
    unremoved,
  ].filter(Boolean)
  return {
    results,
    milliseconds,
    output: withSources(output),
    ...(reasons.length > 0 && { failure: reasons.join('; ') }),
  }
}

/** Why the folder cannot be removed: something is mounted in it. */
function removed(folder) {
  try {
    rmSync(folder, { recursive: true, force: true })
    return false
  } catch (error) {
    return `its folder cannot be removed: ${error.message}`
  }
}
