/** An MLflow server that the environment names, and that answers to other names only. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { checkExternalMlflow } from '../../../commands/services/mlflow.js'
import { RlevError } from '../../../pipelines/errors.js'
import { TestServices } from '../../services.js'

let services: TestServices
const named: Server[] = []

before(async () => {
  services = await TestServices.start({ temporal: false, mlflow: true })
})

after(async () => {
  for (const server of named) server.close()
  await services.stop()
})

/** Address of the real server as clients reach it that know it by another name. */
async function under(host: string): Promise<string> {
  const { port } = new URL(services.services.mlflow.url)
  const server = createServer((incoming, response) => {
    const { method, url: path, headers } = incoming
    const sent = request({ host: '127.0.0.1', port, method, path, headers: { ...headers, host } }, answer => {
      response.writeHead(answer.statusCode ?? 0, answer.headers)
      answer.pipe(response)
    })
    incoming.pipe(sent)
  })
  named.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

test('a server that does not know its own name is refused before a run is started, with the option that it lacks', async () => {
  await checkExternalMlflow({ url: await under('10.77.0.1:5000') })
  const url = await under('mlflow.example.org:5000')
  await assert.rejects(checkExternalMlflow({ url }), (error: unknown) => {
    assert.ok(error instanceof RlevError)
    assert.equal(error.kind, 'ServiceUnavailable')
    assert.match(error.parts.found ?? '', /^status 403: Invalid Host header/)
    assert.match(error.parts.remedy ?? '', /--allowed-hosts/)
    return true
  })
})
