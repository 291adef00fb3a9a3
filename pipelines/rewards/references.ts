/**
 * References that their verifier can read: each must verify against itself. One that does not can never give a reward, whatever the
 * policy answers. It is a bad row, found when the data is read and not when a response is scored.
 */
import type { ExperimentConfig } from '../config/schema.js'
import { verifiers } from '../config/sections/data.js'
import { isOfUser, markedAs, verifierWay } from '../config/verifier-way.js'
import type { BadRow, DataSet, DataWarning, FileReading, Item } from '../data/item.js'
import { prepareData } from '../data/prepare.js'
import { RlevError } from '../errors.js'
import { given } from '../given.js'
import { shortened } from '../printable.js'
import { maxExamples, someOf } from '../text/examples.js'
import type { MarkResponses } from './marking.js'

type Reward = ExperimentConfig['reward']
type FileData = Extract<ExperimentConfig['data'], { source: 'file' }>

/** The marks of the references, each given as an answer. */
async function markThemselves(items: readonly Item[], reward: Reward, mark: MarkResponses) {
  const responses = items.map(item => ({ response: { text: item.answer, finish: 'stop' as const }, item }))
  return mark(responses, { ...reward, answer: 'whole' })
}

/** For each item whether its reference, given as an answer, is correct. */
export async function verifyThemselves(
  items: readonly Item[],
  reward: Reward,
  mark: MarkResponses,
): Promise<boolean[]> {
  return (await markThemselves(items, reward, mark)).map(({ verdict }) => verdict === 'correct')
}

/**
 * The data set of an experiment, without the items that could never be rewarded. Throws DataInvalid, as `prepareData` and
 * `withReadableReferences` do.
 */
export async function rewardableData(config: ExperimentConfig, mark: MarkResponses): Promise<DataSet> {
  const { data, seed, evaluation, value, reward } = config
  const { transfer } = evaluation
  const dataset = await prepareData(data, { seed, transfer, bonus: value.bonus, extra: isOfUser(reward) })
  return withReadableReferences(dataset, config, mark)
}

/**
 * The data set without the items whose reference the verifier cannot read; they are among `skipped`. Items of a synthetic exam, and
 * items on which only a judge decides, pass. What a reference is to a verifier of the user is not known here (for example tests that a
 * program must pass), so those pass too, if the verifier has any verdict on some of them.
 * @throws RlevError DataInvalid under `onBadRow: stop`, or if no item would be left, with the count, three examples and the verifiers
 * that read all of them.
 */
export async function withReadableReferences(
  dataset: DataSet,
  { data, reward, judge }: ExperimentConfig,
  mark: MarkResponses,
): Promise<DataSet> {
  if (data.source === 'synthetic' || judge?.decides === 'everything') return dataset
  // The judge decides on the test items; training is rewarded by the verifier.
  const test = judge === undefined ? dataset.test : []
  const items = [...dataset.train, ...test]
  if (isOfUser(reward)) {
    await refuseWithoutVerdicts(items, { data, reward }, mark)
    return dataset
  }
  const reads = await verifyThemselves(items, reward, mark)
  const bad = items.filter((_, index) => reads[index] !== true)
  if (bad.length === 0) return dataset
  const left = new Set(bad)
  const remain = (part: readonly Item[]) => part.filter(item => !left.has(item))
  const [train, tested] = [remain(dataset.train), remain(dataset.test)]
  const emptied = (train.length === 0 && dataset.train.length > 0) || (tested.length === 0 && dataset.test.length > 0)
  if (data.onBadRow === 'stop' || emptied) throw await unreadable(bad, items.length, { data, reward }, mark)
  const skipped: BadRow[] = bad.map(item => ({
    place: `item ${item.id} (${quoted(item)})`,
    reason: `the verifier ${reward.verifier} cannot read its reference`,
  }))
  const lost = { train: dataset.train.length - train.length, test: dataset.test.length - tested.length }
  return {
    ...dataset,
    ...given({ reading: dataset.reading?.map((file, index) => withUnread(file, unreadIn(index, data, lost))) }),
    train,
    test: tested,
    skipped: [...dataset.skipped, ...skipped],
    warnings: [...dataset.warnings, await unreadWarning(bad, items.length, { data, reward }, mark)],
  }
}

/** A separate file for testing is the second one; otherwise both parts are from the first. */
function unreadIn(file: number, { test }: FileData, lost: { train: number; test: number }): number {
  if (test === undefined) return lost.train + lost.test
  return file === 0 ? lost.train : lost.test
}

function withUnread(file: FileReading, unread: number): FileReading {
  return unread === 0 ? file : { ...file, unread }
}

/** References that a verifier of the user is tried on before a run. */
const maxTried = 8

/** A server is not asked: it may not be there yet, and the run waits for it. */
async function refuseWithoutVerdicts(
  items: readonly Item[],
  { data, reward }: { data: FileData; reward: Reward },
  mark: MarkResponses,
): Promise<void> {
  if (verifierWay(reward).kind === 'endpoint') return
  const tried = items.slice(0, maxTried)
  const marks = await markThemselves(tried, reward, mark)
  const reason = marks[0]?.reason
  if (reason === undefined || marks.some(one => one.reason === undefined)) return
  throw new RlevError({
    kind: 'DataInvalid',
    message: `the verifier ${reward.verifier} has no verdict on any of ${tried.length} references, given as answers`,
    place: data.train,
    expected: 'a verdict or a credit (docs/verifiers.md)',
    found: `${tried[0]?.id}: ${reason}`,
    remedy: 'correct the verifier, or what it reads of the rows',
  })
}

async function unreadable(
  bad: readonly Item[],
  items: number,
  { data, reward }: { data: FileData; reward: Reward },
  mark: MarkResponses,
): Promise<RlevError> {
  const examples = examplesOf(bad)
  const others = await verifiersThatRead(bad, reward, mark)
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

async function unreadWarning(
  bad: readonly Item[],
  items: number,
  { data, reward }: { data: FileData; reward: Reward },
  mark: MarkResponses,
): Promise<DataWarning> {
  const others = await verifiersThatRead(bad, reward, mark)
  const better = others.length === 0 ? 'no other one reads all of them' : `${others.join(' or ')} reads all of them`
  const examples = someOf(examplesOf(bad), bad.length)
  return {
    place: data.train,
    reason: `${bad.length} of ${items} references cannot be read by the verifier ${reward.verifier} and are left out; ${better}: ${examples}`,
  }
}

const examplesOf = (bad: readonly Item[]) => bad.slice(0, maxExamples).map(item => `${item.id}: ${quoted(item)}`)

/** The verifiers of this project that read every one of these references. */
async function verifiersThatRead(items: readonly Item[], reward: Reward, mark: MarkResponses): Promise<string[]> {
  const others: string[] = []
  for (const verifier of verifiers) {
    if (verifier === reward.verifier) continue
    const reads = await verifyThemselves(items, markedAs(verifier, reward), mark)
    if (reads.every(Boolean)) others.push(verifier)
  }
  return others
}

const quoted = ({ answer }: Item): string => JSON.stringify(shortened(answer, 80))
