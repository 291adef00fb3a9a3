/** The state of every part and tool, for `rlev doctor`: looks, makes nothing, prints JSON. */

import { statfsSync } from 'node:fs'
import { dirname } from 'node:path'
import { PartError } from './part-error.mjs'
import { findCompiler, findGo, findPython } from './tools.mjs'

/** @returns {Promise<object[]>} rows { name, title, state: 'ready' | 'missing', needed, version, place, detail, remedy } */
export async function checkParts({ parts, context }) {
  const rows = [
    {
      name: 'node',
      title: 'Node',
      state: 'ready',
      needed: true,
      version: process.versions.node,
      place: process.execPath,
    },
  ]
  const missing = []
  for (const part of parts) {
    const row = await rowOf(part, context)
    if (row.state === 'missing') missing.push(part.name)
    rows.push(row)
  }
  // Tools are needed only where a part that they make is missing.
  rows.push(
    await toolRow(
      'python',
      'Python',
      missing.some(name => ['tensorflow', 'mlflow', 'addon'].includes(name)),
      () => findPython(context),
    ),
  )
  rows.push(await toolRow('compiler', 'C++ compiler', missing.includes('addon'), () => findCompiler(context)))
  const go = await findGo()
  rows.push({
    name: 'go',
    title: 'Go',
    state: go === undefined ? 'missing' : 'ready',
    // The SDK's download may do without.
    needed: false,
    version: go?.version,
    place: go?.command,
    remedy:
      go === undefined ? 'only of use where no `temporal` is on the path and the Internet does not answer' : undefined,
  })
  rows.push(diskRow(context))
  return rows
}

async function rowOf(part, context) {
  const base = { name: part.name, title: part.title, needed: true }
  try {
    const { ready, version, place, detail } = await part.state(context)
    const remedy = ready ? undefined : 'run `npm run setup`'
    return { ...base, state: ready ? 'ready' : 'missing', version, place, detail, remedy }
  } catch (error) {
    if (!(error instanceof PartError)) return { ...base, state: 'missing', detail: error.message }
    const { summary, found, remedy } = error
    return { ...base, state: 'missing', detail: found === undefined ? summary : `${summary} (${found})`, remedy }
  }
}

async function toolRow(name, title, needed, find) {
  try {
    const { command, version } = await find()
    return { name, title, state: 'ready', needed, version, place: command }
  } catch (error) {
    return { name, title, state: 'missing', needed, detail: error.message }
  }
}

function diskRow({ cache }) {
  let folder = cache
  for (;;) {
    try {
      const { bavail, bsize } = statfsSync(folder)
      const gigabytes = (bavail * bsize) / 1e9
      const enough = gigabytes >= 5
      const remedy = enough ? undefined : 'free some: set-up takes 3 GB (8 GB with CUDA), runs take more'
      return {
        name: 'disk',
        title: 'disk',
        state: enough ? 'ready' : 'missing',
        needed: false,
        place: cache,
        detail: `${gigabytes.toFixed(0)} GB free`,
        remedy,
      }
    } catch (error) {
      // The cache is not made yet: what counts is the disk it will be on.
      if (error.code !== 'ENOENT' || folder === dirname(folder)) throw error
      folder = dirname(folder)
    }
  }
}
