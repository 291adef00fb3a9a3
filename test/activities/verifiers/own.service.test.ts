/**
 * Real runs under verifiers of the user. The module throws, hangs and exits for some answers, and its worker is killed; the server
 * fails, hangs, and is away for a while. What has no verdict is unscored, and the bits are those of an undisturbed run.
 */
import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { ProcessRecord } from '../../../activities/machine/services-record.js'
import { readEvaluations } from '../../../activities/store/runs/runs.js'
import { readProgram } from '../../../pipelines/config/program.js'
import type { ExperimentConfig } from '../../../pipelines/config/schema.js'
import type { VerifierQuestion } from '../../../pipelines/rewards/own/verify-types.js'
import { TestServices } from '../../services.js'
import { AtWork, until } from '../../workflows/at-work.js'
import { tinyConfig } from '../../workflows/tiny.js'

const steps = 6

let services: TestServices
let work: AtWork
let policyWorker: ProcessRecord

before(async () => {
  services = await TestServices.start({ temporal: true, mlflow: true })
  ;[, policyWorker] = await Promise.all([services.startWorker('orchestrator'), services.startWorker('policy')])
  work = new AtWork(services)
})
after(() => services?.stop())

function configOf(name: string, reward: Partial<ExperimentConfig['reward']>): ExperimentConfig {
  return tinyConfig(name, {
    steps,
    evaluation: { every: steps },
    checkpoint: { everySteps: steps },
    durability: { stepsPerActivity: steps, heartbeatTimeout: 3 },
    reward,
  })
}

/** What an experiment came to. */
function outcomeOf(name: string) {
  const evaluations = readEvaluations(services.path, name).map(({ evaluation }) => evaluation)
  return { optimizer: work.optimizerBytes(name, steps), evaluations }
}

const unscoredIn = (name: string): number =>
  readEvaluations(services.path, name).reduce((sum, { evaluation }) => sum + evaluation.unscored, 0)

describe('a module in TypeScript', () => {
  it('that throws, hangs and exits, with its worker killed: unscored and counted, and the same bits', async () => {
    const verifier = join(services.path, 'verifier.ts')
    const seen = join(services.path, 'seen')
    writeFileSync(
      verifier,
      `import { appendFileSync } from 'node:fs'
       import type { Verify } from 'rlev'
       const seen = (what: string) => appendFileSync(${JSON.stringify(seen)}, what + '\\n')
       export const verify: Verify = ({ answer, reference }) => {
         if (answer === null) return false
         if (answer.endsWith('3')) {
           seen('throws')
           throw new Error('ends with three')
         }
         if (/^8[0-4]?$/.test(answer)) {
           seen('hangs')
           for (;;);
         }
         if (/^5[0-4]?$/.test(answer)) {
           seen('exits')
           process.exit(1)
         }
         return answer === reference ? true : answer.length === reference.length ? 0.25 : false
       }`,
    )
    const reward = {
      verifier: verifier as `${string}.ts`,
      verifierDigest: readProgram(verifier).digest,
      timeoutMs: 150,
    }
    await work.run(configOf('module', reward))
    const ways = new Set(readFileSync(seen, 'utf8').trim().split('\n'))
    assert.deepEqual([...ways].sort(), ['exits', 'hangs', 'throws'])
    assert.ok(unscoredIn('module') > 0, 'some responses are unscored')

    // The same results have the same key: its marks and steps must not come from the first run.
    const handle = await work.start(configOf('module-killed', reward))
    await until('the second step', () => work.journaled('module-killed') >= 2)
    await services.kill(policyWorker)
    policyWorker = await services.startWorker('policy')
    await handle.result()
    assert.deepEqual(outcomeOf('module-killed'), outcomeOf('module'))
  })
})

describe('a server', () => {
  it('that fails, hangs and is away for a while: what it never marks is unscored, and the rest has the same bits', async () => {
    const calm = await listening(() => 'answer')
    const reward = (url: string, name: string) => ({
      endpoint: { url, name, batch: 16, timeoutMs: 300, attempts: 12, backoffMs: 10, concurrency: 2 },
    })
    await work.run(configOf('served', reward(calm.url, 'calm')))
    await calm.close()

    let requests = 0
    const rough = await listening(() => {
      requests++
      return requests % 5 === 2 ? 'fail' : requests % 11 === 7 ? 'hang' : 'answer'
    })
    const handle = await work.start(configOf('served-roughly', reward(rough.url, 'rough')))
    await until('the second step', () => work.journaled('served-roughly') >= 2)
    await rough.close()
    await until('some time without it', () => new Promise(passed => setTimeout(() => passed(true), 1500)))
    await rough.open()
    await handle.result()
    await rough.close()
    assert.ok(requests > 5)
    assert.deepEqual(outcomeOf('served-roughly'), outcomeOf('served'))
    assert.ok(existsSync(join(services.path, 'store', 'marks')))
  })
})

/** Marks answers that begin with 7 by no value at all, so that they stay unscored. */
async function listening(behaviour: () => 'answer' | 'fail' | 'hang') {
  const server: Server = createServer((request, answer) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      const { questions } = JSON.parse(Buffer.concat(parts).toString('utf8')) as { questions: VerifierQuestion[] }
      const way = behaviour()
      if (way === 'hang') return
      const marks = questions.map(question =>
        question.answer?.startsWith('7') ? 'perhaps' : question.answer === question.reference,
      )
      answer
        .writeHead(way === 'fail' ? 503 : 200, { 'content-type': 'application/json' })
        .end(JSON.stringify({ marks }))
    })
  })
  const open = (port: number) => new Promise<void>(ready => server.listen(port, '127.0.0.1', ready))
  await open(0)
  const { port } = server.address() as AddressInfo
  const close = async () => {
    server.closeAllConnections()
    await new Promise<void>(done => server.close(() => done()))
  }
  return { url: `http://127.0.0.1:${port}/mark`, close, open: () => open(port) }
}
