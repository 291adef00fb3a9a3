/** A sweep is changed while it runs: more at a time, and an arm given up. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { inHome, tiny } from './in-home.js'

const { rlev, configFile, statusOf, end } = inHome()
after(end)

const sweep = configFile(
  'adjusted',
  `steps: 60
${tiny}
sweep:
  baseline: correctness
  seeds: [1, 2]
  concurrency: 1
  arms:
    correctness: { reward: { scale: correctness } }
    hopeless: { steps: 100000, update: { learningRate: 1.0e-5 } }
    human-aligned: {}
`,
)

test('an arm that is given up is cancelled or left out, more run at a time, and the sweep ends well without it', async () => {
  assert.equal((await rlev('sweep', sweep, '--detach')).status, 0)
  const states = async () => {
    const { experiments } = await statusOf('adjusted')
    return experiments.map(({ arm, seed, state }: Record<string, unknown>) => `${arm} ${seed} ${state}`)
  }
  for (const end = Date.now() + 60_000; !(await states()).includes('hopeless 1 running'); await sleep(500)) {
    assert.ok(Date.now() < end, `${await states()}`)
  }
  assert.match((await rlev('adjust', 'adjusted', '--concurrency', '2')).out, /runs 2 at a time from now on/)
  assert.match((await rlev('adjust', 'adjusted', '--stop-arm', 'hopeless')).out, /gives up hopeless/)
  const watched = await rlev('watch', 'adjusted')
  assert.equal(watched.status, 0, `${await states()}\n${watched.out}\n${watched.err}`)
  assert.deepEqual(await states(), [
    'correctness 1 done',
    'hopeless 1 cancelled',
    'human-aligned 1 done',
    'correctness 2 done',
    'hopeless 2 cancelled',
    'human-aligned 2 done',
  ])
  const { out } = await rlev('compare', 'adjusted')
  assert.match(out, /Left out: hopeless, seed 1, /)
})

test('what a sweep cannot become is refused with the reason', async () => {
  const long = configFile('refusing', `extends: adjusted.yaml\n`)
  assert.equal((await rlev('sweep', long, '--detach')).status, 0)
  const refused = async (...words: string[]) => {
    const { status, err } = await rlev('adjust', 'refusing', ...words)
    assert.equal(status, 2, err)
    return err
  }
  assert.match(
    await refused('--stop-arm', 'hopelss'),
    /there is no arm hopelss; the arms are correctness, hopeless, human-aligned/,
  )
  assert.match(await refused('--stop-arm', 'correctness'), /other arms are compared with correctness/)
  assert.match(await refused('--concurrency', '0'), /an integer of at least 1, not 0/)
  assert.match(await refused(), /--concurrency, --stop-arm or both/)
  assert.equal((await rlev('cancel', 'refusing')).status, 0)
  assert.match(
    (await rlev('adjust', 'refusing', '--concurrency', '2')).out,
    /^nothing to adjust: refusing was cancelled/,
  )
})
