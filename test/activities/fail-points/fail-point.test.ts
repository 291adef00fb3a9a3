import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { armFailPoints, FailPointReached, failPoint } from '../../../activities/fail-points/fail-point.js'
import { failPointNames } from '../../../activities/fail-points/names.js'
import { RlevError } from '../../../pipelines/errors.js'

afterEach(() => armFailPoints(undefined))

describe('fail points', () => {
  it('do nothing where none is armed', () => {
    for (const name of failPointNames) failPoint(name)
  })

  it('act once, at the hit that was asked for, and others not at all', () => {
    armFailPoints('journal.rollout.before:3:throw')
    const met = Array.from({ length: 6 }, () => {
      failPoint('journal.rollout.after')
      try {
        failPoint('journal.rollout.before')
        return 'passed'
      } catch (error) {
        assert.ok(error instanceof FailPointReached)
        return 'threw'
      }
    })
    assert.deepEqual(met, ['passed', 'passed', 'threw', 'passed', 'passed', 'passed'])
  })

  it('may be several', () => {
    armFailPoints(' fence.before:1:throw, fence.after:2:throw')
    assert.throws(() => failPoint('fence.before'), /fence\.before was armed to throw/)
    failPoint('fence.after')
    assert.throws(() => failPoint('fence.after'), FailPointReached)
  })

  it('that stall block the thread for as long as they say, and go on', async () => {
    armFailPoints('fence.before:1:stall=0.3')
    let turns = 0
    const timer = setInterval(() => turns++, 10)
    const began = performance.now()
    failPoint('fence.before')
    assert.ok(performance.now() - began >= 290)
    assert.equal(turns, 0)
    clearInterval(timer)
  })

  it('that kill end the process on the spot, after a line that names them', () => {
    const module = fileURLToPath(new URL('../../../activities/fail-points/fail-point.js', import.meta.url))
    const script = `
      const { armFailPoints, failPoint } = await import(${JSON.stringify(module)})
      armFailPoints('result.after:2:kill')
      failPoint('result.after')
      process.on('exit', () => console.log('handlers'))
      console.log('met once')
      failPoint('result.after')
      console.log('lives')`
    const { signal, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      encoding: 'utf8',
    })
    assert.equal(signal, 'SIGKILL')
    assert.equal(stdout, 'met once\n')
    const { message, name, hit, action } = JSON.parse(stderr) as Record<string, unknown>
    assert.deepEqual([message, name, hit, action], ['fail point', 'result.after', 2, 'kill'])
  })

  it('of an unknown name or in another form are refused with the list', () => {
    for (const text of [
      'journal.before:1:kill',
      'fence.before',
      'fence.before:0:kill',
      'fence.before:1:explode',
      ',x',
    ]) {
      assert.throws(
        () => armFailPoints(text),
        (error: unknown) =>
          error instanceof RlevError &&
          error.kind === 'CallInvalid' &&
          failPointNames.every(name => error.message.includes(name)),
        text,
      )
    }
  })

  it('are each met somewhere in the code', () => {
    const folders = ['activities', 'commands'].map(name => fileURLToPath(new URL(`../../../${name}`, import.meta.url)))
    const code = folders
      .flatMap(folder => readdirSync(folder, { recursive: true, encoding: 'utf8' }).map(name => join(folder, name)))
      .filter(path => path.endsWith('.js') && !path.endsWith(join('fail-points', 'names.js')))
      .map(path => readFileSync(path, 'utf8'))
      .join('\n')
    // A name is written out, or made of the kind of file or request and the rest.
    const written = (name: string) => {
      const parts = name.split('.')
      const forms = [
        name,
        `\${what}.${parts.slice(1).join('.')}`,
        `journal.\${what}.${parts[2]}`,
        `mlflow.\${kind}.${parts[2]}`,
      ]
      return forms.some(form => code.includes(`'${form}'`) || code.includes(`\`${form}\``))
    }
    assert.deepEqual(
      failPointNames.filter(name => !written(name)),
      [],
    )
  })
})
