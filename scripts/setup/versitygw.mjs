/**
 * versitygw, an S3 server over a folder, built by Go from its published module: the tests of the object store run against it. rlev itself
 * starts none.
 */

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { goInstall } from './go-install.mjs'
import { withLock } from './lock.mjs'
import { PartError } from './part-error.mjs'
import { findGo } from './tools.mjs'
import { isWhole, makeWhole } from './whole-folder.mjs'

const folderOf = ({ cache, versions, platform, arch }) =>
  join(cache, 'versitygw', `${versions.versitygw}-${platform}-${arch}`)

export const versitygw = {
  name: 'versitygw',
  title: 'versitygw',
  after: [],

  async state(context) {
    const folder = folderOf(context)
    const { versitygw: version } = context.versions
    if (!isWhole(folder)) return { ready: false, version, place: folder, detail: 'not built' }
    const command = join(folder, 'versitygw')
    const { source } = JSON.parse(readFileSync(join(folder, 'source.json'), 'utf8'))
    return { ready: true, version, place: command, detail: source, record: { versitygw: { command, version } } }
  },

  async make(context, report) {
    const folder = folderOf(context)
    const file = join(context.cache, 'locks', 'versitygw.lock')
    await withLock({ file, onWait: () => report('waiting for another set-up that builds it') }, async () => {
      if (!isWhole(folder)) await makeWhole(folder, temporary => buildWithGo(context, temporary, report))
    })
  },
}

async function buildWithGo(context, folder, report) {
  const go = await findGo()
  const module = `github.com/versity/versitygw/cmd/versitygw@v${context.versions.versitygw}`
  if (go === undefined) {
    throw new PartError({
      message: 'the S3 server of the tests is missing',
      expected: 'Go on the path, which builds it',
      found: 'no go on the path',
      remedy: `install Go and call again (it runs \`go install ${module}\`)`,
    })
  }
  report(`building it with Go ${go.version} (minutes)`)
  const remedy = 'see whether Go reaches its module proxy (`go env GOPROXY`)'
  await goInstall({ context, part: 'versitygw', go, module, folder, program: 'versitygw', remedy, report })
  writeFileSync(join(folder, 'source.json'), JSON.stringify({ source: `built with Go ${go.version}` }))
}
