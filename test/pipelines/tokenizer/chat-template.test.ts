import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { RlevError } from '../../../pipelines/errors.js'
import { ChatRenderer } from '../../../pipelines/tokenizer/chat-template.js'

const greet = (name: string) => ({ template: 'Hello {{ name }}', values: { name } })
const endless = { template: '{% macro f() %}{{ f() ~ f() }}{% endmacro %}{{ f() }}', values: {} }

async function ended(pid: number): Promise<boolean> {
  for (let waited = 0; waited < 20_000; waited += 20) {
    try {
      process.kill(pid, 0)
    } catch {
      return true
    }
    await sleep(20)
  }
  return false
}

test('one process renders every template, in the order of the calls', async () => {
  const renderer = new ChatRenderer({ idleTimeoutMs: 60_000 })
  assert.equal(renderer.pid, undefined)
  assert.equal(await renderer.render(greet('A')), 'Hello A')
  const { pid } = renderer
  const names = ['B', 'C', 'D', 'E']
  const texts = await Promise.all(names.map(name => renderer.render(greet(name))))
  assert.deepEqual(
    texts,
    names.map(name => `Hello ${name}`),
  )
  assert.equal(renderer.pid, pid)
})

test('a process that has died is replaced', async () => {
  const renderer = new ChatRenderer({ idleTimeoutMs: 60_000 })
  await renderer.render(greet('A'))
  const pid = renderer.pid as number
  process.kill(pid, 'SIGKILL')
  assert.equal(await renderer.render(greet('B')), 'Hello B')
  assert.notEqual(renderer.pid, pid)
})

test('a process that does not answer is replaced, and the call is made again', async () => {
  const renderer = new ChatRenderer({ idleTimeoutMs: 60_000 })
  await renderer.render(greet('A'))
  const pid = renderer.pid as number
  process.kill(pid, 'SIGSTOP')
  assert.equal(await renderer.render(greet('B')), 'Hello B')
  assert.notEqual(renderer.pid, pid)
  assert.ok(await ended(pid))
})

test('a template that cannot be rendered fails its own call only', async () => {
  const renderer = new ChatRenderer({ idleTimeoutMs: 60_000 })
  const broken = renderer.render({ template: '{% for %}', values: {} })
  const looping = renderer.render(endless)
  const sound = renderer.render(greet('A'))
  const refused = (error: unknown) => error instanceof RlevError && error.kind === 'CheckpointInvalid'
  await assert.rejects(broken, refused)
  await assert.rejects(looping, refused)
  assert.equal(await sound, 'Hello A')
})

test('an idle process is ended, and the next call starts another', async () => {
  const renderer = new ChatRenderer({ idleTimeoutMs: 50 })
  await renderer.render(greet('A'))
  const pid = renderer.pid as number
  assert.ok(await ended(pid))
  assert.equal(await renderer.render(greet('B')), 'Hello B')
})

test('a program that has rendered ends at once, and its process with it', async () => {
  const module = new URL('../../../pipelines/tokenizer/chat-template.js', import.meta.url).href
  const program = `
    const { ChatRenderer } = await import(${JSON.stringify(module)})
    const renderer = new ChatRenderer({ idleTimeoutMs: 600_000 })
    await renderer.render({ template: 'x', values: {} })
    console.log(renderer.pid)`
  const args = ['--input-type=module', '--eval', program]
  const said = execFileSync(process.execPath, args, { encoding: 'utf8', timeout: 60_000 })
  assert.ok(await ended(Number(said)))
})
