/** A run that outlives the terminal that launched it, and the version of the code that began it. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { MlflowClient } from '../../activities/mlflow/client.js'
import { oneLine } from '../../pipelines/text/width.js'
import { begin } from './call.js'
import { inHome, tiny } from './in-home.js'
import { otherVersion } from './other-version.js'

const { folder, home, rlev, configFile, statusOf, becomes, trains, end } = inHome()
after(end)

const longer = configFile('longer', `steps: 100000\n${tiny}`)

test('what the terminal sends to all that it started ends the view, and neither the services nor the work', async () => {
  // Its services with it: the home has none yet.
  const launched = begin(['run', longer, '--home', home], { group: true })
  while (!/^longer {2}/m.test(launched.out())) await sleep(100)
  const step = await trains('longer')
  const group = -(launched.child.pid ?? 0)
  process.kill(group, 'SIGINT')
  const { status, out } = await launched.done
  assert.equal(status, 130, out)
  await trains('longer', step)
})

test('a run is not mixed of two versions: other workers leave it, and the command refuses it, until that is allowed', async () => {
  const other = otherVersion(join(folder, 'other'))
  const ofOther = (...words: string[]) => begin([...words, '--home', home], { build: other }).done
  // As after an upgrade: the workers are replaced, and get nothing of the run at work.
  assert.equal((await ofOther('up')).status, 0)
  const waiting = await ofOther('status', 'longer')
  assert.match(oneLine(waiting.out), /longer .*waiting/)
  assert.match(
    oneLine(waiting.out),
    /begun by another version of the code \([0-9a-f]{12}; here it is [0-9a-f]{12}\), and no worker of that version answers.*rlev resume longer --allow-drift/,
  )

  const refused = await ofOther('resume', 'longer')
  assert.equal(refused.status, 2, refused.out)
  assert.match(refused.err, /found: .*pipelines\/training\/loss\.js changed\n.*rlev resume longer --allow-drift/)
  assert.equal((await ofOther('run', longer)).status, 2)

  const { step } = (await statusOf('longer')).experiments[0]
  const allowed = await ofOther('resume', 'longer', '--allow-drift')
  assert.equal(allowed.status, 0, allowed.err)
  assert.match(allowed.err, /^longer goes on with what has changed: pipelines\/training\/loss\.js changed$/m)
  await becomes('longer', 'running')
  await trains('longer', step)
  assert.match((await ofOther('cancel', 'longer')).out, /^longer was cancelled/)

  const { pages, experiments } = await statusOf('longer')
  const { origin } = new URL(pages.mlflow)
  const { data } = await new MlflowClient({ address: origin }).getRun(
    /runs\/([0-9a-f]{32})/.exec(pages.mlflow)?.[1] ?? '',
  )
  const drift = data.tags?.find(({ key }) => key === 'rlev.drift')?.value
  assert.match(drift ?? '', /^from step \d+ on: pipelines\/training\/loss\.js changed$/)
  assert.equal(experiments.length, 1)
  // And now this version is the other one.
  assert.equal((await rlev('resume', 'longer')).status, 2)
})
