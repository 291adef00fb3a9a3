/**
 * `rlev doctor`: what is installed, where, what is missing and how to get it, and the services of this home; and it mends what
 * a crash left behind, as far as that is safe.
 */

import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { masked } from '../../activities/machine/secrets.js'
import { RlevError } from '../../pipelines/errors.js'
import { given } from '../../pipelines/given.js'
import { openHome } from '../services/home.js'
import { checkStore } from '../services/object-store.js'
import { projectFolder, readParts } from '../services/project.js'
import { serviceStates, statesTable } from '../services/state.js'
import { mendHome } from './mend.js'
import type { Mending } from './mending.js'

export interface DoctorCommandOptions {
  home?: string | undefined
  /** Print the rows as JSON on standard output. */
  json?: boolean | undefined
  /** Tell what would be mended, and mend nothing. */
  dryRun?: boolean | undefined
}

/** A part that set-up makes, a tool that it uses, or the disk: as `scripts/setup.mjs --check` prints it. */
export interface PartRow {
  name: string
  title: string
  state: 'ready' | 'missing'
  /** Whether rlev, as it is now, cannot do without. */
  needed: boolean
  version?: string
  place?: string
  detail?: string
  remedy?: string
}

/** Sets exit status 1 when a needed part is missing. Services that are stopped are no fault: `up` starts them. */
export async function doctor({ home: path, json = false, dryRun = false }: DoctorCommandOptions = {}): Promise<void> {
  const home = openHome(path)
  const [made, store, services, mendings] = await Promise.all([
    partRows(),
    storeRows(),
    serviceStates(home),
    mendHome(home, { mend: !dryRun }),
  ])
  const parts = [...made, ...store]
  const ready = !parts.some(({ needed, state }) => needed && state === 'missing')
  if (json) console.log(JSON.stringify({ ready, parts, home: home.path, services, mendings }, null, 2))
  else {
    const lines = [...parts.map(partLine), '', statesTable(services, home.path)]
    console.log([...lines, ...(mendings.length === 0 ? [] : ['', ...mendings.map(mendingLine)])].join('\n'))
  }
  if (!ready) process.exitCode = 1
}

/** Asked of set-up itself: what it would make again is what is missing. */
async function partRows(): Promise<PartRow[]> {
  const call = [join(projectFolder, 'scripts', 'setup.mjs'), '--check']
  const { cache, tensorflow } = readParts()
  // Looked at is what was set up, also where the shell that set it up had variables that this one has not.
  const env = {
    ...(cache !== undefined && { RLEV_CACHE: cache }),
    ...(tensorflow !== undefined && { RLEV_TENSORFLOW: tensorflow.kind }),
    ...process.env,
  }
  const { stdout } = await promisify(execFile)(process.execPath, call, { cwd: projectFolder, env })
  return JSON.parse(stdout) as PartRow[]
}

/** None if the home is a folder alone. */
async function storeRows(): Promise<PartRow[]> {
  const row = { name: 'store', title: 'object store', needed: true }
  try {
    const place = await checkStore()
    return place === undefined ? [] : [{ ...row, state: 'ready', place, detail: 'keeps its conditions' }]
  } catch (error) {
    if (!(error instanceof RlevError)) throw error
    const { message, place, expected, found, remedy } = error.parts
    const facts = [message, expected === undefined ? '' : `expected ${expected}`, found ?? ''].filter(
      text => text !== '',
    )
    return [{ ...row, state: 'missing', detail: masked(facts.join('; ')), ...given({ place, remedy }) }]
  }
}

function partLine({ title, state, needed, version, place, detail, remedy }: PartRow): string {
  const word = state === 'ready' ? 'ready' : needed ? 'MISSING' : 'absent'
  const facts = [version, detail, place].filter(text => text !== undefined).join('; ')
  const line = `  ${title.padEnd(22)} ${word.padEnd(8)} ${facts}`.trimEnd()
  return remedy === undefined ? line : `${line}\n${' '.repeat(34)}to do: ${remedy}`
}

function mendingLine({ done, place, what }: Mending): string {
  const word = { mended: 'mended', would: 'to mend', left: 'left' }[done]
  return `  ${word.padEnd(8)} ${place}: ${what}`
}
