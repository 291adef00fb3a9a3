/** Builds a program from its published Go module. */

import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { PartError } from './part-error.mjs'
import { runCommand } from './run-command.mjs'

/**
 * `go install MODULE`, which leaves `program` in `folder`.
 * @param {{ context: object, part: string, go: { command: string }, module: string, folder: string, program: string, remedy: string,
 *   report: (text: string) => void }} options
 * @throws {PartError}
 */
export async function goInstall({ context, part, go, module, folder, program, remedy, report }) {
  // Modules and objects are a gigabyte that nobody needs after the build; kept apart, they can go.
  const work = join(context.cache, part, 'go-work')
  let packages = 0
  await runCommand({
    context,
    part,
    command: go.command,
    args: ['install', '-v', '-ldflags', '-s -w', module],
    env: {
      GOBIN: folder,
      GOPATH: work,
      GOMODCACHE: join(work, 'modules'),
      GOCACHE: join(work, 'objects'),
      GOFLAGS: '-modcacherw',
      GOWORK: 'off',
    },
    remedy,
    onLine: () => {
      packages += 1
      if (packages % 400 === 0) report(`${packages} Go modules fetched and packages compiled`)
    },
  })
  if (!existsSync(join(folder, program))) {
    throw new PartError({
      message: 'go install made no program',
      expected: join(folder, program),
      found: 'no such file',
    })
  }
  rmSync(work, { recursive: true, force: true })
}
