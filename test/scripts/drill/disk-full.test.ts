import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { makePath } from '../../../activities/store/files.js'
import { run } from '../../../scripts/drill/disk-full.js'
import { SmallDisk } from '../../../scripts/drill/small-disk.js'

test('a disk that is full, or read-only, stops nothing for good and leaves nothing half-written', async context => {
  const said: string[] = []
  const { passed, failures, cases, figures } = await run({ seed: 5, short: true, say: line => said.push(line) })
  if (figures['skipped'] === 1) return context.skip(said.join('; '))
  assert.deepEqual(failures, [])
  assert.ok(passed)
  assert.ok(cases > 5, `${cases}`)
})

test('a folder that a read-only disk does not take is told with that reason, however many of its parents are missing', context => {
  const disk = SmallDisk.open({ megabytes: 1, say: () => {} })
  if (disk === null) return context.skip('no disk can be mounted here')
  try {
    disk.readOnly(true)
    assert.throws(() => makePath(join(disk.path, 'a', 'b', 'c')), /EROFS/)
    disk.readOnly(false)
    makePath(join(disk.path, 'a', 'b', 'c'))
  } finally {
    disk.close()
  }
})
