/** What the proxies before HTTP servers share: a request read whole and passed on, and its answer read whole. */
import {
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestOptions,
  request as requestByHttp,
  type ServerResponse,
} from 'node:http'

export interface Answer {
  status: number
  headers: IncomingHttpHeaders
  body: Buffer
}

/** The server's answer to a request with this body. `target`: where the server is. Rejects where it gives none. */
export function passOn(
  { method, url, headers }: IncomingMessage,
  body: Buffer,
  { request = requestByHttp, path = url, host, ...target }: Target,
): Promise<Answer> {
  return new Promise((settle, fail) => {
    const outgoing = request({
      ...target,
      method,
      path,
      headers: { ...passable(headers), ...(host === undefined ? {} : { host }), 'content-length': body.length },
      // A connection for each: one that the server closes while it rests would be a fault that nobody drew.
      agent: false,
    })
    outgoing.once('error', fail)
    outgoing.once('response', answer =>
      bytesOf(answer).then(
        bytes => settle({ status: answer.statusCode ?? 502, headers: answer.headers, body: bytes }),
        fail,
      ),
    )
    outgoing.end(body)
  })
}

interface Target extends Pick<RequestOptions, 'hostname' | 'port'> {
  /** Of `node:https` for a server with TLS. */
  request?: typeof requestByHttp
  /** That of the request unless said. */
  path?: string
  /** The header; that of the request unless said. */
  host?: string
}

export function send(response: ServerResponse, { status, headers, body }: Answer): void {
  sendHead(response, { status, headers, body }).end(body)
}

export function sendHead(response: ServerResponse, { status, headers, body }: Answer): ServerResponse {
  return response.writeHead(status, { ...passable(headers), 'content-length': body.length })
}

/** Those that concern one connection are each side's own. */
function passable(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const { connection: _connection, 'transfer-encoding': _encoding, 'keep-alive': _alive, ...others } = headers
  return others
}

export async function bytesOf(message: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const part of message) parts.push(part as Buffer)
  return Buffer.concat(parts)
}
