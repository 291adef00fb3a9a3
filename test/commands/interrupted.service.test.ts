/** Ctrl-C in the first seconds of a run, while the services start. */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { begin } from './call.js'
import { inHome, tiny } from './in-home.js'

const { home, rlev, configFile, end } = inHome()
after(end)

test('Ctrl-C while the services start says what is left running and how to end it, and leaves no lock', async () => {
  const launched = begin(['run', configFile('early', `steps: 3\n${tiny}`), '--home', home], { group: true })
  let seen = ''
  launched.child.stderr?.on('data', text => {
    seen += text
  })
  while (!/starting the Temporal server/.test(seen)) await sleep(20)
  process.kill(-(launched.child.pid ?? 0), 'SIGINT')
  const { status, err } = await launched.done
  assert.equal(status, 130, err)
  assert.match(err, /early has not begun; its config is kept, and the same command starts it/)
  assert.match(err, /Nothing was started|These go on running: .*\(process \d+\)[\s\S]* down --home \S+ {2}ends them/)
  assert.ok(!existsSync(join(home, 'up.lock')))

  const { out } = await rlev('status', 'early', '--json')
  assert.match(JSON.parse(out).state, /^(waiting|stopped)$/)
  assert.equal((await rlev('down')).status, 0)
  assert.ok(!existsSync(join(home, 'up.lock')))
})
