/**
 * Runs whose creation is committed long after the client that asked for it has given up and made another one. No search before a
 * creation can find them. They must neither stay nor replace the run that has the points.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { MlflowClient } from '../../../activities/mlflow/client.js'
import type { Run } from '../../../activities/mlflow/types.js'
import { RlevError } from '../../../pipelines/errors.js'
import type { Counts, Rates } from '../proxies/faults.js'
import { HttpProxy } from '../proxies/http-proxy.js'

export interface LateRunsFound {
  failures: string[]
  runs: number
  /** Creations that the server committed. */
  made: number
  counts: Counts
}

/** Milliseconds that the client waits for an answer. */
const timeout = 400
const mostAttempts = 100

/** `rates` strike creations only. `mlflow`: address of the server. */
export async function makeLateRuns(options: {
  name: string
  mlflow: string
  runs: number
  rates: Rates
  seed: number
}): Promise<LateRunsFound> {
  const { name, mlflow, runs, rates, seed } = options
  const target = Number(new URL(mlflow).port)
  const proxy = await HttpProxy.start({ target, seed, rates, strikes: call => call.endsWith('/runs/create') })
  const client = new MlflowClient({ address: proxy.url, timeoutMs: timeout, environment: {} })
  const direct = new MlflowClient({ address: mlflow, environment: {} })
  const found: LateRunsFound = { failures: [], runs, made: 0, counts: proxy.counts }
  try {
    const experimentId = await direct.ensureExperiment(name)
    for (let index = 0; index < runs; index++) {
      const key = `${name} ${index}`
      const kept = await untilMade(client, { experimentId, key })
      const point = { key: 'point', value: index, timestamp: 1_700_000_000_000, step: 1 }
      await direct.logBatch({ runId: kept.info.run_id, metrics: [point] })
      // Everything that is still held back arrives now.
      await sleep(rates.longestDelay ?? 0)
      found.made += (await direct.runsByTag(experimentId, 'rlev.key', key)).length
      await untilMade(client, { experimentId, key, known: kept.info.run_id })
      const left = await direct.runsByTag(experimentId, 'rlev.key', key)
      if (left.length !== 1) found.failures.push(`${key}: ${left.length} runs`)
      const history = await direct.getMetricHistory(left[0]?.info.run_id ?? '', 'point')
      if (history.length !== 1) found.failures.push(`${key}: the run that is left has ${history.length} of 1 point`)
    }
    return found
  } finally {
    await proxy.stop()
  }
}

/** As attempts of an activity would. */
async function untilMade(
  client: MlflowClient,
  which: { experimentId: string; key: string; known?: string },
): Promise<Run> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await client.ensureRun({ ...which, runName: which.key, startTime: Date.now(), tags: [] })
    } catch (error) {
      const mayPass = error instanceof RlevError && error.kind === 'ServiceUnavailable'
      if (!mayPass || attempt === mostAttempts) throw error
    }
  }
}
