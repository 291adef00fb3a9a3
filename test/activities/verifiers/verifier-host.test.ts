/** Verifiers that throw, hang, exit and fill the memory, in separate processes. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { NotLoaded, VerifierEnded } from '../../../activities/verifiers/verifier-child.js'
import { VerifierHost } from '../../../activities/verifiers/verifier-host.js'

const folder = mkdtempSync(join(tmpdir(), 'rlev-verifier-'))
const hosts: VerifierHost[] = []
after(() => rmSync(folder, { recursive: true, force: true }))
afterEach(() => {
  for (const host of hosts.splice(0)) host.end()
})

let files = 0
function fileOf(source: string): string {
  const path = join(folder, `verifier-${files++}.mjs`)
  writeFileSync(path, source)
  return path
}

function hostOf(source: string, { timeoutMs = 2000, memoryMb = 128 } = {}): VerifierHost {
  const host = new VerifierHost({ kind: 'module', path: fileOf(source) }, { timeoutMs, memoryMb })
  hosts.push(host)
  return host
}

/** Does what the question says, and answers in between. */
const hostile = `
  export async function verify({ act, credit }) {
    switch (act) {
      case 'throw': throw new RangeError('not this one')
      case 'reject': return Promise.reject(new Error('later'))
      case 'loop': for (;;);
      case 'wait': return new Promise(() => {})
      case 'exit': process.exit(3)
      case 'kill': process.kill(process.pid, 'SIGKILL'); for (;;);
      case 'grow': { const held = []; for (;;) held.push(new Array(1e5).fill(held.length)) }
      case 'buffers': { const held = []; for (;;) { held.push(Buffer.alloc(1e7, 1)); await new Promise(done => setTimeout(done, 1)) } }
      case 'background': setTimeout(() => { throw new TypeError('in the background') }, 1); return new Promise(() => {})
      case 'object': return { verdict: 'correct' }
      case 'nothing': return undefined
      case 'nan': return NaN
      case 'large': return 1.5
      case 'word': return 'right'
      case 'circle': { const circle = {}; circle.circle = circle; return circle }
      case 'print': console.log('x'.repeat(1e6)); process.stdout.write('{"id":1,"said":"wrong"}'); return true
      case 'message': process.send({ id: -1, said: 'wrong' }); process.send('text'); process.send(null); return true
      case 'disconnect': process.disconnect(); return new Promise(() => {})
      case 'false': return false
      case 'unscored': return 'unscored'
      case 'credit': return credit
      default: return true
    }
  }`

test('each way to fail costs the verdict of its own question, with the reason, and the next one is answered', async () => {
  const expected: readonly [act: string, problem: RegExp | undefined][] = [
    ['throw', /it throws RangeError: not this one \(verifier-\d+\.mjs:4\)/],
    ['reject', /it throws Error: later/],
    ['loop', /no answer within 300 ms/],
    ['wait', /no answer within 300 ms/],
    ['exit', /process ended \(status 3\)/],
    ['kill', /process ended \(SIGKILL\)/],
    ['background', /process ended \(status 1\); TypeError: in the background/],
    ['object', /returns \{"verdict":"correct"\}, which is no verdict and no credit/],
    ['nothing', /returns undefined, which/],
    ['nan', /returns NaN, which/],
    ['large', /returns 1.5, which/],
    ['word', /returns "right", which/],
    ['circle', /returns object, which/],
    ['disconnect', /process ended/],
    ['print', undefined],
    ['message', undefined],
  ]
  const questions = expected.flatMap(([act]) => [{ act }, { act: 'after' }])
  const answers = await hostOf(hostile, { timeoutMs: 300 }).ask(questions)
  for (const [index, [act, problem]] of expected.entries()) {
    const answer = answers[2 * index]
    if (problem === undefined) assert.deepEqual(answer, { said: 'correct' }, act)
    else assert.match(answer !== undefined && 'problem' in answer ? answer.problem : 'an answer', problem, act)
    assert.deepEqual(answers[2 * index + 1], { said: 'correct' }, `after ${act}`)
  }
})

test('memory without end costs the verdict of its question, on the heap and beside it', async () => {
  const acts = ['grow', 'after', 'buffers', 'after'].map(act => ({ act }))
  const answers = await hostOf(hostile, { timeoutMs: 60_000, memoryMb: 64 }).ask(acts)
  assert.match(JSON.stringify(answers[0]), /its heap was full \(64 MB\)|holds more than 320 MB/)
  assert.match(JSON.stringify(answers[2]), /holds more than 320 MB/)
  assert.deepEqual([answers[1], answers[3]], [{ said: 'correct' }, { said: 'correct' }])
})

test('verdicts and credits come in the order of the questions, over several processes', async () => {
  const questions = Array.from({ length: 1000 }, (_, index) =>
    index % 3 === 0
      ? { act: 'false' }
      : index % 3 === 1
        ? { act: 'credit', credit: index / 1000 }
        : { act: 'unscored' },
  )
  const answers = await hostOf(hostile).ask(questions)
  for (const [index, answer] of answers.entries()) {
    const said = index % 3 === 0 ? 'wrong' : index % 3 === 1 ? index / 1000 : 'unscored'
    assert.deepEqual(answer, { said })
  }
})

test('a question is not blamed for what an earlier one left behind', async () => {
  // The third question would end any process that answered two before.
  const leaking = `
    let asked = 0
    export default question => { if (++asked > 2) process.exit(1); return question.right }`
  const questions = Array.from({ length: 9 }, (_, index) => ({ right: index % 2 === 0 }))
  assert.deepEqual(
    await hostOf(leaking).ask(questions),
    questions.map(({ right }) => ({ said: right ? 'correct' : 'wrong' })),
  )
})

test('a module without a function, with an error or an end in it is told as such', async () => {
  await assert.rejects(hostOf('export const verify = 1').ask([{}]), NotLoaded)
  await assert.rejects(hostOf('throw new Error("no table")').ask([{}]), (error: Error) => {
    assert.ok(error instanceof NotLoaded)
    assert.match(error.message, /no table \(verifier-\d+\.mjs:1\)/)
    return true
  })
  await assert.rejects(hostOf('process.exit(0)').ask([{}]), VerifierEnded)
})

test('the process has neither secrets nor options of its parent', async () => {
  const told = 'export default ({ name }) => process.env[name] === undefined ? "wrong" : "correct"'
  process.env['RLEV_JUDGE_KEY'] = 'key-123456'
  process.env['SOME_API_KEY'] = 'key-123456'
  process.env['NODE_OPTIONS'] = '--trace-warnings'
  try {
    const names = ['RLEV_JUDGE_KEY', 'SOME_API_KEY', 'NODE_OPTIONS', 'PATH']
    const answers = await hostOf(told).ask(names.map(name => ({ name })))
    assert.deepEqual(
      answers.map(answer => 'said' in answer && answer.said),
      ['wrong', 'wrong', 'wrong', 'correct'],
    )
  } finally {
    for (const name of ['RLEV_JUDGE_KEY', 'SOME_API_KEY', 'NODE_OPTIONS']) delete process.env[name]
  }
})

test('a cancellation ends the process in the middle of a question, and is thrown on', async () => {
  const marker = join(folder, 'pid')
  const host = hostOf(
    `import { writeFileSync } from 'node:fs'
     export default () => { writeFileSync(${JSON.stringify(marker)}, String(process.pid)); for (;;); }`,
    { timeoutMs: 60_000 },
  )
  const cancel = new AbortController()
  const asking = host.ask([{}, {}], { signal: cancel.signal })
  while (!existsSync(marker) || readFileSync(marker, 'utf8') === '') await delay(20)
  cancel.abort(new Error('cancelled'))
  await assert.rejects(asking, /cancelled/)
  await gone(Number(readFileSync(marker, 'utf8')))
})

test('a process ends with its parent, also in an endless loop and after kill -9, and so do programs that it started', async () => {
  const marker = join(folder, 'pids')
  const path = fileOf(
    `import { spawn } from 'node:child_process'
     import { writeFileSync } from 'node:fs'
     export default () => {
       const { pid } = spawn('sleep', ['600'])
       writeFileSync(${JSON.stringify(marker)}, process.pid + ' ' + pid)
       for (;;);
     }`,
  )
  for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
    rmSync(marker, { force: true })
    const parent = parentOf(path)
    while (!existsSync(marker) || !readFileSync(marker, 'utf8').includes(' ')) await delay(20)
    const pids = readFileSync(marker, 'utf8').split(' ').map(Number)
    parent.kill(signal)
    for (const pid of pids) await gone(pid)
  }
})

function parentOf(path: string): ChildProcess {
  const host = new URL('../../../activities/verifiers/verifier-host.js', import.meta.url).href
  const source = `
    import { VerifierHost } from ${JSON.stringify(host)}
    const host = new VerifierHost({ kind: 'module', path: ${JSON.stringify(path)} }, { timeoutMs: 600000, memoryMb: 128 })
    await host.ask([{}])`
  return spawn(process.execPath, ['--input-type=module', '--eval', source], { stdio: 'ignore' })
}

/** A zombie is gone too: only its parent has not asked for its status yet. */
async function gone(pid: number): Promise<void> {
  for (let looks = 0; looks < 500; looks++) {
    try {
      process.kill(pid, 0)
      const stat = `/proc/${pid}/stat`
      if (existsSync(stat) && / Z /.test(readFileSync(stat, 'utf8'))) return
    } catch {
      // No such process.
      return
    }
    await delay(20)
  }
  assert.fail(`process ${pid} is still there`)
}
