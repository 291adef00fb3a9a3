/** What was run: the config that the arms share, where they differ, versions, and how to run it again. */
import { configDifference } from '../../config/difference.js'
import { experimentKey } from '../../config/digest.js'
import type { Plan } from '../../config/schema.js'
import { type Html, html, link, table } from '../html.js'
import type { Material } from '../material.js'
import { NONE } from '../tables/format.js'
import type { Cell, Row } from '../tables/table.js'

export function configurationSection({
  plan,
  done,
  versions,
  links,
}: Pick<Material, 'plan' | 'done' | 'versions' | 'links'>): Html {
  const arms = plan.kind === 'sweep' ? plan.arms : [{ name: plan.name, config: plan.config }]
  const baseline = plan.kind === 'sweep' ? arms.find(arm => arm.name === plan.settings.baseline) : arms[0]
  const first = baseline ?? arms[0]
  const experiments = done.map(
    ({ arm, seed, config, weights }): Row => ({
      cells: [arm, String(seed), code(experimentKey(config)), weights === undefined ? NONE : code(weights)],
    }),
  )
  const trained = done.some(({ weights }) => weights !== undefined)
  return html`${first === undefined ? null : differences(arms, first)}
<h3>How to run it again</h3>
<pre>${reproduce(plan)}</pre>
${
  experiments.length === 0
    ? null
    : html`${trained ? html`<p>${sameBits}</p>` : null}
${table({ name: 'experiments', title: 'Digests of what an experiment depends on, and of its final weights (sha256)', header: ['arm', 'seed', 'config', 'weights'], rows: experiments, words: true })}`
}
<h3>Versions</h3>
${table({
  name: 'versions',
  title: 'What computed the figures',
  header: ['part', 'version'],
  rows: Object.entries(versions).map(([part, version]) => ({ cells: [part, version] })),
  words: true,
})}
<p>${Object.entries(links).map(([name, address]) => html`${name}: ${link(address, address)}<br>`)}</p>
<details><summary>Resolved config of ${first?.name ?? 'the run'}</summary><pre>${JSON.stringify(first?.config ?? {}, null, 2)}</pre></details>
${plan.kind === 'sweep' ? html`<details><summary>Settings of the sweep</summary><pre>${JSON.stringify(plan.settings, null, 2)}</pre></details>` : null}
${plan.warnings.map(warning => html`<p class="faint">Warning of the config: ${warning}</p>`)}
`
}

const sameBits =
  'Every random number is named by its seed, purpose, step, prompt, sample and position, so on the same machine with the same versions the weights come out as the same bits:'

type Arm = Extract<Plan, { kind: 'sweep' }>['arms'][number]

function differences(arms: readonly Arm[], baseline: Arm): Html {
  const rows = arms
    .filter(arm => arm !== baseline)
    .flatMap(arm =>
      configDifference(baseline.config, arm.config).map(({ path, a, b }) => ({
        cells: [arm.name, code(path), written(a), written(b)],
      })),
    )
  if (rows.length === 0) return html``
  return table({
    name: 'config-differences',
    title: `Keys in which an arm differs from ${baseline.name}`,
    header: ['arm', 'key', `in ${baseline.name}`, 'in the arm'],
    rows,
    words: true,
  })
}

function code(text: string): Cell {
  return { text, as: 'code' }
}

function written(value: unknown): string {
  return value === undefined ? 'not set' : JSON.stringify(value)
}

function reproduce(plan: Plan): string {
  const file = `${plan.name}.yaml`
  if (plan.kind === 'experiment' && plan.config.steps === 0 && plan.config.policy.from === 'checkpoint')
    return `bin/rlev run ${file}   # the resolved config below\nbin/rlev report ${plan.name}`
  return plan.kind === 'sweep'
    ? `bin/rlev sweep ${file}\nbin/rlev compare ${plan.name}\nbin/rlev report ${plan.name}`
    : `bin/rlev run ${file}\nbin/rlev report ${plan.name}`
}
