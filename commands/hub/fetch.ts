/**
 * Fetches the data sets and models that a config names before the config is checked, by `plan`, `run`, `sweep` and `evaluate`. The
 * paths in a run's config are those of the cache, with the commit in them: workers read the files and never ask the hub.
 */
import { join } from 'node:path'
import type { HubName, HubUse } from '../../pipelines/config/hub-names.js'
import { RlevError } from '../../pipelines/errors.js'
import { sizeText } from '../../pipelines/memory/memory-fit.js'
import { nowAndThen } from '../text/now-and-then.js'
import { RepoCache } from './cache.js'
import { HubClient, type HubFile, type HubRepo, HubUnreachable } from './client.js'
import { type HubParts, hubPartsOf, isSafe } from './name.js'

export interface FetchOptions {
  environment?: NodeJS.ProcessEnv
  /** Gets a line of progress from time to time. */
  report: (line: string) => void
}

/** The local path of a name. Throws ConfigInvalid, NotFound, DataInvalid or ServiceUnavailable. */
export async function fetchName(
  { text, place, use }: HubName,
  { environment = process.env, report }: FetchOptions,
): Promise<string> {
  const parts = hubPartsOf(text, place)
  const repo: HubRepo = { type: use === 'model' ? 'model' : 'dataset', name: parts.repo }
  const cache = new RepoCache(repo, environment)
  const fromCache = (why: string) => {
    const commit = cache.commitOf(parts.revision)
    if (commit === null || cache.filesOf(commit).length === 0) throw notFetched(text, why)
    const { path } = chosen(cache.filesOf(commit), { text, parts, use })
    report(`hub: ${text} is commit ${commit.slice(0, 12)}, as it was fetched before (${why})`)
    return join(cache.snapshot(commit), path)
  }
  if (isOn(environment['HF_HUB_OFFLINE'])) return fromCache('HF_HUB_OFFLINE is set')
  const client = new HubClient(environment)
  let commit: string
  try {
    commit = await client.commitOf(repo, parts.revision)
  } catch (cause) {
    if (!(cause instanceof HubUnreachable)) throw cause
    return fromCache(`${client.endpoint} cannot be used: ${cause.message}`)
  }
  try {
    const files = (await client.filesOf(repo, commit)).filter(file => isSafe(file.path) && isSafe(file.digest.hex))
    const { path, wanted } = chosen(
      files.map(file => file.path),
      { text, parts, use },
    )
    await download(
      { client, cache, commit, report, text },
      files.filter(file => wanted.includes(file.path)),
    )
    cache.keepRef(parts.revision, commit)
    report(`hub: ${text} is commit ${commit.slice(0, 12)}`)
    return join(cache.snapshot(commit), path)
  } catch (cause) {
    if (!(cause instanceof HubUnreachable)) throw cause
    throw new RlevError({
      kind: 'ServiceUnavailable',
      message: 'it could not be fetched whole',
      place: `${text}, commit ${commit}`,
      found: `${client.endpoint}: ${cause.message}`,
      remedy: 'try again: a download goes on where it stopped',
      cause,
    })
  }
}

async function download(
  {
    client,
    cache,
    commit,
    report,
    text,
  }: { client: HubClient; cache: RepoCache; commit: string; report: (line: string) => void; text: string },
  files: readonly HubFile[],
): Promise<void> {
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0)
  const tell = nowAndThen(report)
  let done = 0
  const onBytes = (bytes: number) => {
    done += bytes
    tell(() => `hub: ${text}: ${sizeText(done)} of ${sizeText(total)}`)
  }
  for (const file of files) await cache.keep(client, file, { commit, onBytes })
}

/** Files of a checkpoint folder. */
const ofModel = /^[^/]+\.(json|safetensors|jinja|txt|model)$/

/** Files that may hold rows. */
const ofData = /\.(json|jsonl|ndjson|csv|tsv|parquet)(\.(gz|zst))?$/

/** Descriptions of a data set beside its rows. */
const notData = /(^|\/)(\.[^/]*|dataset_infos?\.json|package\.json|config\.json|state\.json)$/

/** What is fetched of a commit's files, and the path that the config gets, in the snapshot. Throws DataInvalid. */
function chosen(
  files: readonly string[],
  { text, parts: { path }, use }: { text: string; parts: HubParts; use: HubUse },
): { path: string; wanted: readonly string[] } {
  if (use === 'model') {
    const prefix = path === null ? '' : `${path}/`
    const wanted = files.filter(file => file.startsWith(prefix) && ofModel.test(file.slice(prefix.length)))
    if (wanted.some(file => file === `${prefix}config.json`)) return { path: path ?? '', wanted }
    throw unclear(text, `no ${prefix}config.json`, files, 'name a checkpoint in Hugging Face form, with its folder')
  }
  if (path !== null) {
    if (files.includes(path)) return { path, wanted: [path] }
    throw unclear(text, `no file ${path}`, files, 'name a file that is there')
  }
  const data = files.filter(file => ofData.test(file) && !notData.test(file))
  const isNamed = (file: string) => use === 'only' || wordsOf(file).includes(use)
  const candidates = data.length === 1 ? data : data.filter(isNamed)
  const [only] = candidates
  if (only !== undefined && candidates.length === 1) return { path: only, wanted: [only] }
  const found =
    candidates.length > 0
      ? `${candidates.length} data files`
      : data.length === 0
        ? 'no data file'
        : `no data file with ${use} in its path`
  throw unclear(text, found, candidates.length === 0 ? data : candidates, `name the file: ${text}/PATH`)
}

const wordsOf = (path: string): string[] => path.toLowerCase().split(/[^a-z]+/)

function unclear(text: string, found: string, files: readonly string[], remedy: string): RlevError {
  const shown = files.slice(0, maxShown).join(', ') + (files.length > maxShown ? ', ...' : '')
  return new RlevError({
    kind: 'DataInvalid',
    message: 'it is not clear which file of the repository is meant',
    place: text,
    expected: 'one data file; or one with train, and one with test in its path; or a path; a model has a config.json',
    found: `${found}${shown === '' ? '' : `; it has ${shown}`}`,
    remedy,
  })
}

const maxShown = 20

function notFetched(text: string, why: string): RlevError {
  return new RlevError({
    kind: 'ServiceUnavailable',
    message: 'the hub was not asked, and this revision was not fetched before',
    place: text,
    expected: 'a connection to the hub, or its files in the cache of HF_HOME',
    found: why,
    remedy: 'connect and try again, or name a file or folder of this machine',
  })
}

const isOn = (flag: string | undefined): boolean => /^(1|true|yes|on)$/i.test(flag ?? '')
