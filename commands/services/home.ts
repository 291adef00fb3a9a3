/**
 * A home: the folder with the services, runs and artifacts of one user of rlev (`--home`, `RLEV_HOME`, default `.rlev`).
 * Its services.json says which ports were given out and which processes were started; two homes share nothing.
 */
import { join, resolve } from 'node:path'
import { type ProcessName, readRecord, type Services } from '../../activities/machine/services-record.js'
import { stateFolder } from '../../activities/machine/state-folder.js'
import { given } from '../../pipelines/given.js'

export interface Home {
  /** Absolute path. The folder is made by the first `up`, not by opening it. */
  path: string
  /** As the last `up` left them; whether they still answer is for `serviceStates` to say. */
  services?: Services
}

/** Opens a home without making or starting anything. `path` goes before `RLEV_HOME`, that before `.rlev` here. */
export function openHome(path?: string): Home {
  const folder = resolve(path ?? (process.env['RLEV_HOME'] || '.rlev'))
  const { services } = readRecord({ path: folder })
  return { path: folder, ...given({ services }) }
}

export const logFolder = (home: Pick<Home, 'path'>): string => join(stateFolder(home), 'logs')
export const logFile = (home: Home, name: ProcessName): string => join(logFolder(home), `${name}.log`)
