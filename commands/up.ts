/** `rlev up`: the services of this home, started where they are not there. */

import { openHome } from './services/home.js'
import { serviceStates, statesTable } from './services/state.js'
import { ensureUp, type Part } from './services/up.js'

export interface UpCommandOptions {
  home?: string | undefined
  /** Print the states as JSON on standard output. */
  json?: boolean | undefined
  /** Start one part, and leave the others as they are. */
  only?: Part | undefined
}

export async function up({ home: path, json = false, only }: UpCommandOptions = {}): Promise<void> {
  const home = openHome(path)
  await ensureUp(home, { only })
  const states = await serviceStates(home)
  if (json) console.log(JSON.stringify({ home: home.path, services: states }, null, 2))
  else console.log(statesTable(states, home.path))
}
