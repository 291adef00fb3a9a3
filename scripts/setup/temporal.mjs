/**
 * The Temporal command-line program, which holds the dev server: the one on the path if it is not older than the pinned version,
 * else the SDK's download (needs the Internet), else built by Go from its published module.
 */

import { chmodSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { versions } from './context.mjs'
import { goInstall } from './go-install.mjs'
import { withLock } from './lock.mjs'
import { PartError } from './part-error.mjs'
import { runCommand } from './run-command.mjs'
import { findGo, findTemporalOnPath } from './tools.mjs'
import { isWhole, makeWhole } from './whole-folder.mjs'

const downloader = fileURLToPath(new URL('temporal-download.mjs', import.meta.url))
const folderOf = ({ cache, versions, platform, arch }) =>
  join(cache, 'temporal', `${versions.temporal}-${platform}-${arch}`)

export const temporal = {
  name: 'temporal',
  title: 'Temporal CLI',
  // The SDK's download needs the packages.
  after: ['packages'],

  async state(context) {
    const folder = folderOf(context)
    if (isWhole(folder)) {
      const { version, source } = JSON.parse(readFileSync(join(folder, 'source.json'), 'utf8'))
      const command = join(folder, 'temporal')
      return {
        ready: true,
        version,
        place: command,
        detail: source,
        record: { temporal: { command, version, source } },
      }
    }
    const onPath = await findTemporalOnPath(context)
    if (!onPath?.fit)
      return { ready: false, version: context.versions.temporal, place: folder, detail: missing(onPath) }
    const { command, version } = onPath
    return {
      ready: true,
      version,
      place: command,
      detail: 'on the path',
      record: { temporal: { command, version, source: 'path' } },
    }
  },

  async make(context, report) {
    const folder = folderOf(context)
    const file = join(context.cache, 'locks', 'temporal.lock')
    await withLock({ file, onWait: () => report('waiting for another set-up that fetches it') }, async () => {
      if (isWhole(folder)) return
      await makeWhole(folder, async temporary => {
        const downloadFailure = await download(context, temporary, report)
        if (downloadFailure !== undefined) await buildWithGo(context, temporary, report, downloadFailure)
      })
    })
  },
}

function missing(onPath) {
  if (onPath === undefined) return 'not installed'
  const { command, version } = onPath
  return `not installed; ${command} is ${version}, and ${versions.temporal} or later is needed`
}

/** @returns the reason where it did not work */
async function download(context, folder, report) {
  report("trying the SDK's download")
  const target = join(folder, 'download')
  mkdirSync(target)
  const watch = new AbortController()
  const stalled = stallOf(target, watch.signal)
  try {
    const fetched = runCommand({
      context,
      part: 'temporal',
      command: process.execPath,
      args: [downloader, target],
      timeout: 600_000,
    })
    // What comes after a stall is decided already: its failure is no news.
    fetched.catch(() => {})
    const outcome = await Promise.race([fetched.then(() => 'fetched'), stalled])
    if (outcome !== 'fetched') return outcome
    const name = readdirSync(target).find(file => file.startsWith('temporal'))
    if (name === undefined) return 'it left no program'
    keep(folder, join(target, name), { version: "the SDK's choice", source: "the SDK's download" })
    return undefined
  } catch (error) {
    return error.message.split('\n').find(line => line.includes('found:')) ?? error.message
  } finally {
    watch.abort()
    rmSync(target, { recursive: true, force: true })
  }
}

/** Settles when for 20 seconds nothing more has arrived in the folder: the Internet does not answer. */
function stallOf(folder, signal) {
  return new Promise(settle => {
    let size = 0
    let since = Date.now()
    const timer = setInterval(() => {
      const now = readdirSync(folder).reduce(
        (sum, name) => sum + (statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0),
        0,
      )
      if (now !== size) [size, since] = [now, Date.now()]
      if (Date.now() - since > 20_000) settle('nothing arrived for 20 s')
    }, 500)
    signal.addEventListener('abort', () => clearInterval(timer))
  })
}

async function buildWithGo(context, folder, report, downloadFailure) {
  const go = await findGo()
  const { temporal: version } = context.versions
  const module = `github.com/temporalio/cli/cmd/temporal@v${version}`
  if (go === undefined) {
    throw new PartError({
      message: 'the Temporal command-line program is missing',
      expected: `\`temporal\` ${version} or later on the path, or the Internet, or Go`,
      found: `no such temporal on the path; the SDK's download: ${downloadFailure}; no go on the path`,
      remedy: `install the Temporal CLI ${version} or later, or install Go and call again (it runs \`go install ${module}\`)`,
    })
  }
  report(`the download failed; building it with Go ${go.version} (minutes)`)
  const remedy = 'see whether Go reaches its module proxy (`go env GOPROXY`), or put a current `temporal` on the path'
  await goInstall({ context, part: 'temporal', go, module, folder, program: 'temporal', remedy, report })
  keep(folder, join(folder, 'temporal'), { version, source: `built with Go ${go.version}` })
}

function keep(folder, program, source) {
  chmodSync(program, 0o755)
  renameSync(program, join(folder, 'temporal'))
  writeFileSync(join(folder, 'source.json'), JSON.stringify(source))
}
