/** What is sent again and what is not, by servers of the test that answer as told. */
import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, it } from 'node:test'
import { MlflowError, MlflowHttp } from '../../../activities/mlflow/http.js'
import { RlevError } from '../../../pipelines/errors.js'

const isKind = (kind: string) => (error: unknown) => error instanceof RlevError && error.kind === kind

describe('resending', () => {
  /** A server that answers with what `answers` gives, one after the other, and counts. */
  async function serve(answers: ((request: IncomingMessage, response: ServerResponse) => void)[]) {
    let asked = 0
    const server: Server = createServer((request, response) => {
      const answer = answers[Math.min(asked, answers.length - 1)]
      asked++
      request.resume().on('end', () => answer?.(request, response))
    })
    await new Promise<void>(settle => server.listen(0, '127.0.0.1', settle))
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    return { address, asked: () => asked, close: () => new Promise(settle => server.close(settle)) }
  }
  const status =
    (code: number, text = '{}') =>
    (_: IncomingMessage, response: ServerResponse) => {
      response.writeHead(code, { 'content-type': 'application/json' }).end(text)
    }
  const reset = (request: IncomingMessage) => request.socket.destroy()
  const call = { method: 'POST', path: '/x', body: {} } as const

  it('repeats a repeatable call through 503, a broken connection and a page of HTML', async () => {
    const server = await serve([status(503), reset, status(502, '<html>bad gateway</html>'), status(200, '{"ok":1}')])
    const http = new MlflowHttp({ address: server.address, backoffMs: 1 })
    assert.deepEqual(await http.json({ ...call, repeatable: true }), { ok: 1 })
    assert.equal(server.asked(), 4)
    await server.close()
  })

  it('sends a creating call once when its fate is unclear, and again when it surely did not happen', async () => {
    const unclear = await serve([status(503), status(200)])
    const http = new MlflowHttp({ address: unclear.address, backoffMs: 1 })
    await assert.rejects(http.json({ ...call, repeatable: false }), isKind('ServiceUnavailable'))
    assert.equal(unclear.asked(), 1)
    await unclear.close()

    const throttled = await serve([status(429), status(408), status(200, '{"ok":1}')])
    const other = new MlflowHttp({ address: throttled.address, backoffMs: 1 })
    assert.deepEqual(await other.json({ ...call, repeatable: false }), { ok: 1 })
    assert.equal(throttled.asked(), 3)
    await throttled.close()
  })

  it('takes a page of HTML with status 200 for no answer', async () => {
    const page = status(200, '<html>please sign in</html>')
    const between = await serve([page, status(200, '{"ok":1}')])
    const http = new MlflowHttp({ address: between.address, backoffMs: 1 })
    assert.deepEqual(await http.json({ ...call, repeatable: true }), { ok: 1 })
    await between.close()

    const always = await serve([page])
    const other = new MlflowHttp({ address: always.address, attempts: 2, backoffMs: 1 })
    await assert.rejects(
      other.json({ ...call, repeatable: true }),
      (error: unknown) => isKind('ServiceUnavailable')(error) && /please sign in/.test(String(error)),
    )
    await always.close()
  })

  it('tells a server that is busy or away, which may pass, from an error in the server', async () => {
    for (const code of [408, 429, 502, 503, 504]) {
      const server = await serve([status(code)])
      const http = new MlflowHttp({ address: server.address, attempts: 2, backoffMs: 1 })
      await assert.rejects(http.json({ ...call, repeatable: true }), isKind('ServiceUnavailable'), String(code))
      assert.equal(server.asked(), 2)
      await server.close()
    }
    const broken = await serve([status(500)])
    const http = new MlflowHttp({ address: broken.address, attempts: 2, backoffMs: 1 })
    await assert.rejects(http.json({ ...call, repeatable: true }), MlflowError)
    await broken.close()
  })

  it('says which server does not answer', async () => {
    const server = await serve([status(200)])
    await server.close()
    const http = new MlflowHttp({ address: server.address, attempts: 2, backoffMs: 1 })
    await assert.rejects(http.json({ ...call, repeatable: false }), isKind('ServiceUnavailable'))
  })

  it('gives up on a server that says nothing', async () => {
    const server = await serve([() => {}])
    const http = new MlflowHttp({ address: server.address, attempts: 2, backoffMs: 1, timeoutMs: 100 })
    await assert.rejects(http.json({ ...call, repeatable: true }), isKind('ServiceUnavailable'))
    assert.equal(server.asked(), 2)
    void server.close()
  })

  it('takes name and password before a token, from the environment', async () => {
    const seen: (string | undefined)[] = []
    const server = await serve([
      (request, response) => {
        seen.push(request.headers.authorization)
        response.end('{}')
      },
    ])
    const send = (environment: NodeJS.ProcessEnv) =>
      new MlflowHttp({ address: server.address, environment }).json({ ...call, repeatable: true })
    await send({})
    await send({ MLFLOW_TRACKING_TOKEN: 't' })
    await send({ MLFLOW_TRACKING_USERNAME: 'u', MLFLOW_TRACKING_PASSWORD: 'p', MLFLOW_TRACKING_TOKEN: 't' })
    assert.deepEqual(seen, [undefined, 'Bearer t', `Basic ${Buffer.from('u:p').toString('base64')}`])
    await server.close()
  })
})
