/**
 * The addon of @tensorflow/tfjs-node-gpu, built against the libraries of the wheel. The package's own install script would
 * fetch TensorFlow 2.9 of 2022, which drives no card of today. Built in the cache, then put into this checkout.
 */

import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { withLock } from '../lock.mjs'
import { PartError } from '../part-error.mjs'
import { runCommand } from '../run-command.mjs'
import { cudaFolders, tensorflowFolder } from '../tensorflow.mjs'
import { findCompiler } from '../tools.mjs'
import { isWhole, makeWhole } from '../whole-folder.mjs'
import { patchDigest, patchSources } from './addon-patches.mjs'

const smoke = fileURLToPath(new URL('smoke.cjs', import.meta.url))
const binary = 'tfjs_binding.node'
const packageFolder = ({ root }) => join(root, 'node_modules', '@tensorflow', 'tfjs-node-gpu')
const placedFile = context => join(packageFolder(context), 'lib', 'napi-v8', '.placed.json')

/** What the addon depends on; another value of any of these is another addon. */
async function keyOf(context) {
  // From the lock file and not from the package: asked also before the packages are installed.
  const { packages } = JSON.parse(readFileSync(join(context.root, 'package-lock.json'), 'utf8'))
  const { version } = packages['node_modules/@tensorflow/tfjs-node-gpu']
  const tensorflow = `tensorflow-${context.versions.tensorflow}-${await context.kind()}`
  return `tfjs-${version}-patch-${patchDigest()}-${tensorflow}-${context.platform}-${context.arch}-node-${process.versions.modules}`
}

export const addon = {
  name: 'addon',
  title: 'TensorFlow addon',
  after: ['packages', 'tensorflow'],

  async state(context) {
    const place = packageFolder(context)
    if (!existsSync(join(place, 'package.json'))) return { ready: false, place, detail: 'its package is not installed' }
    const key = await keyOf(context)
    const libraries = await tensorflowFolder(context)
    const ready = isPlaced(context, key, libraries)
    return { ready, version: key, place, detail: ready ? 'a product of two matrices came out right' : 'not built' }
  },

  async tools(context) {
    if (!isWhole(join(context.cache, 'addon', await keyOf(context)))) await findCompiler(context)
  },

  async make(context, report) {
    const key = await keyOf(context)
    const libraries = await tensorflowFolder(context)
    const built = join(context.cache, 'addon', key)
    const file = join(context.cache, 'locks', 'addon.lock')
    await withLock({ file, onWait: () => report('waiting for another set-up that builds it') }, async () => {
      if (!isWhole(built)) {
        report('compiling with node-gyp')
        await makeWhole(built, folder => build(context, folder, libraries))
      }
      place(context, { built, libraries })
      report(await tryOut(context, libraries))
      writeFileSync(placedFile(context), JSON.stringify({ key, libraries }))
    })
  },
}

/** In a separate process: a library that does not fit ends the process that loads it. */
async function tryOut(context, libraries) {
  const before = context.env.LD_LIBRARY_PATH
  const output = await runCommand({
    context,
    part: 'addon',
    command: process.execPath,
    args: [smoke, packageFolder(context)],
    env: {
      TF_CPP_MIN_LOG_LEVEL: '3',
      LD_LIBRARY_PATH: [...cudaFolders(libraries), ...(before ? [before] : [])].join(':'),
    },
    remedy: `delete ${join(context.cache, 'addon')} and call again; if it stays so, report it with the log`,
  })
  return output.trim().split('\n').at(-1)
}

function isPlaced(context, key, libraries) {
  const folder = packageFolder(context)
  if (!existsSync(placedFile(context)) || !existsSync(join(folder, 'lib', 'napi-v8', binary))) return false
  const placed = JSON.parse(readFileSync(placedFile(context), 'utf8'))
  if (placed.key !== key || placed.libraries !== libraries) return false
  const cuda = cudaFolders(libraries).length > 0 ? [join(folder, 'deps', 'nvidia')] : []
  const linked = [...Object.keys(links(libraries)).map(name => join(folder, 'deps', 'lib', name)), ...cuda]
  // A link into a cache that was deleted leads nowhere, and then existsSync is false.
  return linked.every(path => existsSync(path))
}

/** What the addon's loader path ($ORIGIN/../../deps/lib) must hold. */
function links(libraries) {
  const tensorflow = name => join(libraries, 'tensorflow', name)
  return {
    'libtensorflow.so': tensorflow('libtensorflow_cc.so.2'),
    'libtensorflow_cc.so.2': tensorflow('libtensorflow_cc.so.2'),
    'libtensorflow_framework.so': tensorflow('libtensorflow_framework.so.2'),
    'libtensorflow_framework.so.2': tensorflow('libtensorflow_framework.so.2'),
  }
}

function makeLinks(folder, libraries) {
  mkdirSync(folder, { recursive: true })
  for (const [name, target] of Object.entries(links(libraries))) symlinkSync(target, join(folder, name))
}

/** From a copy of the sources: a checkout may be set up while another one runs. */
async function build(context, folder, libraries) {
  const work = join(folder, 'work')
  mkdirSync(work)
  for (const name of ['binding', 'binding.gyp', 'package.json']) {
    cpSync(join(packageFolder(context), name), join(work, name), { recursive: true })
  }
  patchSources(join(work, 'binding'))
  makeLinks(join(work, 'deps', 'lib'), libraries)
  symlinkSync(join(libraries, 'tensorflow', 'include'), join(work, 'deps', 'include'))
  const target = join(work, 'lib', 'napi-v8')
  const headers = await nodeHeaders(context)
  await runCommand({
    context,
    part: 'addon',
    command: process.execPath,
    args: [
      ...[join(context.root, 'node_modules', 'node-gyp', 'bin', 'node-gyp.js'), 'rebuild'],
      ...['--module_name=tfjs_binding', `--module_path=${target}`, '--napi_build_version=8'],
      ...(headers === undefined ? [`--devdir=${join(context.cache, 'node-headers')}`] : [`--nodedir=${headers}`]),
    ],
    cwd: work,
    remedy: "needed are a C++ compiler, make, Python, and Node's headers (npm setting `nodedir`, or the Internet)",
  })
  copyFileSync(join(target, binary), join(folder, binary))
  rmSync(work, { recursive: true })
}

/** Where Node's headers lie already: npm's setting `nodedir`, or beside the Node that runs; else node-gyp fetches them. */
async function nodeHeaders(context) {
  const npm = context.env.npm_execpath
  const answer = await runCommand({
    context,
    part: 'addon',
    command: npm ? process.execPath : 'npm',
    args: [...(npm ? [npm] : []), 'config', 'get', 'nodedir'],
  })
  const prefix = dirname(dirname(realpathSync(process.execPath)))
  return [answer.trim(), prefix].find(folder => existsSync(join(folder, 'include', 'node', 'node_api.h')))
}

function place(context, { built, libraries }) {
  const target = packageFolder(context)
  rmSync(placedFile(context), { force: true })
  if (!existsSync(join(libraries, 'tensorflow', 'include'))) {
    throw new PartError({
      message: 'TensorFlow libraries are gone',
      expected: libraries,
      found: 'no such folder',
      remedy: 'call again',
    })
  }
  // Renamed into place: a process that has the old file mapped goes on with it.
  const file = join(target, 'lib', 'napi-v8', binary)
  mkdirSync(dirname(file), { recursive: true })
  copyFileSync(join(built, binary), `${file}.partial`)
  renameSync(`${file}.partial`, file)
  const lib = join(target, 'deps', 'lib')
  const fresh = join(target, 'deps', `${basename(lib)}.partial`)
  rmSync(fresh, { recursive: true, force: true })
  makeLinks(fresh, libraries)
  rmSync(lib, { recursive: true, force: true })
  renameSync(fresh, lib)
  // TensorFlow's own loader path has $ORIGIN/../nvidia, and its origin is where the link lies, not where it leads.
  const nvidia = join(target, 'deps', 'nvidia')
  rmSync(nvidia, { force: true })
  if (cudaFolders(libraries).length > 0) symlinkSync(join(libraries, 'nvidia'), nvidia)
}
