/** The state of each service of a home, asked of the service itself. Starts nothing. */

import { type ProcessName, processNames, readRecord } from '../../activities/machine/services-record.js'
import type { Home } from './home.js'
import { logFile } from './home.js'
import { externalMlflow, mlflowAnswers } from './mlflow.js'
import { isAlive } from './processes.js'
import { externalTemporal, temporalAnswers } from './temporal.js'
import { workerNames } from './workers.js'

export interface ServiceState {
  name: ProcessName
  /** `silent`: its process lives, or the environment names it, but it does not answer. */
  state: 'running' | 'silent' | 'stopped'
  /** Whether `up` started it, or the environment names it. */
  owner: 'home' | 'environment'
  pid?: number
  /** What clients connect to; absent for workers. */
  address?: string
  /** The page for a browser. */
  page?: string
  log?: string
}

export function serviceStates(home: Home): Promise<ServiceState[]> {
  const { processes, services } = readRecord(home)
  const external = { temporal: externalTemporal(), mlflow: externalMlflow() }

  const answers = async (name: ProcessName): Promise<boolean> => {
    if (name === 'temporal') {
      const service = external.temporal ?? services?.temporal
      return service !== undefined && (await temporalAnswers(service))
    }
    if (name === 'mlflow') {
      const service = external.mlflow ?? services?.mlflow
      return service !== undefined && (await mlflowAnswers(service))
    }
    return true
  }

  const stateOf = async (name: ProcessName): Promise<ServiceState> => {
    const named =
      name === 'temporal' ? external.temporal?.address : name === 'mlflow' ? external.mlflow?.url : undefined
    if (named !== undefined) {
      return { name, state: (await answers(name)) ? 'running' : 'silent', owner: 'environment', address: named }
    }
    const log = logFile(home, name)
    const record = processes[name]
    if (!isAlive(record)) return { name, state: 'stopped', owner: 'home', log }
    const places: Partial<Record<ProcessName, { address?: string | undefined; page?: string | undefined }>> = {
      temporal: { address: services?.temporal.address, page: services?.temporal.uiUrl },
      mlflow: { address: services?.mlflow.url, page: services?.mlflow.url },
    }
    const { address, page } = places[name] ?? {}
    const state = (await answers(name)) ? 'running' : 'silent'
    return { name, state, owner: 'home', pid: record.pid, log, ...(address && { address }), ...(page && { page }) }
  }

  // A home on a card has no second policy worker.
  const had = processNames.filter(name => name in processes || name !== 'policy-2' || workerNames().includes(name))
  return Promise.all(had.map(stateOf))
}

/** Processes of the home that live, by title and process id. Asks none of them. */
export function livingProcesses(home: Home): string[] {
  const { processes } = readRecord(home)
  return processNames.flatMap(name => {
    const record = processes[name]
    return isAlive(record) ? [`${titles[name]} (process ${record.pid})`] : []
  })
}

const titles = {
  temporal: 'Temporal server',
  mlflow: 'MLflow server',
  orchestrator: 'worker for workflows',
  policy: 'worker for the policy',
  'policy-2': 'second worker for it',
} as const

/** A line a service: title, state, process, addresses. */
export function statesTable(states: readonly ServiceState[], homePath: string): string {
  const lines = states.map(({ name, state, owner, pid, address, page }) => {
    const links = page !== undefined && page !== address ? [address, `page ${page}`] : [address]
    const whose = owner === 'environment' ? 'named by the environment' : pid === undefined ? '' : `process ${pid}`
    const rest = [whose, ...links].filter(text => text).join(', ')
    return `  ${titles[name].padEnd(22)} ${state.padEnd(8)} ${rest}`.trimEnd()
  })
  return [`services of ${homePath}`, ...lines].join('\n')
}
