/** A Python with pip, which fetches the packages of known models with its own configuration: its index, proxy and certificates. */
import { execFile, spawn } from 'node:child_process'
import { dirname, join } from 'node:path'
import { RlevError } from '../../pipelines/errors.js'
import { readParts } from '../services/project.js'

export interface Failed {
  /** The last lines that the program printed. */
  lines: readonly string[]
}

/** Lines of a program that are kept for an error. */
const keptLines = 12

/** The command of the Python. Throws PartMissing. `byHand`: what to do without one. */
export async function pythonWithPip(environment: NodeJS.ProcessEnv, byHand: string): Promise<string> {
  const named = environment['RLEV_PYTHON']
  const { mlflow } = readParts()
  // The private environment of MLflow has pip.
  const own = mlflow === undefined ? [] : [join(dirname(mlflow.command), 'python')]
  const candidates = named ? [named] : ['python3', 'python', ...own]
  for (const command of candidates) {
    if (await answers(command, ['-c', 'import pip'], environment)) return command
  }
  throw new RlevError({
    kind: 'PartMissing',
    message: 'no Python with pip was found, which fetches known models',
    ...(named ? { place: 'RLEV_PYTHON' } : {}),
    expected: 'a Python that answers `python3 -m pip --version`',
    found: `none of ${candidates.join(', ')}`,
    remedy: `install pip (Debian: apt install python3-pip), or name a Python by RLEV_PYTHON; or ${byHand}`,
  })
}

function answers(command: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<boolean> {
  return new Promise(settle => {
    execFile(command, args, { timeout: 20_000, env }, error => settle(error === null))
  })
}

/** Null if the program ended with status 0. */
export function runProgram(command: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<Failed | null> {
  return new Promise(settle => {
    const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
    let text = ''
    const take = (more: string) => {
      text = (text + more).slice(-10_000)
    }
    child.stdout.setEncoding('utf8').on('data', take)
    child.stderr.setEncoding('utf8').on('data', take)
    const lines = () => text.split(/[\r\n]+/).filter(line => line.trim() !== '')
    child.once('error', error => settle({ lines: [error.message] }))
    child.once('close', (status, signal) =>
      settle(
        status === 0 ? null : { lines: [...lines().slice(-keptLines), `ended with ${signal ?? `status ${status}`}`] },
      ),
    )
  })
}
