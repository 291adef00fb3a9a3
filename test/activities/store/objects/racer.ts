/** One of two processes in a race for the same keys: `node racer.js NAME PREFIX KEYS ADDITIONS START`. Prints what it won as JSON. */
import { setTimeout as sleep } from 'node:timers/promises'
import { S3Objects } from '../../../../activities/store/objects/s3.js'
import { bucket } from './gateway.js'

const [, , name = '', prefix = '', keys = '', additions = '', start = ''] = process.argv
const store = new S3Objects({ bucket, prefix })
await sleep(Math.max(0, Number(start) - Date.now()))

const won: string[] = []
for (let index = 0; index < Number(keys); index++) {
  const { kind } = await store.putIfAbsent(`absent/${index}`, Buffer.from(`${name} ${index}`))
  if (kind === 'written') won.push(`absent/${index}`)
}
// A counter to which both add: one lost update, and the sum is wrong.
for (let added = 0; added < Number(additions); ) {
  const there = await store.get('counter')
  if (there === null) throw new Error('no counter')
  const [count = '', ...names] = there.content.toString('utf8').split(' ')
  const next = Buffer.from([Number(count) + 1, ...names.slice(-20), name].join(' '))
  if ((await store.putIfMatch('counter', next, there.etag)).kind === 'written') added++
}
process.stdout.write(JSON.stringify(won))
