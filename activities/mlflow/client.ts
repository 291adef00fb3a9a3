/**
 * A client of MLflow's tracking server: its REST calls by their names, typed. It differs from a thin wrapper in its behaviour under
 * retries: see http.ts for resending, `ensureRun` for runs that exist once, checks.ts for limits.
 */

import { RlevError } from '../../pipelines/errors.js'
import { given } from '../../pipelines/given.js'
import { failPoint } from '../fail-points/fail-point.js'
import { batchLimits, checkName, checkParam, checkTag, chunks, metricToJson } from './checks.js'
import { type HttpCall, type HttpOptions, MlflowError, MlflowHttp } from './http.js'
import type { DatasetInput, Experiment, Metric, Param, Run, RunStatus, Tag } from './types.js'

const api = '/api/2.0/mlflow'
const artifactApi = '/api/2.0/mlflow-artifacts/artifacts'

/** Only a creation is not repeated if it is unclear whether it happened. */
type CallKind = 'read' | 'create' | 'log' | 'update' | 'artifact'

export class MlflowClient {
  readonly #http: MlflowHttp
  readonly #signal: AbortSignal | undefined

  constructor(options: HttpOptions & { signal?: AbortSignal }) {
    this.#http = new MlflowHttp(options)
    this.#signal = options.signal
  }

  get address(): string {
    return this.#http.address
  }

  // --- Experiments ---

  /** Null if there is no experiment of that name. */
  async getExperimentByName(name: string): Promise<Experiment | null> {
    try {
      const query = { experiment_name: name }
      return (await this.#get<{ experiment: Experiment }>('experiments/get-by-name', query)).experiment
    } catch (error) {
      if (error instanceof MlflowError && error.errorCode === 'RESOURCE_DOES_NOT_EXIST') return null
      throw error
    }
  }

  async createExperiment(name: string, tags: readonly Tag[] = []): Promise<string> {
    return (await this.#post<{ experiment_id: string }>('create', 'experiments/create', { name, tags })).experiment_id
  }

  async restoreExperiment(experimentId: string): Promise<void> {
    await this.#post('update', 'experiments/restore', { experiment_id: experimentId })
  }

  /** The experiment of a name: found, restored, or made. */
  async ensureExperiment(name: string, tags: readonly Tag[] = []): Promise<string> {
    const there = await this.getExperimentByName(name)
    if (there?.lifecycle_stage === 'deleted') await this.restoreExperiment(there.experiment_id)
    if (there !== null) return there.experiment_id
    try {
      return await this.createExperiment(name, tags)
    } catch (error) {
      // Another worker, or an earlier attempt whose answer was lost, may have made it.
      const now = await this.getExperimentByName(name)
      if (now === null) throw error
      return now.experiment_id
    }
  }

  // --- Runs ---

  async createRun(options: {
    experimentId: string
    runName: string
    startTime: number
    tags: readonly Tag[]
  }): Promise<Run> {
    options.tags.forEach(checkTag)
    const body = {
      experiment_id: options.experimentId,
      run_name: options.runName,
      start_time: options.startTime,
      tags: options.tags,
    }
    return (await this.#post<{ run: Run }>('create', 'runs/create', body)).run
  }

  async getRun(runId: string): Promise<Run> {
    return (await this.#get<{ run: Run }>('runs/get', { run_id: runId })).run
  }

  /** Every run that matches, all pages. */
  async searchRuns(options: { experimentIds: readonly string[]; filter: string }): Promise<Run[]> {
    const runs: Run[] = []
    let pageToken: string | undefined
    do {
      const answer = await this.#post<{ runs?: Run[]; next_page_token?: string }>('read', 'runs/search', {
        experiment_ids: options.experimentIds,
        filter: options.filter,
        max_results: 1000,
        ...given({ page_token: pageToken }),
      })
      runs.push(...(answer.runs ?? []))
      pageToken = answer.next_page_token
    } while (pageToken)
    return runs
  }

  /** Active runs with a tag, the newest first. */
  async runsByTag(experimentId: string, key: string, value: string): Promise<Run[]> {
    checkName('tag', key)
    // The filter's grammar has two kinds of quotes, and this server has no way to escape one.
    const quote = value.includes("'") ? '"' : "'"
    if (value.includes(quote))
      throw new RlevError({ kind: 'CallInvalid', message: 'both kinds of quotes in a tag', found: value })
    const filter = `tags.\`${key}\` = ${quote}${value}${quote}`
    const runs = await this.searchRuns({ experimentIds: [experimentId], filter })
    return runs.sort((a, b) => b.info.start_time - a.info.start_time || (a.info.run_id < b.info.run_id ? -1 : 1))
  }

  /**
   * The one run of a key (tag `rlev.key`): found, or made. If there are several, one stays and the others are deleted, so that
   * every caller gets the same: the `known` one, which has points, else the newest. There are several if a creation is committed long
   * after its attempt gave up, when the next attempt found no run.
   */
  async ensureRun(options: {
    experimentId: string
    key: string
    runName: string
    startTime: number
    tags: readonly Tag[]
    /** Id of a run. */
    known?: string
  }): Promise<Run> {
    const { key } = options
    const there = await this.#onlyOfKey(options)
    if (there !== null) return there
    try {
      await this.createRun({ ...options, tags: [{ key: 'rlev.key', value: key }, ...options.tags] })
    } catch (error) {
      // It may have been made although its answer was lost.
      const made = await this.#onlyOfKey(options)
      if (made === null) throw error
      return made
    }
    const made = await this.#onlyOfKey(options)
    if (made !== null) return made
    throw new RlevError({
      kind: 'ServiceUnavailable',
      message: 'MLflow does not list the run that it made',
      place: key,
    })
  }

  async #onlyOfKey(which: { experimentId: string; key: string; known?: string }): Promise<Run | null> {
    const runs = await this.runsByTag(which.experimentId, 'rlev.key', which.key)
    const kept = runs.find(({ info }) => info.run_id === which.known) ?? runs[0]
    for (const { info } of runs) if (info.run_id !== kept?.info.run_id) await this.deleteRun(info.run_id)
    return kept ?? null
  }

  /** An `endTime` of 0 clears the end of a run that is opened again. */
  async updateRun(options: { runId: string; status: RunStatus; endTime: number }): Promise<void> {
    await this.#post('update', 'runs/update', {
      run_id: options.runId,
      status: options.status,
      end_time: options.endTime,
    })
  }

  async deleteRun(runId: string): Promise<void> {
    await this.#post('update', 'runs/delete', { run_id: runId })
  }

  async setTag(runId: string, key: string, value: string): Promise<void> {
    checkTag({ key, value })
    await this.#post('log', 'runs/set-tag', { run_id: runId, key, value })
  }

  /** Metrics, params and tags, cut into batches that MLflow takes; params and tags go first, apart from the metrics. */
  async logBatch(batch: {
    runId: string
    metrics?: readonly Metric[]
    params?: readonly Param[]
    tags?: readonly Tag[]
  }): Promise<void> {
    const { runId, metrics = [], params = [], tags = [] } = batch
    params.forEach(checkParam)
    tags.forEach(checkTag)
    const points = metrics.map(metricToJson)
    for (const part of chunks(params, batchLimits.params)) await this.#logBatch(runId, { params: part })
    for (const part of chunks(tags, batchLimits.tags)) await this.#logBatch(runId, { tags: part })
    for (const part of chunks(points, batchLimits.total)) await this.#logBatch(runId, { metrics: part })
  }

  /** Logs params. If MLflow holds another value under a key, throws TrackingConflict with the difference. */
  async logParams(runId: string, params: readonly Param[]): Promise<void> {
    try {
      await this.logBatch({ runId, params })
    } catch (error) {
      if (!(error instanceof MlflowError && error.status === 400)) throw error
      const there = new Map((await this.getRun(runId)).data.params?.map(({ key, value }) => [key, value]))
      const different = params.filter(({ key, value }) => there.has(key) && there.get(key) !== value)
      if (different.length === 0) throw error
      throw new RlevError({
        kind: 'TrackingConflict',
        message: 'the MLflow run belongs to another configuration',
        place: `${this.address} run ${runId}`,
        expected: different.map(({ key, value }) => `${key} = ${value}`).join(', '),
        found: different.map(({ key }) => `${key} = ${there.get(key)}`).join(', '),
        remedy: 'give the changed experiment another name, or delete the run in MLflow',
        cause: error,
      })
    }
  }

  async logInputs(runId: string, datasets: readonly DatasetInput[]): Promise<void> {
    // The server removes duplicates by name and digest.
    await this.#post('log', 'runs/log-inputs', { run_id: runId, datasets })
  }

  /** All points of a metric, all pages. */
  async getMetricHistory(runId: string, metricKey: string): Promise<Metric[]> {
    const points: Metric[] = []
    let pageToken: string | undefined
    do {
      const answer = await this.#get<{ metrics?: Metric[]; next_page_token?: string }>('metrics/get-history', {
        run_id: runId,
        metric_key: metricKey,
        max_results: '25000',
        ...given({ page_token: pageToken }),
      })
      points.push(...(answer.metrics ?? []))
      pageToken = answer.next_page_token
    } while (pageToken)
    return points
  }

  // --- Artifacts, through the server ---

  /** Replaces what was there. */
  async uploadArtifact(run: Run, path: string, content: string | Uint8Array): Promise<void> {
    const bytes = typeof content === 'string' ? Buffer.from(content) : content
    await this.#call('artifact', { method: 'PUT', path: artifactPath(run, path), bytes, repeatable: true })
  }

  async downloadArtifact(run: Run, path: string): Promise<Uint8Array> {
    return this.#http.bytes({ method: 'GET', path: artifactPath(run, path), repeatable: true, ...this.#aborting() })
  }

  // --- Calls ---

  async #logBatch(runId: string, part: object): Promise<void> {
    await this.#post('log', 'runs/log-batch', { run_id: runId, ...part })
  }

  #get<T>(name: string, query: Record<string, string>): Promise<T> {
    return this.#call('read', { method: 'GET', path: `${api}/${name}`, query, repeatable: true })
  }

  #post<T>(kind: CallKind, name: string, body: object): Promise<T> {
    return this.#call(kind, { method: 'POST', path: `${api}/${name}`, body, repeatable: kind !== 'create' })
  }

  async #call<T>(kind: CallKind, call: HttpCall): Promise<T> {
    failPoint(`mlflow.${kind}.before`)
    const answer = await this.#http.json<T>({ ...call, ...this.#aborting() })
    failPoint(`mlflow.${kind}.after`)
    return answer
  }

  #aborting(): { signal?: AbortSignal } {
    return given({ signal: this.#signal })
  }
}

export function tagOf(run: Run, key: string): string | undefined {
  return run.data.tags?.find(tag => tag.key === key)?.value
}

const proxied = 'mlflow-artifacts:'

function artifactPath(run: Run, path: string): string {
  checkName('artifact', path)
  const root = run.info.artifact_uri
  if (!root.startsWith(proxied)) {
    throw new RlevError({
      kind: 'ServiceUnavailable',
      message: 'the MLflow server does not serve artifacts',
      place: root,
      expected: `an artifact root of ${proxied}`,
      remedy: 'start the server with --serve-artifacts (its default) and --artifacts-destination',
    })
  }
  const parts = `${new URL(root).pathname}/${path}`.split('/').filter(part => part !== '')
  return `${artifactApi}/${parts.map(encodeURIComponent).join('/')}`
}
