/** `rlev doctor --engine`, as a person calls it, against the test's Tinker server in a process. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Findings, findingsDigest } from '../../../activities/tinker/probe/findings.js'
import { startTinkerServer, tinyBase } from '../../tinker-server/start.js'
import { call } from '../call.js'

test('a table in plain words, and the same as JSON', async t => {
  const server = await startTinkerServer()
  t.after(() => server.end())
  const { status, out, err } = await call('doctor', '--engine', server.url, '--json')
  assert.equal(err.replace(/^.*(?:absl|oneDNN).*$/gm, '').trim(), '')
  assert.equal(status, 0)
  const { address, findings, digest, notes } = JSON.parse(out) as {
    address: string
    findings: Findings
    digest: string
    notes: string[]
  }
  assert.deepEqual([address, findings.baseModel, findings.reduction, notes], [server.url, tinyBase, 'sum', []])
  assert.equal(digest, findingsDigest(findings))
})

test('a server on which no run can be trained: exit status 1, and the reason', async t => {
  const server = await startTinkerServer({ moments: 'lost' })
  t.after(() => server.end())
  const { status, out } = await call('doctor', '--engine', server.url, '--base-model', tinyBase)
  assert.equal(status, 1)
  assert.match(out, /^a state restores the moments +no +no run: it could not go on after a stop$/m)
  assert.match(out, /^loss of a step +sum +coefficients are sent as they are$/m)
  assert.match(out, /^ {2}restoresMoments: a state does not restore the moments; /m)
  const other = await call('doctor', '--engine', server.url, '--base-model', 'another')
  assert.equal(other.status, 2)
  assert.match(other.err, new RegExp(`does not have the base model\\n.*${tinyBase}`))
})

test('options without effect are refused', async () => {
  for (const words of [
    ['--base-model', 'x'],
    ['--engine', 'http://127.0.0.1:9', '--dry-run'],
  ]) {
    const { status, err } = await call('doctor', ...words)
    assert.equal(status, 2, err)
  }
})
