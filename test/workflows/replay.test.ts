/** Committed histories of real runs replay against the workflows as they are now. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { bundleWorkflowCode, DefaultLogger, Runtime, Worker, type WorkflowBundle } from '@temporalio/worker'
import { buildFolder, projectFolder } from '../../commands/services/project.js'
import { bundleOf, isBundleFresh } from '../../commands/worker/bundle-age.mjs'
import { readRecorded } from './recorded-history.js'

const histories = join(projectFolder, 'test', 'histories')
const workflows = fileURLToPath(new URL('../../workflows/', import.meta.url))
const logger = new DefaultLogger('ERROR')

const recorded = readdirSync(histories)
  .filter(name => name.endsWith('.json'))
  .map(name => ({ name, ...readRecorded(join(histories, name)) }))

/** The iterator yields errors and throws none: every result has to be looked at. */
async function replay(workflowBundle: WorkflowBundle, runs: typeof recorded): Promise<Map<string, Error | undefined>> {
  const results = new Map<string, Error | undefined>()
  for (const { name, workflowId, history } of runs) {
    for await (const { error } of Worker.runReplayHistories({ workflowBundle }, [{ workflowId, history }])) {
      results.set(name, error)
    }
  }
  return results
}

let bundle: Promise<{ code: string }> | undefined
/** That of the build, unless it is older than the workflows. */
function currentBundle(): Promise<{ code: string }> {
  bundle ??= isBundleFresh(buildFolder)
    ? Promise.resolve({ code: readFileSync(bundleOf(buildFolder), 'utf8') })
    : bundleWorkflowCode({ workflowsPath: join(workflows, 'index.js'), logger })
  return bundle
}

describe('the workflows', () => {
  before(() => {
    Runtime.install({ logger })
  })

  it('replay every committed history', async () => {
    const results = await replay(await currentBundle(), recorded)
    assert.ok(
      recorded.length >= 16,
      'histories of whole, paused, short-stepped, interrupted, renewed, cancelled, predicted, judged, evaluated (also in pieces), rolled out in pieces, moved and failed runs, of a sweep, and of one that ended without a link',
    )
    assert.equal(results.size, recorded.length)
    for (const [name, error] of results) assert.equal(error, undefined, `${name}: ${error?.message}`)
  })

  it('are caught when a stage has moved', async () => {
    // In the bundle, which has the workflows as they were compiled: making another one takes seconds.
    const { code } = await currentBundle()
    const moved = code
      .replace(/this\.#tracking\.open\(\{ data \}\);\n/, '')
      .replace(/(this\.#view\.enter\('warm start'\);\n)/, 'this.#tracking.open({ data });\n$1')
    assert.equal(moved.length, code.length)
    assert.notEqual(moved, code)
    const whole = recorded.filter(({ name }) => name === 'experiment.json')
    const error = (await replay({ code: moved }, whole)).get('experiment.json')
    assert.match(String(error), /[Nn]ondeterminism|DeterminismViolation/)
  })
})
