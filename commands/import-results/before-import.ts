/** What an import must agree with: a config with evaluations after training, and what was imported into the same run before. */
import { existsSync } from 'node:fs'
import { codeOfThisProcess } from '../../activities/machine/code.js'
import { type Elsewhere, readElsewhere, readSource } from '../../activities/store/runs/elsewhere.js'
import { readProvenance } from '../../activities/store/runs/provenance.js'
import { experimentPaths, planPaths, runFolder } from '../../activities/store/runs/run-folder.js'
import type { Plan } from '../../pipelines/config/schema.js'
import { RlevError } from '../../pipelines/errors.js'
import { commandFor } from '../runs/shell-command.js'
import type { Home } from '../services/home.js'

/** Sweeps and experiments that train nothing, or that may end at any evaluation. */
export function refusePlan(plan: Plan, place: string): void {
  const configs = plan.kind === 'sweep' ? plan.arms.map(({ config }) => config) : [plan.config]
  const early = configs.some(({ evaluation }) => evaluation.earlyStop != null)
  if (!early && configs.every(({ steps }) => steps > 0)) return
  throw new RlevError({
    kind: 'CallInvalid',
    message: early
      ? 'with evaluation.earlyStop it is not known which evaluations there are'
      : 'the config trains nothing, so there is no evaluation after training to import',
    place,
    expected: early ? 'a config without an early stop' : 'steps of at least 1',
    found: early ? 'evaluation.earlyStop' : 'steps: 0',
    remedy: early
      ? '--set evaluation.earlyStop=null, with steps and evaluation.every as the trainer had them'
      : '--set steps=N, with the steps of the trainer; `rlev score` marks responses without a run',
  })
}

export function refuseOtherVersion(home: Home, name: string): void {
  const before = readProvenance(home.path, name)
  if (before === null || before.code.digest === codeOfThisProcess().digest) return
  throw new RlevError({
    kind: 'Drift',
    message: `rlev has changed since responses were imported into ${name}, and may mark others otherwise`,
    place: runFolder(home.path, name),
    expected: `code ${before.code.digest.slice(0, 12)}`,
    found: `code ${codeOfThisProcess().digest.slice(0, 12)}`,
    remedy: 'import all responses again under another name with --name, or with the version of before',
  })
}

export function refuseOther(now: {
  home: Home
  name: string
  before: Elsewhere | null
  trainer: string
  greedy: Elsewhere['greedy']
}): void {
  const { home, name, before, trainer, greedy } = now
  if (before === null || (before.trainer === trainer && before.greedy === greedy)) return
  const otherTrainer = before.trainer !== trainer
  throw new RlevError({
    kind: 'CallInvalid',
    message: otherTrainer
      ? `the arms of ${name} were trained by another trainer`
      : `greedy responses of ${name} are of another kind`,
    place: runFolder(home.path, name),
    expected: otherTrainer ? before.trainer : `greedy responses: ${before.greedy}`,
    found: otherTrainer ? trainer : `greedy responses: ${greedy}`,
    remedy: otherTrainer
      ? 'give the same --trainer for all arms, or import these under another name with --name'
      : 'give greedy responses in every file or in none, or import these under another name with --name',
  })
}

export function refuseOtherAnswers(now: {
  home: Home
  id: string
  step: number
  sha256: string
  files: string[]
}): void {
  const { home, id, step, sha256, files } = now
  if (!existsSync(experimentPaths.config(runFolder(home.path, id)))) return
  const before = readSource(home.path, id, step)
  if (before === null || before.sha256 === sha256) return
  throw new RlevError({
    kind: 'CallInvalid',
    message: 'other responses were imported of this evaluation',
    place: `${id} step ${step}`,
    expected: `the responses of ${before.files.join(', ')}`,
    found: `others in ${files.join(', ')}`,
    remedy: `${commandFor(home, 'delete', id.split('/')[0] ?? id)} removes the import; or import these under another name with --name`,
  })
}

/** Null if nothing of this name is there. @throws RlevError CallInvalid */
export function importedBefore(home: string, name: string): Elsewhere | null {
  const elsewhere = readElsewhere(home, name)
  if (elsewhere !== null || !existsSync(planPaths.plan(runFolder(home, name)))) return elsewhere
  throw new RlevError({
    kind: 'CallInvalid',
    message: `${name} is a run that this home trains`,
    place: runFolder(home, name),
    expected: 'a name that is free, or that of an import',
    remedy: `give the import another name with --name; \`rlev compare ${name} OTHER\` sets both side by side`,
  })
}
