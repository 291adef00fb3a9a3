/**
 * TensorFlow's C libraries and headers, out of the ordinary Python wheel; for a GPU also NVIDIA's CUDA libraries, out of
 * the wheels that the extra `and-cuda` names. Only the libraries are used, so any Python that has pip will do.
 */

import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { withLock } from './lock.mjs'
import { PartError } from './part-error.mjs'
import { runCommand } from './run-command.mjs'
import { findPython } from './tools.mjs'
import { isWhole, makeWhole } from './whole-folder.mjs'

const unpacker = fileURLToPath(new URL('unpack-wheel.py', import.meta.url))
const wanted = ['tensorflow/libtensorflow_cc.so.2', 'tensorflow/libtensorflow_framework.so.2', 'tensorflow/include/*']
// ptxas and libdevice, which XLA and just-in-time kernels look for, lie beside the libraries.
const wantedOfCuda = ['nvidia/*/lib/*.so*', 'nvidia/cuda_nvcc/bin/*', 'nvidia/cuda_nvcc/nvvm/*']
/** The names of the wheels, by Node's name of the architecture; TensorFlow's wheel of arm64 is named without `-cpu`. */
const machines = { x64: { tag: 'x86_64', cpu: 'tensorflow-cpu' }, arm64: { tag: 'aarch64', cpu: 'tensorflow' } }
const remedy = 'see whether pip reaches its index (`python3 -m pip download --no-deps six`), and how much disk is free'

export async function tensorflowFolder(context) {
  return join(context.cache, 'tensorflow', `${context.versions.tensorflow}-${await context.kind()}-${context.arch}`)
}

/** Folders that the loader must search for CUDA; none for the CPU kind. */
export function cudaFolders(folder) {
  const nvidia = join(folder, 'nvidia')
  if (!existsSync(nvidia)) return []
  return readdirSync(nvidia)
    .map(name => join(nvidia, name, 'lib'))
    .filter(existsSync)
}

export const tensorflow = {
  name: 'tensorflow',
  title: 'TensorFlow libraries',
  after: [],

  async state(context) {
    const folder = await tensorflowFolder(context)
    const kind = await context.kind()
    const version = context.versions.tensorflow
    const record = { tensorflow: { kind, version, libraryFolders: cudaFolders(folder) } }
    return { ready: isWhole(folder), version, detail: kind === 'gpu' ? 'GPU, with CUDA' : 'CPU', place: folder, record }
  },

  async tools(context) {
    machineOf(context)
    await findPython(context)
  },

  async make(context, report) {
    const folder = await tensorflowFolder(context)
    const file = join(context.cache, 'locks', 'tensorflow.lock')
    await withLock({ file, onWait: () => report('waiting for another set-up that fetches them') }, async () => {
      if (isWhole(folder)) return
      await makeWhole(folder, temporary => fill(context, temporary, report))
    })
  },
}

async function fill(context, folder, report) {
  const { tag, cpu } = machineOf(context)
  const { version, command: python } = await findPython(context)
  const kind = await context.kind()
  const run = (...args) => runCommand({ context, part: 'tensorflow', command: python, args, remedy })
  const fetch = async (names, patterns) => {
    const wheels = join(folder, 'wheels')
    mkdirSync(wheels)
    const platforms = [`manylinux_2_27_${tag}`, `manylinux_2_17_${tag}`, `manylinux2014_${tag}`, `linux_${tag}`]
    await run(
      ...['-m', 'pip', 'download', '--no-deps', '--no-cache-dir', '--disable-pip-version-check', '--dest', wheels],
      ...['--python-version', '3.11', '--only-binary=:all:', ...platforms.flatMap(name => ['--platform', name])],
      ...names,
    )
    report('unpacking')
    const files = readdirSync(wheels).map(name => join(wheels, name))
    const output = await run(unpacker, folder, patterns.join(','), ...files)
    rmSync(wheels, { recursive: true })
    return output
  }
  const name = kind === 'gpu' && context.arch === 'x64' ? 'tensorflow' : cpu
  report(
    `fetching ${name} ${context.versions.tensorflow} with Python ${version} (${kind === 'gpu' ? '570' : '280'} MB)`,
  )
  const output = await fetch([`${name}==${context.versions.tensorflow}`], wanted)
  if (kind !== 'gpu') return
  const requirements = [...output.matchAll(/^requires (\S+) (.*)$/gm)].map(([, cuda, range]) => `${cuda}${range}`)
  report(`fetching ${requirements.length} CUDA wheels of NVIDIA (2 to 3 GB)`)
  await fetch(requirements, wantedOfCuda)
}

function machineOf({ platform, arch }) {
  const machine = platform === 'linux' && !isMusl() ? machines[arch] : undefined
  if (machine !== undefined) return machine
  throw new PartError({
    message: 'there is no TensorFlow for this system that rlev knows to build against',
    expected: 'Linux with the GNU C library, on x86-64 or arm64',
    found: `${platform} on ${arch}`,
    remedy: 'run rlev in a container or virtual machine with Debian or Ubuntu (on macOS and Windows too)',
  })
}

/** Alpine's C library cannot load what the wheels hold. */
const isMusl = () => process.report.getReport().header.glibcVersionRuntime === undefined
