import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect, createServer as createTcpServer, type Server as TcpServer } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { FaultPlan, faults, type Rates, struck } from '../../../scripts/drill/proxies/faults.js'
import { HttpProxy } from '../../../scripts/drill/proxies/http-proxy.js'
import { TcpProxy } from '../../../scripts/drill/proxies/tcp-proxy.js'

const drawn = (seed: number, rates: Rates, count: number) => {
  const plan = new FaultPlan({ seed, rates })
  return Array.from({ length: count }, () => plan.next())
}

describe('a plan of faults', () => {
  const rates = { cutBefore: 0.1, cutAfter: 0.05, cutWithin: 0.05, unavailable: 0.2, delay: 0.3, longestDelay: 50 }

  it('is named by its seed', () => {
    assert.deepEqual(drawn(1, rates, 200), drawn(1, rates, 200))
    assert.notDeepEqual(drawn(1, rates, 200), drawn(2, rates, 200))
  })

  it('strikes as often as it says, and holds nothing back for longer', () => {
    const strikes = drawn(7, rates, 20_000)
    const share = (fault: string) => strikes.filter(strike => strike.fault === fault).length / strikes.length
    for (const fault of faults) assert.ok(Math.abs(share(fault) - rates[fault]) < 0.01, `${fault} ${share(fault)}`)
    assert.ok(Math.abs(share('none') - 0.6) < 0.02)
    const delayed = strikes.filter(({ delay }) => delay > 0)
    assert.ok(Math.abs(delayed.length / strikes.length - 0.3) < 0.02)
    assert.ok(Math.max(...delayed.map(({ delay }) => delay)) <= 50)
  })

  it('refuses rates that are no shares', () => {
    for (const wrong of [
      { cutBefore: -0.1 },
      { unavailable: 1.5 },
      { cutAfter: 0.6, cutWithin: 0.6 },
      { delay: Number.NaN },
    ])
      assert.throws(() => new FaultPlan({ seed: 1, rates: wrong }), RangeError)
  })
})

const portOf = (server: Server | TcpServer) => (server.address() as AddressInfo).port

describe('the proxy before MLflow', () => {
  let server: Server
  const asked: string[] = []
  before(async () => {
    server = createServer((request, response) => {
      let body = ''
      request.on('data', (part: Buffer) => {
        body += part.toString()
      })
      request.on('end', () => {
        asked.push(`${request.method} ${request.url} ${body}`)
        response.writeHead(200, { 'content-type': 'text/plain', 'x-of': 'server' }).end(`answer to ${body}`)
      })
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
  })
  after(() => server.close())

  /** What the client gets, and what the server was asked, for one call. */
  async function through(rates: Rates) {
    asked.length = 0
    const proxy = await HttpProxy.start({ target: portOf(server), seed: 1, rates })
    let status: number | 'broken' = 'broken'
    let text = ''
    try {
      const answer = await fetch(`${proxy.url}/a?b=c`, { method: 'POST', body: 'hello' })
      status = answer.status
      text = await answer.text()
    } catch (error) {
      assert.ok(error instanceof TypeError, 'a broken connection is all that may go wrong')
    }
    await proxy.stop()
    return { status, text, asked: [...asked], counts: proxy.counts }
  }

  it('passes on what no fault strikes', async () => {
    const { status, text, asked: calls, counts } = await through({})
    assert.deepEqual([status, text, calls], [200, 'answer to hello', ['POST /a?b=c hello']])
    assert.equal(counts.requests, 1)
    assert.equal(struck(counts), 0)
  })

  it('cuts before: the server never hears of it', async () => {
    const { status, asked: calls, counts } = await through({ cutBefore: 1 })
    assert.deepEqual([status, calls, counts.cutBefore], ['broken', [], 1])
  })

  it('cuts after: the server has done it, and no answer comes', async () => {
    const { status, asked: calls, counts } = await through({ cutAfter: 1 })
    assert.deepEqual([status, calls.length, counts.cutAfter], ['broken', 1, 1])
  })

  it('cuts within: the answer begins and does not end', async () => {
    const { status, text, asked: calls, counts } = await through({ cutWithin: 1 })
    assert.deepEqual([status, text, calls.length, counts.cutWithin], [200, '', 1, 1])
  })

  it('answers 503 after the server has done it', async () => {
    const { status, text, asked: calls, counts } = await through({ unavailable: 1 })
    assert.deepEqual([status, calls.length, counts.unavailable], [503, 1, 1])
    assert.match(text, /TEMPORARILY_UNAVAILABLE/)
  })

  it('passes a call on that was held back until its client had gone', async () => {
    asked.length = 0
    const proxy = await HttpProxy.start({ target: portOf(server), seed: 1, rates: { delay: 1, longestDelay: 800 } })
    const { delay } = new FaultPlan({ seed: 1, rates: { delay: 1, longestDelay: 800 } }).next()
    assert.ok(delay > 100, 'another seed would be needed')
    await assert.rejects(fetch(proxy.url, { signal: AbortSignal.timeout(delay >> 1) }))
    assert.equal(asked.length, 0)
    await sleep(delay)
    assert.equal(asked.length, 1)
    await proxy.stop()
  })

  it('strikes only the calls that it is to strike', async () => {
    const strikes = (call: string) => call === 'POST /create'
    const proxy = await HttpProxy.start({ target: portOf(server), seed: 1, rates: { unavailable: 1 }, strikes })
    const status = async (path: string) => (await fetch(proxy.url + path, { method: 'POST', body: '' })).status
    assert.deepEqual([await status('/create?x'), await status('/other')], [503, 200])
    await proxy.stop()
  })

  it('refuses connections while it is down, and is back on the same port', async () => {
    const proxy = await HttpProxy.start({ target: portOf(server), seed: 1, rates: {} })
    const { url } = proxy
    const back = proxy.outage(150)
    await sleep(50)
    await assert.rejects(fetch(url), (error: TypeError) => /ECONNREFUSED/.test(String(error.cause)))
    await back
    assert.equal((await fetch(url)).status, 200)
    assert.equal(proxy.url, url)
    assert.equal(proxy.counts.outages, 1)
    await proxy.stop()
  })

  it('answers like a gateway where the server is away', async () => {
    const proxy = await HttpProxy.start({ target: 9, seed: 1, rates: {} })
    const answer = await fetch(proxy.url)
    assert.equal(answer.status, 502)
    assert.match(await answer.text(), /<html>/)
    assert.equal(proxy.counts.unanswered, 1)
    await proxy.stop()
  })
})

describe('the proxy before Temporal', () => {
  let server: TcpServer
  let heard = ''
  before(async () => {
    server = createTcpServer(socket => {
      socket.on('error', () => {})
      socket.on('data', piece => {
        heard += piece.toString()
        socket.write(`echo ${piece.toString()}`)
      })
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
  })
  after(() => server.close())

  /** What comes back until the answer is whole or the connection is over. */
  async function through(rates: Rates) {
    heard = ''
    const proxy = await TcpProxy.start({ target: portOf(server), seed: 1, rates })
    const client = connect(proxy.port, '127.0.0.1')
    let got = ''
    let open = true
    client.on('error', () => {})
    client.on('data', piece => {
      got += piece.toString()
    })
    client.on('close', () => {
      open = false
    })
    client.write('hello')
    for (let turn = 0; turn < 100 && open && got !== 'echo hello'; turn++) await sleep(10)
    const outcome = { got, open, heard, counts: proxy.counts }
    client.destroy()
    await proxy.stop()
    return outcome
  }

  it('passes bytes on, both ways', async () => {
    const { got, open, counts } = await through({})
    assert.deepEqual([got, open, counts.requests], ['echo hello', true, 1])
  })

  it('cuts before the server, after it, and in the middle of its answer', async () => {
    const before = await through({ cutBefore: 1 })
    assert.deepEqual([before.got, before.open, before.heard], ['', false, ''])
    const later = await through({ cutAfter: 1 })
    assert.deepEqual([later.got, later.open, later.heard], ['', false, 'hello'])
    const within = await through({ cutWithin: 1 })
    assert.deepEqual([within.got, within.open, within.heard], ['echo ', false, 'hello'])
    assert.deepEqual([before.counts.cutBefore, later.counts.cutAfter, within.counts.cutWithin], [1, 1, 1])
  })

  it('resets what is connected when it goes down', async () => {
    const proxy = await TcpProxy.start({ target: portOf(server), seed: 1, rates: {} })
    const client = connect(proxy.port, '127.0.0.1')
    client.on('error', () => {})
    await once(client, 'connect')
    const over = new Promise(settle => client.once('close', settle))
    await proxy.outage(10)
    await over
    await proxy.stop()
  })
})
