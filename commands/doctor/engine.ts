/** `rlev doctor --engine URL`: what a Tinker server does, found out by a probe, and what it means for a run. */
import { randomBytes } from 'node:crypto'
import { TinkerClient } from '../../activities/tinker/client.js'
import { type Findings, findingLines, findingsDigest } from '../../activities/tinker/probe/findings.js'
import { probe } from '../../activities/tinker/probe/probe.js'
import { type TrainingWay, trainingWay } from '../../activities/tinker/training-way.js'
import { RlevError } from '../../pipelines/errors.js'
import { layOutTable } from '../../pipelines/text/table.js'

export interface EngineDoctorOptions {
  /** Address of the server. */
  engine?: string | undefined
  /** As the server names it; undefined for its first. */
  baseModel?: string | undefined
  json?: boolean | undefined
}

/** A run at temperature 1 without clipping, with PyTorch's epsilon, without P(EOS): what the least demanding config wants. */
const leastNeeds = { temperature: 1, clipNorm: null, eosProbabilities: false, ownEpsilon: false }

/** Sets exit status 1 if no run can be trained on the server. */
export async function doctorEngine({
  engine: url,
  baseModel: named,
  json = false,
}: EngineDoctorOptions): Promise<void> {
  if (url === undefined) throw withoutServer()
  const client = new TinkerClient({ url })
  const offered = await client.baseModels()
  const baseModel = chosen(offered, named, client.address)
  let requests = 0
  const onWait = () => {
    requests++
    if (process.stderr.isTTY) process.stderr.write(`\r${requests} requests`)
  }
  const name = `probe-${randomBytes(4).toString('hex')}`
  const findings = await probe({ client, baseModel, name, onWait })
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K')
  const way = trainingWay(findings, leastNeeds)
  console.log(json ? asJson(client.address, findings, way) : asText(client.address, findings, way))
  if ('refusals' in way) process.exitCode = 1
}

function withoutServer(): RlevError {
  return new RlevError({
    kind: 'CallInvalid',
    message: 'a base model without a server has no effect',
    place: '--base-model',
    expected: '--engine URL beside it',
    found: 'no --engine',
    remedy: 'name the server that has the model',
  })
}

function chosen(offered: readonly string[], named: string | undefined, place: string): string {
  const [first] = offered
  if (named === undefined && first !== undefined) return first
  if (named !== undefined && offered.includes(named)) return named
  throw new RlevError({
    kind: 'CallInvalid',
    message:
      named === undefined ? 'the Tinker server names no base model' : 'the Tinker server does not have the base model',
    place,
    expected: offered.length > 0 ? offered.slice(0, 20).join(', ') : 'a base model',
    found: named ?? 'none',
    remedy: 'name one of them with --base-model',
  })
}

function asJson(address: string, findings: Findings, way: TrainingWay): string {
  return JSON.stringify({ address, findings, digest: findingsDigest(findings), ...described(way) }, null, 2)
}

const described = (way: TrainingWay) => ('refusals' in way ? { refusals: way.refusals } : { notes: way.notes })

function asText(address: string, findings: Findings, way: TrainingWay): string {
  const lines = findingLines(findings)
  const columns = [{ heading: 'question' }, { heading: 'found' }, { heading: 'for a run' }]
  const table = layOutTable({ columns, rows: lines.map(({ question, found, meaning }) => [question, found, meaning]) })
  const verdict =
    'refusals' in way
      ? [
          'no run can be trained here:',
          ...way.refusals.map(({ name, reason, remedy }) => `  ${name}: ${reason}; ${remedy}`),
        ]
      : ['runs can be trained here, of low-rank adapters (experimental)', ...way.notes.map(note => `  ${note}`)]
  return [
    `${address}, ${findings.baseModel}`,
    '',
    ...table,
    '',
    ...verdict,
    `findings ${findingsDigest(findings)}`,
  ].join('\n')
}
