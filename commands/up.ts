/** `rlev up`: the services of this home, started where they are not there. */

import { openHome } from './services/home.js'
import type { ServiceState } from './services/state.js'
import { serviceStates } from './services/state.js'
import { ensureUp } from './services/up.js'

export interface UpCommandOptions {
  home?: string | undefined
  /** Print the states as JSON on standard output. */
  json?: boolean | undefined
}

export async function up({ home: path, json = false }: UpCommandOptions = {}): Promise<void> {
  const home = openHome(path)
  await ensureUp(home)
  const states = await serviceStates(home)
  if (json) console.log(JSON.stringify({ home: home.path, services: states }, null, 2))
  else console.log(statesTable(states, home.path))
}

const titles = {
  temporal: 'Temporal server',
  mlflow: 'MLflow server',
  orchestrator: 'worker for workflows',
  policy: 'worker for the policy',
  'policy-2': 'second worker for it',
} as const

/** A line a service: title, state, address or process. Shared with `rlev doctor`. */
export function statesTable(states: readonly ServiceState[], homePath: string): string {
  const lines = states.map(({ name, state, owner, pid, address, page }) => {
    const places = page !== undefined && page !== address ? [address, `page ${page}`] : [address]
    const whose = owner === 'environment' ? 'named by the environment' : pid === undefined ? '' : `process ${pid}`
    const rest = [whose, ...places].filter(text => text).join(', ')
    return `  ${titles[name].padEnd(22)} ${state.padEnd(8)} ${rest}`.trimEnd()
  })
  return [`services of ${homePath}`, ...lines].join('\n')
}
