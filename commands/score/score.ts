/** `rlev score FILE`: marks responses in a file by a verifier and a scale, without a run and without services. */
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { Marker } from '../../activities/verifiers/marker.js'
import { namingParts } from '../../pipelines/config/hub-names.js'
import { loadPlan } from '../../pipelines/config/load.js'
import type { ExperimentConfig } from '../../pipelines/config/schema.js'
import { isOfUser } from '../../pipelines/config/verifier-way.js'
import { RlevError } from '../../pipelines/errors.js'
import { given } from '../../pipelines/given.js'
import { printable } from '../../pipelines/printable.js'
import { scoreResponses } from '../../pipelines/rewards/score-responses.js'
import { overrideOf } from '../plan/checked.js'
import { projectFolder } from '../services/project.js'
import { agrees, type ScoredRow } from './agreement.js'
import { responseRows } from './response-rows.js'
import { scoreText } from './score-text.js'

export interface ScoreOptions {
  file: string
  config?: string | undefined
  set?: readonly string[]
  /** Field of a mark in the file. */
  against?: string | undefined
  json?: boolean | undefined
}

/** @throws RlevError ConfigInvalid, CallInvalid or DataInvalid. */
export async function score({ file, config: path, set = [], against, json = false }: ScoreOptions): Promise<void> {
  if (!existsSync(file)) throw missing(file)
  const { data, reward } = configOf({ file, config: path, set })
  const { rows: _, ...fields } = data.source === 'file' ? (data.fields ?? {}) : {}
  const responses = await responseRows({ path: file, fields, against, extra: isOfUser(reward) })
  const marker = new Marker()
  const marks = await marker.mark(responses, reward).finally(() => marker.end())
  const scored = scoreResponses({ responses, marks, reward })
  const rows = responses.map((row, index): ScoredRow => ({ row, scored: scored[index] as ScoredRow['scored'] }))
  const width = process.stdout.columns
  const text = json
    ? rows.map(row => JSON.stringify(lineOf(row, against))).join('\n')
    : scoreText({ place: file, rows, reward, against, width })
  console.log(printable(text))
}

/** The experiment of the config; of a sweep, what its arms have in common. */
function configOf({
  file,
  config,
  set,
}: {
  file: string
  config: string | undefined
  set: readonly string[]
}): ExperimentConfig {
  const plan = loadPlan({
    path: config ?? join(projectFolder, 'configs', 'evaluate.yaml'),
    sections: { ...(config === undefined ? { data: { train: resolve(file) } } : {}), sweep: null },
    overrides: Object.fromEntries(set.map(overrideOf)),
    // What is marked is the file of the call.
    unread: namingParts,
  })
  if (plan.kind === 'sweep') throw new Error('a plan without its sweep is one experiment')
  return plan.config
}

function missing(file: string): RlevError {
  return new RlevError({
    kind: 'CallInvalid',
    message: 'the file of responses is missing',
    place: file,
    expected: 'a JSON, JSONL, CSV or Parquet file',
    remedy: 'correct the path',
  })
}

/** One line of `--json`. */
function lineOf(scoredRow: ScoredRow, against: string | undefined): object {
  const { row, scored } = scoredRow
  const { verdict, credit, value, scale, reward, read, reason } = scored
  const compared = against === undefined ? {} : { against: row.against, agrees: agrees(scoredRow) }
  return { row: row.row, verdict, credit, value, scale, reward, read, ...given({ reason }), ...compared }
}
