/**
 * The comparison over arms and seeds, and the report with its tables and figures, from the files of the experiments. Its drawing libraries
 * take half a second to load.
 */
import { rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, join, relative } from 'node:path'
import { compareArms } from '../../pipelines/comparison/compare-arms.js'
import type { ExperimentOutcome } from '../../pipelines/comparison/outcome.js'
import { workflowIdOf } from '../../pipelines/config/names.js'
import type { Plan } from '../../pipelines/config/schema.js'
import { given } from '../../pipelines/given.js'
import { renderEvaluation } from '../../pipelines/report/evaluation-page.js'
import { reportFiles } from '../../pipelines/report/files.js'
import { renderReport } from '../../pipelines/report/render.js'
import { responsesFiles, singleResponsesFile } from '../../pipelines/report/responses-file.js'
import { comparisonMarkdown } from '../../pipelines/report/tables/comparison-as-text.js'
import { failPoint } from '../fail-points/fail-point.js'
import { workflowPage } from '../machine/services-record.js'
import { namesIn, sha256, writeWhole } from '../store/files.js'
import { readElsewhere } from '../store/runs/elsewhere.js'
import { readOutcomes } from '../store/runs/outcomes.js'
import { planPaths, reportParts, runFolder } from '../store/runs/run-folder.js'
import { readPlan } from '../store/runs/runs.js'
import { seal } from '../store/sealed.js'
import { homeId, knownServices, type Workplace } from '../workplace.js'
import type { PublishedReport, ReportSubject } from './report-thread.js'

/** Replaces the report that was there. It holds its thread until it is written. The command calls it for a run that is not over. */
export function writeReport(workplace: Workplace, { name, trackingUrl }: ReportSubject): PublishedReport {
  const { home } = workplace
  const folder = runFolder(home, name)
  const plan = readPlan(home, name)
  const elsewhere = readElsewhere(home, name)
  const around =
    elsewhere === null
      ? { versions: versions(workplace), links: links(workplace, name, trackingUrl) }
      : { versions: { ...versions(workplace), 'trained elsewhere by': elsewhere.trainer }, links: {} }
  const files = filesOf({ plan, outcomes: readOutcomes(home, name), around })
  failPoint('report.before')
  for (const [path, content] of files) {
    writeWhole(join(planPaths.reportFolder(folder), path), content)
    failPoint('report.file')
  }
  const digests = Object.fromEntries(files.map(([path, content]) => [path, sha256(content)]))
  writeWhole(planPaths.reportFiles(folder), seal(digests))
  failPoint('report.after')
  removeOthers(planPaths.reportFolder(folder), digests)
  return { path: relative(home, planPaths.report(folder)) }
}

/** Paths in the report's folder, and contents. An evaluation of one policy has no comparison. */
function filesOf({
  plan,
  outcomes,
  around,
}: {
  plan: Plan
  outcomes: readonly ExperimentOutcome[]
  around: { versions: Record<string, string>; links: Record<string, string> }
}): [path: string, content: string][] {
  const [outcome] = outcomes
  const responses = responsesFiles(outcomes, { sweep: plan.kind === 'sweep' })
  if (plan.kind === 'experiment' && plan.config.steps === 0 && outcome !== undefined)
    return [...reportFiles(plan.name, renderEvaluation({ plan, outcome, ...around })), ...responses]
  const comparison = compareArms({ plan, outcomes })
  return [
    [basename(planPaths.comparison('')), `${JSON.stringify(comparison, null, 2)}\n`],
    [basename(planPaths.comparisonMarkdown('')), comparisonMarkdown(comparison)],
    ...reportFiles(plan.name, renderReport({ plan, outcomes, comparison, ...around })),
    ...responses,
  ]
}

/** Figures, tables and responses of an earlier report that this one does not have. */
function removeOthers(folder: string, digests: Readonly<Record<string, string>>): void {
  const inParts = reportParts.flatMap(part => namesIn(join(folder, part)).map(name => `${part}/${name}`))
  for (const path of [...inParts, singleResponsesFile]) {
    // Other files there do not belong to the report.
    if (/\.(?:svg|csv|tex)$/u.test(path) && digests[path] === undefined) rmSync(join(folder, path), { force: true })
  }
}

function links({ home }: Workplace, name: string, trackingUrl: string | undefined): Record<string, string> {
  return given({ Temporal: workflowPage(knownServices(home), workflowIdOf(name, homeId(home))), MLflow: trackingUrl })
}

/** Versions of what computed the figures. */
function versions({ code }: Workplace): Record<string, string> {
  const require = createRequire(import.meta.url)
  const of = (name: string) => (require(`${name}/package.json`) as { version: string }).version
  return {
    'code of rlev (digest)': code.digest,
    node: process.versions.node,
    '@tensorflow/tfjs-node-gpu': of('@tensorflow/tfjs-node-gpu'),
    '@temporalio/workflow': of('@temporalio/workflow'),
  }
}
