/**
 * References that their verifier can read: each must verify against itself. One that does not can never give a reward, whatever the
 * policy answers. It is a bad row, found when the data is read and not when a response is scored.
 */
import type { ExperimentConfig } from '../config/schema.js'
import { verifiers } from '../config/sections/data.js'
import type { BadRow, DataSet, Item } from '../data/item.js'
import { RlevError } from '../errors.js'
import { given } from '../given.js'
import { shortened } from '../printable.js'
import { type VerifierConfig, verify } from './verify.js'

/** Whether the reference of the item, given as an answer, is correct. */
export function verifiesItself({ answer, choices }: Pick<Item, 'answer' | 'choices'>, reward: VerifierConfig): boolean {
  const { verdict } = verify({
    response: { text: answer, finish: 'stop' },
    // Full credit is the same in every section and for any points.
    item: { answer, ...given({ choices }), section: '', points: 1 },
    reward: { ...reward, answer: 'whole' },
  })
  return verdict === 'correct'
}

/**
 * The data set without the items whose reference the verifier cannot read; they are among `skipped`. Items of a synthetic exam, and
 * items on which only a judge decides, pass. Throws DataInvalid under `onBadRow: stop`, or if no item would be left, with the count, three examples and the
 * verifiers that read all of them.
 */
export function withReadableReferences(dataset: DataSet, { data, reward, judge }: ExperimentConfig): DataSet {
  if (data.source === 'synthetic' || judge?.decides === 'everything') return dataset
  // The judge decides on the test items; training is rewarded by the verifier.
  const test = judge === undefined ? dataset.test : []
  const bad = [...dataset.train, ...test].filter(item => !verifiesItself(item, reward))
  if (bad.length === 0) return dataset
  const left = new Set(bad)
  const remain = (items: readonly Item[]) => items.filter(item => !left.has(item))
  const [train, tested] = [remain(dataset.train), remain(dataset.test)]
  const emptied = (train.length === 0 && dataset.train.length > 0) || (tested.length === 0 && dataset.test.length > 0)
  if (data.onBadRow === 'stop' || emptied) {
    throw unreadable(bad, dataset.train.length + test.length, { data, reward })
  }
  const skipped: BadRow[] = bad.map(item => ({
    place: `item ${item.id}`,
    reason: `the verifier ${reward.verifier} cannot read its reference ${quoted(item)}`,
  }))
  return {
    ...dataset,
    train,
    test: tested,
    skipped: [...dataset.skipped, ...skipped],
  }
}

function unreadable(
  bad: readonly Item[],
  items: number,
  { data, reward }: { data: Extract<ExperimentConfig['data'], { source: 'file' }>; reward: VerifierConfig },
): RlevError {
  const examples = bad.slice(0, 3).map(item => `${item.id}: ${quoted(item)}`)
  const others = verifiers.filter(
    verifier => verifier !== reward.verifier && bad.every(item => verifiesItself(item, { ...reward, verifier })),
  )
  const better = others.length === 0 ? '' : `set reward.verifier: ${others.join(' or ')}, which reads all of them; or `
  return new RlevError({
    kind: 'DataInvalid',
    message: `${bad.length} of ${items} references cannot be read by the verifier ${reward.verifier}: no response could be correct`,
    place: data.train,
    expected: `references that ${reward.verifier} reads (docs/metrics/verdicts.md)`,
    found: examples.join('\n            '),
    remedy: `${better}correct the rows${data.onBadRow === 'stop' ? '; or set data.onBadRow: skip to leave them out' : ''}`,
  })
}

const quoted = ({ answer }: Item): string => JSON.stringify(shortened(answer, 80))
