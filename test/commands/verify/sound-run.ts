/** A sound run that was made by the stages, and what hurts a copy of it. Each of these gives the path that `verify` must name. */
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { experimentPaths, runFolder } from '../../../activities/store/runs/run-folder.js'
import { temporaryBeside } from '../../../activities/store/temporary-names.js'
import { runInProcess } from '../../../scripts/drill/in-process.js'
import { tinyConfig } from '../../workflows/tiny.js'

export const config = tinyConfig('sound', {
  steps: 4,
  evaluation: { every: 2 },
  checkpoint: { everySteps: 2 },
})

/** The home of the run, which stays as it is. */
export let whole = ''
/** A copy that a test may hurt, and the run in it. */
export let home = ''
export let folder = ''

let making: Promise<void> | undefined
/** Once in a process. */
export function makeRun(): Promise<void> {
  making ??= (async () => {
    whole = mkdtempSync(join(tmpdir(), 'rlev-verify-'))
    process.once('exit', () => rmSync(whole, { recursive: true, force: true }))
    await runInProcess({ home: whole, config })
  })()
  return making
}

/** In a copy of the home. */
export async function inACopy(work: () => Promise<void> | void): Promise<void> {
  home = mkdtempSync(join(tmpdir(), 'rlev-verify-'))
  folder = runFolder(home, 'sound')
  try {
    cpSync(whole, home, { recursive: true })
    await work()
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
}

export const checkpoint = (step: number, ...names: string[]) =>
  join(experimentPaths.checkpoints(folder), `step-00000${step}`, ...names)

function changeLastByte(path: string): void {
  const bytes = readFileSync(path)
  bytes[bytes.length - 1] = (bytes.at(-1) as number) ^ 1
  writeFileSync(path, bytes)
}

export function hurt(path: string): string {
  changeLastByte(path)
  return path
}

export function gone(path: string, told = path): string {
  rmSync(path, { recursive: true })
  return told
}

export function extra(path: string): string {
  writeFileSync(path, 'hello')
  return path
}

export function stored(kind: string): string {
  const [name = ''] = readdirSync(join(home, 'store', kind))
  return join(home, 'store', kind, name)
}

export function unfinished({ dead, old }: { dead: boolean; old: boolean }): string {
  const pid = dead ? spawnSync(process.execPath, ['--version']).pid : process.pid
  const own = temporaryBeside(checkpoint(4))
  const path = join(dirname(own), basename(own).replace(`-${process.pid}-`, `-${pid}-`))
  mkdirSync(path)
  if (old) utimesSync(path, 0, Date.now() / 1000 - 600)
  return path
}
