/** Calls of the Hugging Face hub: the commit of a revision, the files of a commit, the bytes of a file. */
import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { datasetInfo, downloadFile, HubApiError, listFiles, modelInfo } from '@huggingface/hub'
import { fetchFailure } from '../../activities/http-retry.js'
import { RlevError } from '../../pipelines/errors.js'

export interface HubRepo {
  type: 'model' | 'dataset'
  name: string
}

/** A file of a commit. `digest`: of its content, in the form of git or, for large files, in hex of SHA-256. */
export interface HubFile {
  path: string
  bytes: number
  digest: { kind: 'git' | 'sha256'; hex: string }
}

/** The hub did not answer: an earlier copy may do. */
export class HubUnreachable extends Error {}

export class HubClient {
  readonly endpoint: string
  readonly #token: string | undefined

  /** `environment`: HF_ENDPOINT, HF_TOKEN or the token that `hf auth login` keeps, under HF_HOME. */
  constructor(environment: NodeJS.ProcessEnv) {
    this.endpoint = (environment['HF_ENDPOINT'] || 'https://huggingface.co').replace(/\/+$/, '')
    this.#token = environment['HF_TOKEN'] || keptToken(environment)
  }

  /** The commit of a branch, tag or commit. Throws NotFound or HubUnreachable. */
  async commitOf(repo: HubRepo, revision: string): Promise<string> {
    const question = { ...this.#options, name: repo.name, revision, additionalFields: ['sha' as const] }
    const { sha } = await this.#asked(repo, revision, () =>
      repo.type === 'model' ? modelInfo(question) : datasetInfo(question),
    )
    if (/^[0-9a-f]{40}$/.test(sha)) return sha
    throw new HubUnreachable(`${this.endpoint} named no commit`)
  }

  /** Throws NotFound or HubUnreachable. */
  async filesOf(repo: HubRepo, commit: string): Promise<HubFile[]> {
    return this.#asked(repo, commit, async () => {
      const files: HubFile[] = []
      for await (const entry of listFiles({ ...this.#options, repo, recursive: true, revision: commit })) {
        const digest = entry.lfs
          ? ({ kind: 'sha256', hex: entry.lfs.oid } as const)
          : ({ kind: 'git', hex: entry.oid ?? '' } as const)
        if (entry.type === 'file') files.push({ path: entry.path, bytes: entry.lfs?.size ?? entry.size, digest })
      }
      return files
    })
  }

  /** The bytes from `start` on. Throws NotFound or HubUnreachable. */
  async bytesOf(repo: HubRepo, { commit, path, start }: { commit: string; path: string; start: number }) {
    const blob = await this.#asked(repo, commit, () =>
      downloadFile({ ...this.#options, repo, path, revision: commit, xet: false }),
    )
    if (blob === null) throw new HubUnreachable(`${path} is not there`)
    return (start === 0 ? blob : blob.slice(start)).stream()
  }

  get #options() {
    return { hubUrl: this.endpoint, fetch: this.#fetch }
  }

  /** The token goes to the hub only, never to the storage that the hub sends to, or to a page that it links. */
  readonly #fetch: typeof fetch = (input, init) => {
    const address = new URL(input instanceof Request ? input.url : input)
    const headers = new Headers(init?.headers)
    if (this.#token !== undefined && address.origin === new URL(this.endpoint).origin) {
      headers.set('authorization', `Bearer ${this.#token}`)
    }
    return fetch(input, { ...init, headers })
  }

  async #asked<Answer>(repo: HubRepo, revision: string, ask: () => Promise<Answer>): Promise<Answer> {
    try {
      return await ask()
    } catch (cause) {
      if (!(cause instanceof HubApiError)) throw new HubUnreachable(fetchFailure(cause), { cause })
      const { statusCode: status } = cause
      if (![401, 403, 404].includes(status)) throw new HubUnreachable(`status ${status}`, { cause })
      const address = `${this.endpoint}/${repo.type === 'model' ? '' : 'datasets/'}${repo.name}`
      throw new RlevError({
        kind: 'NotFound',
        message: status === 404 ? `the hub has no ${thing(repo)} of that name and revision` : refusedText(repo),
        place: address,
        expected: `a ${thing(repo)} with the revision ${revision}`,
        found: `status ${status}`,
        remedy:
          this.#token === undefined
            ? 'check name and revision; if it is private or gated, accept its terms on the page and set HF_TOKEN'
            : 'check name and revision, and that the account of HF_TOKEN may read it (terms accepted on the page)',
      })
    }
  }
}

const thing = ({ type }: HubRepo): string => (type === 'model' ? 'model' : 'data set')
const refusedText = (repo: HubRepo): string => `the hub does not give out this ${thing(repo)}`

export function hubHome(environment: NodeJS.ProcessEnv): string {
  const cache = environment['XDG_CACHE_HOME'] || join(homedir(), '.cache')
  return environment['HF_HOME'] || join(cache, 'huggingface')
}

function keptToken(environment: NodeJS.ProcessEnv): string | undefined {
  try {
    const path = environment['HF_TOKEN_PATH'] || join(hubHome(environment), 'token')
    return readFileSync(path, 'utf8').trim() || undefined
  } catch {
    // Nobody has logged in: public repositories need no token.
    return undefined
  }
}
