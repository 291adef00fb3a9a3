/** A server on loopback that answers the calls of the Hugging Face hub that are made here, and a storage that it sends to. */
import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface ServedRepo {
  /** By branch or tag. */
  revisions: Record<string, string>
  /** Content by commit and path. */
  commits: Record<string, Record<string, string | Buffer>>
  /** Paths that are kept by Git LFS: the hub sends to the storage for them. */
  large?: readonly string[]
  isPrivate?: boolean
}

export interface HubServer {
  endpoint: string
  /** Requests so far, as `METHOD path`, with the token if they had one. */
  asked: string[]
  /** Bytes of a large file after which the connection is cut, once each. */
  cuts: number[]
  close: () => Promise<void>
}

export const token = 'hf_secret_of_the_test'

/** By `datasets/owner/name` or `models/owner/name`. */
export async function serveHub(repos: Record<string, ServedRepo>): Promise<HubServer> {
  const asked: string[] = []
  const cuts: number[] = []
  let storageEndpoint = ''
  const note = (request: IncomingMessage, place: string) => {
    const { authorization = '' } = request.headers
    asked.push(`${place} ${request.url?.split('?')[0]}${authorization === '' ? '' : ` ${authorization}`}`)
  }
  const storage = createServer((request, response) => {
    note(request, 'storage')
    const [, key = '', commit = '', path = ''] = /^\/(.+?)\/([0-9a-f]{40})\/(.*)$/.exec(request.url ?? '') ?? []
    sendPart(request, response, { content: repos[key]?.commits[commit]?.[path] ?? '', cut: cuts.shift() })
  })
  const hub = createServer((request, response) => {
    note(request, 'hub')
    const address = new URL(request.url ?? '', 'http://hub')
    const api = /^\/api\/(datasets|models)\/([^/]+\/[^/]+)\/(revision|tree)\/([^/]+)$/.exec(address.pathname)
    const file = /^\/(datasets\/)?([^/]+\/[^/]+)\/resolve\/([^/]+)\/(.+)$/.exec(address.pathname)
    const key = api ? `${api[1]}/${api[2]}` : `${file?.[1] ?? 'models/'}${file?.[2]}`
    const repo = repos[key]
    const revision = decodeURIComponent(api?.[4] ?? file?.[3] ?? '')
    const commit = repo?.revisions[revision] ?? revision
    const files = repo?.commits[commit]
    if (repo?.isPrivate === true && request.headers.authorization !== `Bearer ${token}`) return refuse(response, 401)
    if (repo === undefined || files === undefined) return refuse(response, 404)
    if (api?.[3] === 'revision')
      return json(response, { _id: '1', id: api[2], sha: commit, lastModified: '2026-01-01' })
    if (api)
      return json(
        response,
        Object.entries(files).map(([path, content]) => entryOf(path, content, repo)),
      )
    const path = file?.[4] ?? ''
    const content = files[path]
    if (content === undefined) return refuse(response, 404)
    if (repo.large?.includes(path) !== true) return sendPart(request, response, { content })
    response.writeHead(302, { location: `${storageEndpoint}/${key}/${commit}/${path}` }).end()
  })
  storageEndpoint = await listening(storage)
  const endpoint = await listening(hub)
  const close = async () => {
    for (const server of [hub, storage]) {
      server.closeAllConnections()
      await new Promise(done => server.close(done))
    }
  }
  return { endpoint, asked, cuts, close }
}

function entryOf(path: string, content: string | Buffer, { large }: ServedRepo): object {
  const bytes = Buffer.from(content)
  const oid = createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex')
  if (large?.includes(path) !== true) return { type: 'file', path, size: bytes.length, oid }
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  return { type: 'file', path, size: bytes.length, oid, lfs: { oid: sha256, size: bytes.length, pointerSize: 130 } }
}

function sendPart(
  request: IncomingMessage,
  response: ServerResponse,
  { content, cut }: { content: string | Buffer; cut?: number | undefined },
): void {
  const bytes = Buffer.from(content)
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? []
  const [from, to] =
    first === undefined ? [0, bytes.length - 1] : [Number(first), Math.min(Number(last), bytes.length - 1)]
  const etag = `"${createHash('sha1').update(bytes).digest('hex')}"`
  const length = to - from + 1
  response.writeHead(first === undefined ? 200 : 206, {
    etag,
    'content-length': length,
    ...(first === undefined ? {} : { 'content-range': `bytes ${from}-${to}/${bytes.length}` }),
  })
  const part = bytes.subarray(from, to + 1)
  if (cut === undefined || cut >= part.length) response.end(part)
  else response.write(part.subarray(0, cut), () => setTimeout(() => response.destroy(), 50))
}

function json(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value))
}

function refuse(response: ServerResponse, status: number): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ error: `status ${status}` }))
}

async function listening(server: Server): Promise<string> {
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
