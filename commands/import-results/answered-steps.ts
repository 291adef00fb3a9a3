/** The rows of files as answers to whole test sets. Everything that is wrong with them is told at once. */
import type { AnsweredStep } from '../../activities/evaluation/import-evaluations.js'
import { digestOfAnswers, type Elsewhere } from '../../activities/store/runs/elsewhere.js'
import type { ExperimentConfig, Plan } from '../../pipelines/config/schema.js'
import type { Item } from '../../pipelines/data/item.js'
import { RlevError } from '../../pipelines/errors.js'
import { answersOf, faultsOf } from '../../pipelines/evaluation/imported/imported-answers.js'
import type { Said } from '../../pipelines/evaluation/imported/imported-row.js'
import { plannedTokenizer } from '../../pipelines/memory/planned-tokenizer.js'
import { rewardableData } from '../../pipelines/rewards/references.js'
import type { Home } from '../services/home.js'
import { refuseOtherAnswers } from './before-import.js'
import type { HomeMarkers } from './markers.js'
import type { RowSet } from './rows.js'

/** Answers by experiment, in the order of the steps. */
export async function answeredSteps({
  home,
  sets,
  markers,
}: {
  home: Home
  sets: readonly RowSet[]
  markers: HomeMarkers
}): Promise<Map<string, AnsweredStep[]>> {
  const testOf = testSets(markers)
  const faults: string[] = []
  const steps = new Map<string, AnsweredStep[]>()
  for (const { id, arm, seed, config, step, rows, files } of sets) {
    const { items, lengthOf } = await testOf(config)
    const place = `${arm} seed ${seed} step ${step}`
    const found = faultsOf(rows, { items, samples: config.evaluation.samples })
    faults.push(...found.map(fault => `${place}: ${fault}`))
    if (found.length > 0) continue
    const answers = answersOf(rows, items, lengthOf)
    const sha256 = digestOfAnswers(answers)
    refuseOtherAnswers({ home, id, step, sha256, files: [...files] })
    steps.set(id, [...(steps.get(id) ?? []), { step, answers, sha256, files: [...files] }])
  }
  if (faults.length === 0) return steps
  const more = faults.length > maxListed ? [`and ${faults.length - maxListed} more`] : []
  throw new RlevError({
    kind: 'DataInvalid',
    message: `the responses of ${new Set(faults.map(fault => fault.split(': ')[0])).size} of ${sets.length} evaluations are not those of the whole test set`,
    place: [...new Set(sets.flatMap(({ files }) => [...files]))].join(', '),
    expected: 'one row for each item of the test set that `rlev export` wrote, each with as many responses',
    found: [...faults.slice(0, maxListed), ...more].join('\n            '),
    remedy: 'correct the rows, or give another number of responses by --set evaluation.samples=N; nothing was imported',
  })
}

/** Faults listed in an error. */
const maxListed = 20

interface TestSet {
  items: readonly Item[]
  lengthOf: (said: Said) => number
}

/** Test items of a config, and the tokens of a response by the tokenizer of its policy; read once for experiments that are alike. */
function testSets(markers: HomeMarkers): (config: ExperimentConfig) => Promise<TestSet> {
  const known = new Map<string, Promise<TestSet>>()
  return config => {
    const { data, seed, value, reward, judge, evaluation, policy } = config
    const key = JSON.stringify([data, seed, value.bonus, reward, judge, evaluation.transfer, policy])
    const there = known.get(key) ?? testSet(config, markers)
    known.set(key, there)
    return there
  }
}

async function testSet(config: ExperimentConfig, markers: HomeMarkers): Promise<TestSet> {
  const data = await rewardableData(config, markers.of(config).verifier)
  let tokenizer: ReturnType<typeof plannedTokenizer> | undefined
  return {
    items: data.test,
    // The token that ends a response counts.
    lengthOf: ({ text, finish }) => {
      tokenizer ??= plannedTokenizer(config, data)
      return tokenizer.encode(text).length + (finish === 'stop' ? 1 : 0)
    },
  }
}

/** The same for all rows, because greedy columns of two kinds do not compare. */
export function greedySourceOf(sets: readonly RowSet[], plan: Plan, files: readonly string[]): Elsewhere['greedy'] {
  const rows = sets.flatMap(({ rows }) => rows)
  const without = rows.filter(({ row }) => row.greedy === undefined)
  const endpoint = plan.kind === 'sweep' ? plan.settings.endpoint : undefined
  if (without.length === 0) return 'given'
  const mixed = without.length < rows.length
  const needed = endpoint === 'h-acc-curve' || endpoint === 'h-acc-final'
  if (!mixed && !needed) return 'first sample'
  throw new RlevError({
    kind: 'DataInvalid',
    message: `${without.length} of ${rows.length} rows have no greedy response${needed ? `, and the endpoint ${endpoint} is of greedy ones` : ''}`,
    place: files.join(', '),
    expected: 'a greedy response (response) in every row, or in none',
    found: `none in ${without[0]?.place}`,
    remedy: needed
      ? 'add the greedy responses, or name another endpoint by --set sweep.endpoint=expected-h-acc-curve'
      : 'add the greedy responses that are missing',
  })
}
