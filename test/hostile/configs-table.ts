/** Configs: what a YAML parser drowns in, paths that lead elsewhere, names that would be folders outside, numbers without measure. */
import { execFileSync } from 'node:child_process'
import { symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { HostileCase } from './case.js'

const config = (name: string, text: string, says: RegExp, more?: (folder: string) => void): HostileCase => ({
  name,
  make(folder) {
    writeFileSync(join(folder, 'a.yaml'), text)
    more?.(folder)
  },
  meet: folder => load(join(folder, 'a.yaml')),
  outcome: { refused: 'ConfigInvalid', says },
})

async function load(path: string) {
  const { loadPlan } = await import('../../pipelines/config/load.js')
  return loadPlan({ path }).name
}

const levels = (count: number, uses: number) =>
  Array.from({ length: count }, (_, level) => {
    const below = level === 0 ? 'x' : `*l${level - 1}`
    return `k${level}: &l${level} [${Array.from({ length: uses }, () => below).join(',')}]`
  }).join('\n')

const sweepOf = (arms: string, seeds = '[1]') => `name: a\nsweep:\n  baseline: b\n  seeds: ${seeds}\n  arms:\n${arms}`

export const cases: HostileCase[] = [
  config('a billion laughs', levels(20, 9), /a\.yaml:\d+:\d+: the aliases of the file expand to more than 100/),
  config('an alias that contains itself', 'name: &a [*a]\n', /nested too deep|aliases of the file expand/),
  config(
    'a few aliases of something large',
    `big: &b [${'x,'.repeat(1000)}x]\n${Array.from({ length: 60 }, (_, index) => `k${index}: *b`).join('\n')}\n`,
    /more than 20000 values/,
  ),
  config('60,000 lists in each other', '['.repeat(60_000), /nested too deep|a\.yaml:\d+:\d+/),
  config('closed, too', `a: ${'['.repeat(30_000)}${']'.repeat(30_000)}`, /nested too deep/),
  config(
    '300 maps in each other',
    Array.from({ length: 300 }, (_, depth) => `${' '.repeat(depth)}k:`).join('\n'),
    /nested too deep/,
  ),
  {
    ...config('a config of 100 MB', '', /104857600 bytes, at most 131072 are read/),
    make: folder => {
      writeFileSync(join(folder, 'a.yaml'), 'name: a\n#')
      truncateSync(join(folder, 'a.yaml'), 100 * 2 ** 20)
    },
  },
  config('a name of 120,000 characters', `name: ${'x'.repeat(120_000)}\n`, /name cannot be "x{79}…/),
  config(
    '20,000 keys',
    Array.from({ length: 20_000 }, (_, index) => `${index.toString(36)}:`).join('\n'),
    /more than 20000 values|20001 problems|problems in the config/,
  ),
  config('30,000 syntax errors', 'a: ]\n'.repeat(20_000), /and \d+ more/),
  config('a key of 1,000 characters', `sweep:\n  arms:\n    x${'.1'.repeat(499)}x: {}\n`, /a key that is too long/),
  config('bytes that are no text', 'name: a\0b\u001b[31m\n', /a\.yaml:\d+:\d+|name cannot be/),
  config(
    'a configuration that extends itself through another',
    'extends: b.yaml\n',
    /the config extends itself/,
    folder => writeFileSync(join(folder, 'b.yaml'), 'extends: ./a.yaml\n'),
  ),
  config('a chain of 50 files', 'extends: 1.yaml\n', /too many configs extend each other/, folder => {
    for (let index = 1; index < 50; index++)
      writeFileSync(join(folder, `${index}.yaml`), `extends: ${index + 1}.yaml\n`)
    writeFileSync(join(folder, '50.yaml'), 'name: a\n')
  }),
  config(
    'the passwords of the machine as a base',
    'extends: /etc/passwd\n',
    /extends names a file that is not a config/,
  ),
  config(
    'the same by way of dots',
    `extends: ${'../'.repeat(12)}etc/passwd\n`,
    /extends names a file that is not a config/,
  ),
  config('the same by way of a link', 'extends: b.yaml\n', /extends names a file that is not a config/, folder =>
    symlinkSync('/etc/passwd', join(folder, 'b.yaml')),
  ),
  config('a pipe that nobody writes to as a base', 'extends: b.yaml\n', /no regular file/, folder =>
    execFileSync('mkfifo', [join(folder, 'b.yaml')]),
  ),
  { ...config('a device without end', '', /no regular file/), make: () => {}, meet: () => load('/dev/zero') },
  config('a prototype as a key', 'name: a\n__proto__: {steps: 1}\n', /unknown key __proto__/),
  config('constructors over each other', 'extends: b.yaml\nconstructor: {a: 1}\n', /unknown key constructor/, folder =>
    writeFileSync(join(folder, 'b.yaml'), 'name: a\nconstructor: {b: 1}\n'),
  ),
  config('a token in the config', 'name: a\ntracking: {token: abcdefghij}\n', /unknown key tracking\.token/),
  config(
    'a key of a judge in the config',
    'name: a\njudge: {url: "http://127.0.0.1:1/v1", model: m, apiKey: abcdefghij}\n',
    /unknown key judge\.apiKey/,
  ),
  config('a name that leaves the home', 'name: ../../outside\n', /name cannot be "\.\.\/\.\.\/outside"/),
  config('a name that is a path', 'name: /etc/rlev\n', /name cannot be/),
  config('an arm that leaves the home', sweepOf('    b: {}\n    ../../x: {steps: 3}\n'), /is not a valid name/),
  config(
    'an arm called as what lies beside it',
    sweepOf('    b: {}\n    plan.json: {steps: 3}\n'),
    /cannot be called plan\.json/,
  ),
  config(
    'a tracking experiment that steers the terminal',
    'name: a\ntracking: {experiment: "x\\e[2Jy"}\n',
    /tracking\.experiment/,
  ),
  config('a thousand million layers', 'name: a\npolicy: {layers: 1000000000}\n', /policy\.layers cannot be 1000000000/),
  config('a million million papers', 'name: a\ndata: {trainPapers: 1e12}\n', /data\.trainPapers/),
  config(
    'a number beyond all numbers',
    'name: a\nupdate: {learningRate: 1e999999}\n',
    /learningRate cannot be Infinity/,
  ),
  config(
    '5,000 seeds',
    sweepOf('    b: {}\n', `[${Array.from({ length: 5000 }, (_, seed) => seed).join()}]`),
    /sweep\.seeds/,
  ),
  config(
    'a hundred arms with a thousand seeds',
    sweepOf(
      `    b: {}\n${Array.from({ length: 99 }, (_, arm) => `    a${arm}: {steps: ${arm + 1}}\n`).join('')}`,
      `[${Array.from({ length: 1000 }, (_, seed) => seed).join()}]`,
    ),
    /the sweep is too large/,
  ),
]
