/** Starts the test's Tinker server as a process, again on the same port and folder after it was killed, and ends it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { ServerSettings } from './settings.js'

const program = fileURLToPath(new URL('./main.js', import.meta.url))

export const tinyBase = 'test/fixtures/qwen3-tiny'

export interface TinkerServer {
  url: string
  folder: string
  /** Times that it was started again after its end. */
  readonly restarts: number
  kill(): Promise<void>
  /** Also removes the folder. */
  end(): Promise<void>
}

/** `supervised`: it is started again whenever it ends, without the settings `kill` and `cut`. */
export async function startTinkerServer(
  given: Partial<ServerSettings> & { supervised?: boolean } = {},
): Promise<TinkerServer> {
  const { supervised = false, ...settings } = given
  const folder = settings.folder ?? mkdtempSync(join(tmpdir(), 'rlev-tinker-'))
  let restarts = 0
  let isEnding = false
  let child: ChildProcess
  const begin = async (changed: Partial<ServerSettings>): Promise<string> => {
    const all = { folder, base: tinyBase, ...settings, ...changed }
    child = spawn(process.execPath, [program, JSON.stringify(all)], { stdio: ['ignore', 'pipe', 'inherit'] })
    const own = child
    own.once('exit', () => {
      if (!supervised || isEnding) return
      restarts++
      void begin({ port: Number(new URL(url).port), kill: null, cut: null })
    })
    const lines = createInterface({ input: own.stdout as NodeJS.ReadableStream })
    const [line] = (await Promise.race([once(lines, 'line'), once(own, 'exit').then(() => [''])])) as [string]
    return line
  }
  // A process that ends early, as a drill at Ctrl-C, leaves no server behind.
  process.once('exit', () => child.kill('SIGKILL'))
  const url = await begin({})
  if (url === '') throw new Error('the server ended')
  const kill = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    await gone
  }
  return {
    url,
    folder,
    get restarts() {
      return restarts
    },
    kill,
    async end() {
      isEnding = true
      await kill()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
