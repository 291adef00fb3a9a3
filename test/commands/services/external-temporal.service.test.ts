/** A Temporal server that the environment names, with a namespace that nobody has prepared for rlev. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { programOf } from '../../../commands/services/project.js'
import { checkExternalTemporal } from '../../../commands/services/temporal.js'
import { RlevError } from '../../../pipelines/errors.js'
import { TestServices } from '../../services.js'

let services: TestServices

before(async () => {
  services = await TestServices.start({ temporal: true, mlflow: false })
})
after(() => services.stop())

const temporal = (...words: string[]) => promisify(execFile)(programOf('temporal'), words)

test('a namespace without the search attributes is refused with a command that makes them there', async () => {
  const { address } = services.services.temporal
  const service = { address, namespace: 'bare' }
  await temporal('operator', 'namespace', 'create', '--address', address, '--namespace', service.namespace)
  const refusal = async () => {
    for (let tries = 0; ; tries++) {
      const error = await checkExternalTemporal(service).then(
        () => null,
        (reason: unknown) => reason as RlevError,
      )
      // A new namespace is known to each part of the server within some seconds.
      if (error?.message.includes('lacks search attributes') || tries === 60) return error
      await sleep(500)
    }
  }
  const error = await refusal()
  assert.ok(error instanceof RlevError)
  const [program, ...words] = (error.parts.remedy ?? '').split(' ')
  assert.equal(program, 'temporal')
  await temporal(...words)
  for (let tries = 0; tries < 60; tries++) {
    if ((await checkExternalTemporal(service).catch((reason: unknown) => reason)) === undefined) return
    await sleep(500)
  }
  await checkExternalTemporal(service)
})
