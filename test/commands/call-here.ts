/**
 * Calls the command in this process: `main.ts` is loaded again for each call, with its words as the arguments of the process, and
 * what it prints and its exit status are taken. A separate process takes a second to load; call.ts starts one if the process is what
 * is tested: its signals, its end, its time.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { buildFolder } from '../../commands/services/project.js'
import type { Called } from './call.js'

type Printed = Pick<Called, 'out' | 'err'>

const program = join(buildFolder, 'commands', 'main.js')
/** What belongs to a call: the reporter of the tests prints meanwhile. */
const calls = new AsyncLocalStorage<Printed>()
let count = 0
/** Settles with the last call: arguments, variables and the exit status are those of the process, so calls take turns. */
let last: Promise<unknown> = Promise.resolve()

export function callHere(...words: readonly string[]): Promise<Called> {
  const call = last.then(() => run(words))
  last = call.catch(() => {})
  return call
}

async function run(words: readonly string[]): Promise<Called> {
  const printed: Printed = { out: '', err: '' }
  const began = performance.now()
  const restore = [...setProcess(words), takePrint(process.stdout, 'out'), takePrint(process.stderr, 'err')]
  try {
    await calls.run(printed, () => import(`${pathToFileURL(program).href}?call=${++count}`))
    return { ...printed, status: Number(process.exitCode ?? 0), milliseconds: performance.now() - began }
  } finally {
    for (const back of restore) back()
  }
}

/** Gives what takes it back. */
function setProcess(words: readonly string[]): (() => void)[] {
  const { argv, exitCode } = process
  process.argv = [process.execPath, program, ...words]
  process.exitCode = undefined
  // As in call.ts: whatever servers the shell names.
  const variables = ['TEMPORAL_ADDRESS', 'MLFLOW_TRACKING_URI', 'RLEV_HOME'].map(
    name => [name, process.env[name]] as const,
  )
  for (const [name] of variables) delete process.env[name]
  return [
    () => {
      process.argv = argv
      process.exitCode = exitCode
      for (const [name, value] of variables) if (value !== undefined) process.env[name] = value
    },
  ]
}

function takePrint(stream: NodeJS.WriteStream, key: keyof Printed): () => void {
  const { write } = stream
  const listeners = stream.listeners('error')
  stream.write = ((part: string | Uint8Array, ...rest: []) => {
    const call = calls.getStore()
    if (call === undefined) return write.call(stream, part, ...rest)
    call[key] += typeof part === 'string' ? part : Buffer.from(part).toString('utf8')
    return true
  }) as typeof write
  return () => {
    stream.write = write
    // The program listens for the end of its reader.
    for (const listener of stream.listeners('error')) {
      if (!listeners.includes(listener)) stream.off('error', listener as () => void)
    }
  }
}
