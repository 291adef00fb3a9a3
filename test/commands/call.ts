/** Calls the command as a person does: the compiled program in a separate process, in a home of the test. */
import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { buildFolder, projectFolder } from '../../commands/services/project.js'

export interface Called {
  /** Null where a signal ended it. */
  status: number | null
  out: string
  err: string
  milliseconds: number
}

export interface Calling {
  child: ChildProcess
  done: Promise<Called>
  /** Standard output so far. */
  out: () => string
  /** The same of standard error. */
  err: () => string
}

interface Place {
  /** The checkout unless said. */
  cwd?: string
  /** The compiled tree; this one unless said. */
  build?: string
  /** The script; the compiled command unless said. */
  program?: string
  /** Variables beside those of this process. */
  variables?: NodeJS.ProcessEnv
  /** In a separate process group, as a shell starts it: what a terminal sends reaches all of the group. */
  group?: boolean
}

export function begin(words: readonly string[], place: Place = {}): Calling {
  const { cwd = projectFolder, build = buildFolder, group = false, variables = {} } = place
  const program = place.program ?? join(build, 'commands', 'main.js')
  const { TEMPORAL_ADDRESS: _temporal, MLFLOW_TRACKING_URI: _mlflow, RLEV_HOME: _home, ...env } = process.env
  const child = spawn(process.execPath, [program, ...words], {
    cwd,
    env: { ...env, ...variables },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: group,
  })
  return listen(child)
}

/** From the moment that it is started. */
export function listen(child: ChildProcessByStdio<null, Readable, Readable>): Calling {
  const began = performance.now()
  let out = ''
  let err = ''
  child.stdout.setEncoding('utf8').on('data', text => {
    out += text
  })
  child.stderr.setEncoding('utf8').on('data', text => {
    err += text
  })
  const done = new Promise<Called>((settle, fail) => {
    child.once('error', fail)
    child.once('close', status => settle({ status, out, err, milliseconds: performance.now() - began }))
  })
  return { child, done, out: () => out, err: () => err }
}

export function call(...words: readonly string[]): Promise<Called> {
  return begin(words).done
}
