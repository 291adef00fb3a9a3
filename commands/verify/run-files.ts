/** The files of a run besides journal, evaluations and checkpoints: plan, configs, result and report; and files that do not belong to a run. */
import { existsSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { digestBeside, readDigested } from '../../activities/store/digest-beside.js'
import { digestOfFile } from '../../activities/store/files.js'
import { allReferenceNames } from '../../activities/store/references.js'
import {
  experimentPaths,
  planPaths,
  reportParts,
  runFolder,
  stepName,
  stepOf,
} from '../../activities/store/runs/run-folder.js'
import { experimentKey } from '../../pipelines/config/digest.js'
import type { ExperimentConfig } from '../../pipelines/config/schema.js'
import { singleResponsesFile } from '../../pipelines/report/responses-file.js'
import { type Finding, findingOf, type Look, nothing, sum, type Tally } from './finding.js'
import { orphansIn } from './leftovers.js'
import { lookAtSealed } from './sealed-file.js'
import { remake, type Subject } from './subject.js'

/** Files and folders of an experiment, by name. */
const ofExperiment: readonly string[] = [
  ...['config', 'values', 'predictor', 'result', 'trim'].map(name => basename(pathOf(name))),
  basename(digestBeside(pathOf('config'))),
  'owner',
  ...['references', 'rounds', 'rollouts', 'records', 'metrics', 'evaluations', 'checkpoints', 'sources', 'server'],
]

function pathOf(name: string): string {
  return experimentPaths[name as 'config' | 'values' | 'predictor' | 'result' | 'trim']('')
}

/** Files and folders of a plan, by name. */
const ofPlan: readonly string[] = [
  ...[planPaths.plan, planPaths.provenance, planPaths.origin, planPaths.elsewhere].map(path => basename(path(''))),
  basename(digestBeside(planPaths.plan(''))),
  'report',
]

export function configLooks(subject: Subject): Look[] {
  const { folder } = subject
  const remedy = remake(subject)
  return [
    () => lookAtConfig(subject),
    () => lookAtSealed({ path: experimentPaths.values(folder), remedy }),
    () => lookAtSealed({ path: experimentPaths.predictor(folder), remedy }),
    () => lookAtSealed({ path: experimentPaths.result(folder), remedy }),
  ]
}

function lookAtConfig(subject: Subject): Tally {
  const path = experimentPaths.config(subject.folder)
  return lookAtDigested<ExperimentConfig>(path, remake(subject), config => {
    const found = experimentKey(config)
    const expected = experimentKey(subject.config)
    if (found === expected) return []
    const message = 'the config of the experiment is another one than the plan has'
    return [{ place: path, message, expected: `experiment key ${expected}`, found, remedy: remake(subject) }]
  })
}

const importAgain = 'remove the run by `rlev delete --yes`, and import its responses again'

export function planLooks(home: string, name: string): Look[] {
  const folder = runFolder(home, name)
  const remedy =
    'move plan.json and plan.json.sha256 away and call `rlev run` or `rlev sweep` with the config again: they are written again'
  const provenance = planPaths.provenance(folder)
  const origin = planPaths.origin(folder)
  const again = `move ${provenance} away: the code that goes on with the run is noted again`
  return [
    () => lookAtDigested(planPaths.plan(folder), remedy, () => []),
    () => lookAtSealed({ path: provenance, remedy: again }),
    () => lookAtSealed({ path: origin, remedy: `move ${origin} away: it only says what the run was cloned from` }),
    () => lookAtSealed({ path: planPaths.elsewhere(folder), remedy: importAgain }),
    () => lookAtReport(name, folder),
  ]
}

function lookAtDigested<Body>(path: string, remedy: string, check: (body: Body) => Finding[]): Tally {
  try {
    const bytes = readDigested(path)
    if (bytes === null) return nothing
    return { findings: check(JSON.parse(bytes.toString('utf8')) as Body), files: 1, bytes: bytes.length }
  } catch (error) {
    if (!(error instanceof SyntaxError))
      return { findings: [findingOf(error, { place: path, remedy })], files: 1, bytes: 0 }
    const finding = { place: path, message: 'the file is not JSON', expected: 'JSON', found: error.message, remedy }
    return { findings: [finding], files: 1, bytes: 0 }
  }
}

function lookAtReport(name: string, folder: string): Tally {
  const path = planPaths.reportFiles(folder)
  const remedy = `\`rlev report ${name}\` writes it again`
  const parts: Tally[] = []
  const files = lookAtSealed<Record<string, string>>({
    path,
    remedy,
    check: digests => {
      parts.push(
        ...Object.entries(digests).map(([file, sha256]) => lookAtPart(join(dirname(path), file), sha256, remedy)),
      )
      return reportParts.flatMap(part =>
        orphansIn(join(dirname(path), part), known => digests[`${part}/${known}`] !== undefined),
      )
    },
  })
  const unsealed = existsSync(planPaths.report(folder)) && !existsSync(path)
  const message = 'the report has no digests, so it cannot be told whether it is whole'
  const missing = unsealed ? [{ place: path, message, expected: 'a file', found: 'none', remedy }] : []
  return sum([files, ...parts, { ...nothing, findings: missing }])
}

function lookAtPart(path: string, sha256: string, remedy: string): Tally {
  const found = digestOfFile(path)
  const tally = { files: 1, bytes: found?.bytes ?? 0 }
  if (found?.sha256 === sha256) return { ...tally, findings: [] }
  const message = 'the file of the report is not what was written'
  const finding = { place: path, message, expected: `sha256 ${sha256}`, found: found?.sha256 ?? 'no file', remedy }
  return { ...tally, findings: [finding] }
}

/** Everything under the run's folder that none of its parts knows. */
export function orphanLooks(home: string, name: string, subjects: readonly Subject[]): Look[] {
  const root = runFolder(home, name)
  const single = subjects.some(({ folder }) => folder === root)
  const arms = new Set(subjects.map(({ folder }) => basename(dirname(folder))))
  const orphans = (folder: string, known: (name: string) => boolean): Look => {
    return () => ({ ...nothing, findings: orphansIn(folder, known) })
  }
  return [
    orphans(root, known => ofPlan.includes(known) || (single ? ofExperiment.includes(known) : arms.has(known))),
    orphans(join(root, 'report'), known => reportNames.includes(known) || arms.has('report')),
    ...(single
      ? []
      : [...arms].map(arm => orphans(join(root, arm), known => isSeedOf(subjects, join(root, arm, known))))),
    ...(single ? [] : subjects.map(({ folder }) => orphans(folder, known => ofExperiment.includes(known)))),
    ...subjects.flatMap(({ folder }) => [
      ...['rounds', 'rollouts', 'records', 'metrics', 'sources'].map(kind =>
        orphans(join(folder, kind), known => isEntry(known, '.json')),
      ),
      orphans(join(folder, 'evaluations'), known => isEntry(known, '.json') || isEntry(known, '.items.json')),
      orphans(join(folder, 'checkpoints'), known => isEntry(known, '')),
      orphans(join(folder, 'references'), known => allReferenceNames.some(reference => known === `${reference}.json`)),
    ]),
  ]
}

const reportNames: readonly string[] = [
  planPaths.report(''),
  planPaths.reportMarkdown(''),
  planPaths.comparison(''),
  planPaths.comparisonMarkdown(''),
  planPaths.reportFiles(''),
  singleResponsesFile,
  ...reportParts,
].map(path => basename(path))

function isSeedOf(subjects: readonly Subject[], path: string): boolean {
  return subjects.some(({ folder }) => folder === path)
}

/** `step-000020` with that ending, written as the run writes it. */
function isEntry(name: string, ending: string): boolean {
  const step = name.endsWith(ending) ? stepOf(name.slice(0, name.length - ending.length)) : null
  return step !== null && `${stepName(step)}${ending}` === name
}
