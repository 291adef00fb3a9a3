/**
 * How many requests a second one core of `rlev serve` answers: `/score` with one row of 1 KB, the numeric verifier, 32 connections that are
 * kept. The time of the processor counts too, since other programs may take the core.
 *
 *   node dist/scripts/bench-serve.js [requests in a round]
 */
import { spawn } from 'node:child_process'
import { Agent, request } from 'node:http'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { buildFolder } from '../commands/services/project.js'

const requests = Number(process.argv[2] ?? 5000)
const rounds = 3
const lanes = 32

const row = { prompt: 'How much is 9 + 9?', response: `${'We add 9 and 9. '.repeat(60)}\n#### 18`, answer: '18' }
const body = JSON.stringify([{ ...row, points: 5, total: 100 }])

const words = [join(buildFolder, 'commands', 'main.js'), 'serve', '--port', '0', '--set', 'reward.verifier=numeric']
const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] })
try {
  const url = await new Promise<string>((settle, fail) => {
    let said = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text
      const found = /POST (http:\S+)\/score/.exec(said)?.[1]
      if (found !== undefined) settle(found)
    })
    child.once('exit', status => fail(new Error(`the server ended with status ${status}`)))
  })
  await ask(url, 500)
  for (let round = 1; round <= rounds; round++) {
    const [before, began] = [await processorSeconds(url), performance.now()]
    await ask(url, requests)
    const [seconds, busy] = [(performance.now() - began) / 1000, (await processorSeconds(url)) - before]
    console.log(
      `${requests} requests in ${seconds.toFixed(2)} s: ${Math.round(requests / seconds)} a second, ${Math.round(requests / busy)} a second of the processor`,
    )
  }
  console.log(`on ${availableParallelism()} cores, of which the server uses one`)
} finally {
  child.kill()
}

async function ask(url: string, count: number): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: lanes })
  let left = count
  const lane = async () => {
    while (left-- > 0) await askOnce(url, agent)
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  agent.destroy()
}

function askOnce(url: string, agent: Agent): Promise<void> {
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
  return new Promise((settle, fail) => {
    const asked = request(`${url}/score`, { method: 'POST', agent, headers }, answer => {
      let said = ''
      answer.setEncoding('utf8').on('data', (text: string) => {
        said += text
      })
      answer.on('end', () => (said.includes('"reward":1.5') ? settle() : fail(new Error(said))))
    })
    asked.on('error', fail)
    asked.end(body)
  })
}

async function processorSeconds(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text()
  return Number(/^process_cpu_seconds_total (\S+)$/m.exec(text)?.[1])
}
