/** `rlev down`: ends the services that `rlev up` started for this home. Runs go on where they were at the next `up`. */

import { takeDown } from './services/down.js'
import { openHome } from './services/home.js'

export interface DownCommandOptions {
  home?: string | undefined
  /** Print what was ended as JSON on standard output. */
  json?: boolean | undefined
}

export async function down({ home: path, json = false }: DownCommandOptions = {}): Promise<void> {
  const home = openHome(path)
  const ended = await takeDown(home, line => process.stderr.write(`${line}\n`))
  if (json) console.log(JSON.stringify({ home: home.path, ended }, null, 2))
  else if (ended.length === 0) console.log(`no service of ${home.path} was running`)
}
