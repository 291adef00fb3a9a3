/** docs/config.md, written from the schema so that it cannot say anything else. */
import { describeKeys, type KeyDescription } from '../pipelines/config/describe.js'

const opening = `# Config files

<!-- Written by scripts/config-docs.ts from pipelines/config; change the schema, then: npm run build && node dist/scripts/config-docs.js -->

A config is a YAML file that says what differs from the defaults. \`bin/rlev plan FILE\` shows the resolved config and
starts nothing.

\`\`\`yaml
extends: quickstart.yaml   # optional: everything in that file, with the keys below on top
name: my-run
reward:
  alpha: 20
\`\`\`

- **Experiment or sweep.** A file with a \`sweep:\` key is a sweep: the rest of the file is the base, every arm is the
  base with the arm's keys on top, and every arm runs with every seed. \`sweep: null\` makes one experiment of a sweep
  that is extended.
- **Arms** have names under \`sweep.arms\`, or are listed by values: \`grid: {reward.alpha: [1, 5], estimator.name:
  [rloo, dr-grpo]}\` makes four, \`alpha-1_name-rloo\` to \`alpha-5_name-dr-grpo\`; \`zip\` takes its lists side by
  side. They may stand beside one another; two arms that come to the same config are refused.
- **extends** names one file, relative to this one. Maps merge key by key; lists and single values are replaced. Some
  things are replaced whole: \`sweep.arms\`, \`sweep.grid\` and \`sweep.zip\` (a file that names arms names all of
  them), and \`data\` and \`policy\` when they are of another kind than below.
- **Kinds.** \`data\` is of the kind \`synthetic\` unless it names a \`train\` file, \`policy\` is made from
  \`scratch\` unless it names a \`path\`.
- **Paths** are relative to the file that names them.
- **Errors** name file, line and column, also through \`extends\`, and come together: first those of the YAML, then
  those of keys and values, then keys that contradict each other. An unknown key is an error. A key that has no effect
  is warned about.
- **At the call**, \`--set reward.alpha=20\` stands over the file, or over a sweep's base; \`--seed 7\` replaces the
  seed or the seeds.
- The resolved config is frozen when a run is launched and kept with it. What its results depend on is its digest,
  without \`name\`, \`tracking\`, \`durability\` and \`checkpoint\`: those may change between two runs that are the
  same to the last bit.

The unit stands in brackets; (1) is a plain number.
`

/** The page in Markdown. */
export function configPage(): string {
  const sections = new Map<string, KeyDescription[]>()
  for (const key of describeKeys()) {
    const section = key.path.includes('.') ? (key.path.split('.')[0] ?? '') : 'At the top'
    sections.set(section, [...(sections.get(section) ?? []), key])
  }
  return [opening, ...[...sections].map(([section, keys]) => `## ${section}\n\n${table(keys)}\n`)].join('\n')
}

function table(keys: readonly KeyDescription[]): string {
  const rows = keys.map(key => `| \`${key.path}\` | ${sentence(key)} | ${cell(key.expected)} | ${preset(key)} |`)
  return ['| key | meaning | value | default |', '| --- | --- | --- | --- |', ...rows].join('\n')
}

function sentence({ sentence, unit, only }: KeyDescription): string {
  const kind = only === undefined ? '' : ` Only with \`${only}\`.`
  return `${cell(sentence)}${unit === undefined ? '' : ` (${unit})`}${kind}`
}

function preset({ default: value, required }: KeyDescription): string {
  if (value !== undefined) return `\`${JSON.stringify(value)}\``
  return required ? 'must be given' : ''
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|')
}
