/** Which folder may import which: docs/architecture.md draws it. Types count as imports, and nothing goes around in a circle. */

/** From the lowest: a folder imports from those before it. `workflows` takes only types from `activities`. */
const folders = ['pipelines', 'activities', 'workflows', 'commands', '(?:scripts|test)']

/** The rooms of pipelines/, from the lowest: a room imports from those before it. Files beside the rooms are below all of them. */
const rooms = [
  'text',
  'input',
  'statistics',
  'graph',
  'config',
  'data',
  'values',
  'tokenizer',
  'model',
  'checkpoint',
  'engine',
  'sampling',
  'rollout',
  'rewards',
  'advantages',
  'training',
  'memory',
  'evaluation',
  'comparison',
  'report',
]

/** `commands/plan/plan.ts`: a subcommand that has parts, which are beside it. */
const ownFolder = '^commands/([^/]+)/\\1\\.ts$'

const downwards = (names, below) =>
  names.slice(0, -1).map((name, place) => ({
    name: `${below}${name} imports what is above it`,
    severity: 'error',
    from: { path: `^${below}${name}/` },
    to: { path: `^${below}(?:${names.slice(place + 1).join('|')})/` },
  }))

export default {
  forbidden: [
    { name: 'a circle', severity: 'error', from: {}, to: { circular: true } },
    ...downwards(folders, ''),
    ...downwards(rooms, 'pipelines/'),
    {
      name: 'a room of pipelines/ that has no place in the order',
      severity: 'error',
      from: {},
      to: { path: '^pipelines/[^/]+/', pathNot: `^pipelines/(?:${rooms.join('|')})/` },
    },
    {
      name: 'a file beside the rooms imports a room',
      severity: 'error',
      from: { path: '^pipelines/[^/]+$' },
      to: { path: `^pipelines/(?:${rooms.join('|')})/` },
    },
    {
      name: 'a subcommand imported by what subcommands are made of',
      severity: 'error',
      from: { path: '^commands/[^/]+/', pathNot: ['^commands/program/', ownFolder] },
      to: { path: ['^commands/[^/]+$', ownFolder] },
    },
  ],
  options: {
    // TypeScript 7 has no JavaScript API that the cruiser could call.
    parser: 'swc',
    tsPreCompilationDeps: true,
    moduleSystems: ['es6'],
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { extensions: ['.ts', '.mjs', '.js', '.json'] },
  },
}
