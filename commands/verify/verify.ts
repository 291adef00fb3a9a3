/** `rlev verify NAME`: every checksum and every reference of a run, orphans and gaps. Reads only; needs no service. */
import type { ExaminedObjects } from '../../activities/store/mirror/examine.js'
import { knownRun } from '../runs/run-names.js'
import { sharedHome } from '../runs/shared-home.js'
import { openHome } from '../services/home.js'
import { toJson } from '../text/json.js'
import { type Examined, examineRun } from './examine.js'
import type { Finding } from './finding.js'

export interface VerifyOptions {
  home?: string | undefined
  name: string
  json?: boolean | undefined
}

/**
 * Sets exit status 1 where anything is found.
 * @throws RlevError CallInvalid or NotFound where the home has no such run.
 */
export async function verify({ home: path, name, json = false }: VerifyOptions): Promise<void> {
  const home = openHome(path).path
  knownRun(home, name)
  const examined = withObjects(await examineRun(home, name), await sharedHome(home)?.examine(name))
  const sound = examined.findings.length === 0
  console.log(json ? toJson({ name, home, sound, ...examined }) : textOf(name, examined))
  if (!sound) process.exitCode = 1
}

/** Also what the object store has of the run, if there is one. */
function withObjects(examined: Examined, stored: ExaminedObjects | undefined): Examined {
  if (stored === undefined) return examined
  const remedy =
    'delete the object and resume the run on a machine that has the file in its home, which writes it again'
  const findings = [...examined.findings, ...stored.damages.map(damage => ({ ...damage, remedy }))]
  return { ...examined, findings, files: examined.files + stored.objects, bytes: examined.bytes + stored.bytes }
}

function textOf(name: string, { findings, files, bytes, experiments }: Examined): string {
  const { all, begun, done } = experiments
  const of =
    all === 1
      ? done === 1
        ? 'done'
        : begun === 1
          ? 'not done'
          : 'not begun'
      : `${begun} of ${all} experiments begun, ${done} done`
  const checked = `${files} files, ${(bytes / 1e6).toFixed(1)} MB (${of})`
  if (findings.length === 0) return `${name} is sound: ${checked}`
  const count = findings.length === 1 ? '1 finding' : `${findings.length} findings`
  return [`${name}: ${count} in ${checked}`, ...findings.map(findingText)].join('\n')
}

function findingText({ place, message, expected, found, remedy }: Finding): string {
  const lines = [`${place}: ${message}`]
  if (expected !== undefined) lines.push(`  expected: ${expected}`)
  if (found !== undefined) lines.push(`  found:    ${found}`)
  lines.push(`  to do:    ${remedy}`)
  return lines.join('\n')
}
