/** Resending of requests: how often, after which wait, and that an abort ends it. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { retryAfterMs, withRetries } from '../../activities/http-retry.js'

/** Attempts that come to 1, 2, 3, ...; those before `last` may be resent. */
function attemptsUntil(last: number, retryAfter?: number) {
  const times: number[] = []
  const attempt = async () => {
    times.push(performance.now())
    const outcome = times.length
    return { outcome, mayResend: outcome < last, retryAfterMs: retryAfter }
  }
  return { attempt, times }
}

describe('a request', () => {
  it('is sent until it may not be resent, and at most as often as allowed', async () => {
    const soon = attemptsUntil(3)
    assert.equal(await withRetries({ ...soon, attempts: 5, backoffMs: 1 }), 3)
    const never = attemptsUntil(Number.POSITIVE_INFINITY)
    assert.equal(await withRetries({ ...never, attempts: 4, backoffMs: 1 }), 4)
    const once = attemptsUntil(1)
    assert.equal(await withRetries({ ...once, attempts: 4, backoffMs: 1 }), 1)
    assert.deepEqual([soon.times.length, never.times.length, once.times.length], [3, 4, 1])
  })

  it('waits from half of the backoff on, doubled each time', async () => {
    const { attempt, times } = attemptsUntil(3)
    await withRetries({ attempt, attempts: 3, backoffMs: 80 })
    const waits = times.slice(1).map((time, index) => time - (times[index] as number))
    // Timers may be a millisecond early.
    assert.ok((waits[0] as number) >= 39 && (waits[1] as number) >= 79, waits.join())
  })

  it('waits as long as the server asks, in place of the backoff', async () => {
    const { attempt, times } = attemptsUntil(2, 50)
    await withRetries({ attempt, attempts: 2, backoffMs: 60_000 })
    assert.ok((times[1] as number) - (times[0] as number) >= 49)
  })

  it('is not sent again once its signal is aborted', async () => {
    const { attempt, times } = attemptsUntil(9)
    const stop = new AbortController()
    const sending = withRetries({ attempt, attempts: 9, backoffMs: 60_000, signal: stop.signal })
    stop.abort()
    await assert.rejects(sending, { name: 'AbortError' })
    assert.equal(times.length, 1)
  })
})

describe('Retry-After', () => {
  const maxMs = 30_000

  it('is read in seconds and as a date, and is at most what a server can ask for', () => {
    assert.equal(retryAfterMs('2', { maxMs }), 2000)
    assert.equal(retryAfterMs('0.05', { maxMs }), 50)
    assert.equal(retryAfterMs('3600', { maxMs }), maxMs)
    const inTenSeconds = retryAfterMs(new Date(Date.now() + 10_000).toUTCString(), { maxMs }) as number
    assert.ok(inTenSeconds > 5000 && inTenSeconds <= 10_000, String(inTenSeconds))
    assert.equal(retryAfterMs('Thu, 01 Jan 1970 00:00:00 GMT', { maxMs }), 0)
  })

  it('that is missing or cannot be read asks for nothing', () => {
    for (const header of [null, '', 'soon', '-1e'])
      assert.equal(retryAfterMs(header, { maxMs }), undefined, String(header))
  })
})
