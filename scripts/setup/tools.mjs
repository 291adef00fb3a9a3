/** Programs that set-up uses and cannot fetch: found on the path, with their versions, or named with how to get them. */

import { execFile } from 'node:child_process'
import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, isAbsolute, join } from 'node:path'
import { versions } from './context.mjs'
import { PartError } from './part-error.mjs'

const ask = (command, args) =>
  new Promise(settle => {
    execFile(command, args, { timeout: 20_000 }, (error, stdout) => settle(error === null ? stdout.trim() : undefined))
  })

/** Whether a version is known and not older than another: `1.10.2` and `1.9`; a missing third number is 0. */
export function isAtLeast(version, least) {
  const [a, b] = [version, least].map(text => /^v?(\d+)\.(\d+)(?:\.(\d+))?/.exec(text)?.slice(1).map(Number))
  if (a === undefined || b === undefined) return false
  const [major, minor, patch] = a.map((number, index) => (number || 0) - (b[index] || 0))
  return (major || minor || patch) >= 0
}

const probe = [
  'import sys, importlib.util as u',
  "print('%d.%d.%d' % sys.version_info[:3], *[m for m in ('pip', 'venv', 'ensurepip') if u.find_spec(m) is None])",
].join('; ')

const pythonRemedy = `install Python ${versions.python} or later with pip and venv (Debian: apt install python3 python3-pip python3-venv), or name one by RLEV_PYTHON`

/** @returns {Promise<{ command: string, version: string }>} @throws {PartError} */
export async function findPython(context) {
  const named = context.env.RLEV_PYTHON
  const found = []
  for (const command of named
    ? [named]
    : ['python3', 'python', 'python3.13', 'python3.12', 'python3.11', 'python3.10']) {
    const answer = await ask(command, ['-c', probe])
    if (answer === undefined) continue
    const [version, ...lacks] = answer.split(' ')
    if (isAtLeast(version, versions.python) && lacks.length === 0) return { command, version }
    found.push(`${command} ${version}${lacks.length > 0 ? ` without ${lacks.join(', ')}` : ''}`)
  }
  throw new PartError({
    message: 'Python is missing',
    expected: `python3 or python, ${versions.python} or later, with pip and venv`,
    found: found.join('; ') || (named ? `${named}, which does not run` : 'none on the path'),
    remedy: pythonRemedy,
  })
}

/** The compiler that node-gyp will use, and make. @throws {PartError} */
export async function findCompiler(context) {
  const candidates = context.env.CXX ? [context.env.CXX] : ['g++', 'c++', 'clang++']
  let compiler
  for (const command of candidates) {
    const version = await ask(command, ['-dumpfullversion', '-dumpversion'])
    if (version !== undefined) {
      compiler = { command, version: version.split('\n')[0] }
      break
    }
  }
  const make = await ask('make', ['--version'])
  if (compiler !== undefined && make !== undefined) return compiler
  throw new PartError({
    message: 'a C++ compiler or make is missing',
    expected: 'g++, c++ or clang++ (or the one that CXX names), and make',
    found: [compiler ? `${compiler.command} ${compiler.version}` : 'no compiler', make ? 'make' : 'no make'].join(', '),
    remedy: 'install them (Debian: apt install g++ make)',
  })
}

/** @returns {Promise<{ command: string, version: string } | undefined>} */
export async function findGo() {
  const answer = await ask('go', ['env', 'GOVERSION'])
  return answer === undefined ? undefined : { command: 'go', version: answer.replace(/^go/, '') }
}

/**
 * The `temporal` on the path, if it runs. An older one than the pinned version is not fit: it may lack flags that `rlev up` gives it.
 * @returns {Promise<{ command: string, version: string, fit: boolean } | undefined>}
 */
export async function findTemporalOnPath({ env }) {
  const command = onPath('temporal', env)
  const answer = command === undefined ? undefined : await ask(command, ['--version'])
  if (answer === undefined) return undefined
  const version = /version (\S+)/.exec(answer)?.[1] ?? answer
  return { command, version, fit: isAtLeast(version, versions.temporal) }
}

/** The whole path of a program: what is recorded is used from other folders and under other paths. */
function onPath(program, { PATH = '' }) {
  return PATH.split(delimiter)
    .filter(isAbsolute)
    .map(folder => join(folder, program))
    .find(isProgram)
}

function isProgram(file) {
  try {
    accessSync(file, constants.X_OK)
    return statSync(file).isFile()
  } catch {
    return false
  }
}
