/** Parts of the set-up: what is missing is named with how to get it. */
import assert from 'node:assert/strict'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { load, run, scripts } from './in-setup.js'

let folder = ''
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'rlev-setup-'))
})
after(() => rmSync(folder, { recursive: true, force: true }))

describe('unpacking a wheel', () => {
  const python = process.env['RLEV_PYTHON'] ?? 'python3'
  const makeWheel = (path: string) =>
    run(python, [
      '-c',
      `import zipfile, sys
z = zipfile.ZipFile(sys.argv[1], 'w', zipfile.ZIP_DEFLATED)
z.writestr('tensorflow/libtensorflow_cc.so.2', bytes(range(256)) * 8192)
z.writestr('tensorflow/python/big.py', 'x')
z.writestr('tensorflow-2.21.0.dist-info/METADATA', '''Requires-Dist: numpy>=1.26.0
Requires-Dist: nvidia-cudnn-cu12<10.0,>=9.3.0.75; extra == "and-cuda"
''')
z.close()`,
      path,
    ])
  const unpack = (target: string, wheel: string) =>
    run(python, [join(scripts, 'setup', 'unpack-wheel.py'), target, 'tensorflow/lib*', wheel])

  it('takes the wanted members only, and says what a GPU needs besides', async () => {
    const wheel = join(folder, 'good.whl')
    await makeWheel(wheel)
    const target = join(folder, 'unpacked')
    const { status, output } = await unpack(target, wheel)
    assert.equal(status, 0, output)
    assert.deepEqual(readdirSync(join(target, 'tensorflow')), ['libtensorflow_cc.so.2'])
    assert.match(output, /^requires nvidia-cudnn-cu12 <10\.0,>=9\.3\.0\.75$/m)
  })

  it('fails on a wheel that was cut off, and on one whose bytes changed', async () => {
    const wheel = join(folder, 'cut.whl')
    await makeWheel(wheel)
    truncateSync(wheel, 500)
    assert.notEqual((await unpack(join(folder, 'cut-off'), wheel)).status, 0)
    await makeWheel(wheel)
    const flip = `f = open(${JSON.stringify(wheel)}, 'r+b'); f.seek(400); b = f.read(1); f.seek(400); f.write(bytes([b[0] ^ 255]))`
    await run(python, ['-c', flip])
    assert.notEqual((await unpack(join(folder, 'changed'), wheel)).status, 0)
  })
})

describe('a missing part', () => {
  /** A path on which only these programs are found. */
  const pathOf = (name: string, programs: Record<string, string>): string => {
    const bin = join(folder, name)
    mkdirSync(bin)
    for (const [program, target] of Object.entries(programs)) symlinkSync(target, join(bin, program))
    return bin
  }
  const setUp = (path: string, cache: string, only: string, more: NodeJS.ProcessEnv = {}) =>
    run(process.execPath, [join(scripts, 'setup.mjs'), '--only', only], {
      ...process.env,
      PATH: path,
      RLEV_CACHE: join(folder, cache),
      RLEV_TENSORFLOW: 'cpu',
      ...more,
    })

  it('is named at once, with what was expected and how to get it: Python', async () => {
    const { status, output } = await setUp(pathOf('no-python', {}), 'cache-1', 'tensorflow,mlflow')
    assert.equal(status, 1)
    assert.match(
      output,
      /set-up could not make 2 parts[\s\S]*Python is missing[\s\S]*3\.10 or later[\s\S]*none on the path[\s\S]*apt install python3/,
    )
  })

  it('is named before anything is fetched: the compiler', async () => {
    const { status, output } = await setUp(pathOf('no-compiler', {}), 'cache-2', 'addon', {
      RLEV_PYTHON: 'python-that-is-not',
    })
    assert.equal(status, 1)
    assert.match(output, /C\+\+ compiler or make is missing[\s\S]*no compiler, no make[\s\S]*apt install g\+\+ make/)
    assert.match(output, /python-that-is-not, which does not run/)
  })

  it('is refused when a variable names a kind of TensorFlow that is not', async () => {
    const { status, output } = await setUp(dirname(process.execPath), 'cache-3', 'tensorflow', {
      RLEV_TENSORFLOW: 'tpu',
    })
    assert.equal(status, 1)
    assert.match(output, /RLEV_TENSORFLOW[\s\S]*cpu or gpu[\s\S]*tpu/)
  })

  it('is refused when it is no part at all', async () => {
    const { status, output } = await setUp(process.env['PATH'] ?? '', 'cache-4', 'tensorflaw')
    assert.equal(status, 1)
    assert.match(output, /no such part[\s\S]*tensorflow[\s\S]*tensorflaw/)
  })

  it('of a Node that is too old is told with the version wanted', async () => {
    const { checkNode } = await load<{ checkNode(context: object, found: string): void }>('node.mjs')
    const context = { versions: { node: '20.3.0' } }
    assert.throws(() => checkNode(context, '20.2.1'), /Node is too old[\s\S]*20\.3\.0 or later[\s\S]*20\.2\.1/)
    assert.throws(() => checkNode(context, '18.20.0'), /too old/)
    checkNode(context, '20.3.0')
    checkNode(context, '24.1.0')
  })
})

describe('a Temporal CLI on the path', () => {
  const { temporal: pinned } = JSON.parse(readFileSync(join(scripts, 'setup', 'versions.json'), 'utf8'))

  /** The row of the Temporal CLI in the state of the set-up, where the path has a `temporal` that says this. */
  async function rowWith(name: string, says: string) {
    const bin = join(folder, name)
    mkdirSync(bin)
    writeFileSync(join(bin, 'temporal'), `#!/bin/sh\necho '${says}'\n`, { mode: 0o755 })
    const env = { ...process.env, PATH: `${bin}:${process.env['PATH']}`, RLEV_CACHE: join(folder, `${name}-cache`) }
    const { status, output } = await run(process.execPath, [join(scripts, 'setup.mjs'), '--check'], env)
    assert.equal(status, 0, output)
    const rows = JSON.parse(output) as { name: string; state: string; place: string; detail: string; version: string }[]
    const row = rows.find(one => one.name === 'temporal')
    assert.ok(row !== undefined)
    return { row, command: join(bin, 'temporal') }
  }

  it('is taken if it is not older than the pinned version, by its whole path', async () => {
    for (const [name, version] of [
      ['same', pinned],
      ['newer', '1.1000.0'],
    ] as const) {
      const { row, command } = await rowWith(name, `temporal version ${version} (Server 1.29.1, UI 2.42.1)`)
      assert.deepEqual([row.state, row.version, row.place], ['ready', version, command])
    }
  })

  it('is passed over if it is older, or does not say its version', async () => {
    for (const [name, says] of [
      ['older', 'temporal version 1.5.0 (Server 1.28.0, UI 2.39.0)'],
      ['much-older', 'temporal version 0.13.2 (server 1.24.2) (ui 2.27.3)'],
      ['unknown', 'temporal version DEV'],
    ] as const) {
      const { row } = await rowWith(name, says)
      assert.equal(row.state, 'missing', `${says}: ${JSON.stringify(row)}`)
      assert.equal(row.version, pinned)
      assert.ok(row.detail.includes(`${pinned} or later`), row.detail)
    }
  })
})
