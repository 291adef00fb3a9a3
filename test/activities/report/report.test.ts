/** The report of a run that was made by the stages, as files in its folder. */
import assert from 'node:assert/strict'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { parse } from 'csv-parse/sync'
import { writeReport } from '../../../activities/report/write-report.js'
import { experimentPaths, planPaths, runFolder } from '../../../activities/store/runs/run-folder.js'
import { readEvaluations, readItemOutcomes } from '../../../activities/store/runs/runs.js'
import { workplace } from '../../../activities/workplace.js'
import { RlevError } from '../../../pipelines/errors.js'
import { runInProcess } from '../../../scripts/drill/in-process.js'
import { tinyConfig } from '../../workflows/tiny.js'

type Row = Record<'id' | 'response' | 'finish' | 'verdict' | 'reference' | 'final answer', string>

describe('the report of a run', () => {
  let whole: string
  before(async () => {
    whole = mkdtempSync(join(tmpdir(), 'rlev-report-'))
    await runInProcess({
      home: whole,
      config: tinyConfig('told', {
        steps: 2,
        rollout: { maxTokens: 3 },
        evaluation: { every: 1 },
        checkpoint: { everySteps: 2 },
      }),
    })
  })
  after(() => rmSync(whole, { recursive: true, force: true }))

  function inACopy(work: (home: string, folder: string) => void): void {
    const home = mkdtempSync(join(tmpdir(), 'rlev-report-'))
    try {
      cpSync(whole, home, { recursive: true })
      work(home, planPaths.reportFolder(runFolder(home, 'told')))
    } finally {
      rmSync(home, { recursive: true, force: true })
    }
  }

  const written = (folder: string) =>
    Object.fromEntries(
      readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter(entry => entry.isFile())
        .map(entry => join(entry.parentPath, entry.name))
        .sort()
        .map(path => [path.slice(folder.length + 1), readFileSync(path, 'utf8')]),
    )

  it('is the same bytes when it is written again, and what an earlier one had more is gone', () => {
    inACopy((home, folder) => {
      writeReport(workplace(home), { name: 'told' })
      const first = written(folder)
      assert.ok('figures/curve-h-acc.svg' in first && 'tables/costs.csv' in first && 'report.md' in first)
      assert.ok('figures/length-by-value.svg' in first, 'the items are read from the store')
      assert.doesNotMatch(first['report.html'] ?? '', /missing or damaged/)
      writeFileSync(join(folder, 'figures', 'alpha.svg'), 'of an arm that is no more')
      writeReport(workplace(home), { name: 'told' })
      assert.deepEqual(written(folder), first)
    })
  })

  it('has every greedy response in a CSV file, from which its Acc can be counted by hand', () => {
    inACopy((home, folder) => {
      const rows = parse(readFileSync(join(folder, 'responses.csv'), 'utf8'), { columns: true }) as Row[]
      const evaluation = readEvaluations(home, 'told').at(-1)?.evaluation
      const outcomes = readItemOutcomes(home, 'told', 2) ?? []
      assert.equal(rows.length, evaluation?.items)
      for (const [index, { id, response, finish, verdict, reference, ...row }] of rows.entries()) {
        assert.equal(id, outcomes[index]?.itemId)
        assert.equal(response, outcomes[index]?.greedy.text)
        const text = response.slice(response.lastIndexOf('#') + 1).trim()
        const read = finish === 'cut' || !response.includes('#') ? '' : text
        assert.equal(row['final answer'], read)
        assert.equal(verdict, read === reference ? 'correct' : 'wrong')
      }
      const cut = rows.filter(({ finish }) => finish === 'cut').length
      assert.ok(cut > 0 && cut < rows.length, `${cut} of ${rows.length} are cut, which a test of both needs`)
      writeFileSync(join(folder, 'responses.csv'), 'hurt')
      writeReport(workplace(home), { name: 'told' })
      const again = parse(readFileSync(join(folder, 'responses.csv'), 'utf8'), { columns: true })
      assert.deepEqual(again, rows)
    })
  })

  it('is made without figures of single items where a part of them is lost or hurt', () => {
    const stored = (home: string) => {
      const data = join(home, 'store', 'data')
      return join(data, readdirSync(data)[0] ?? '')
    }
    const run = (home: string) => runFolder(home, 'told')
    for (const spoil of [
      (home: string) => rmSync(stored(home), { recursive: true }),
      (home: string) => writeFileSync(join(stored(home), 'data.json'), '{}'),
      (home: string) => writeFileSync(experimentPaths.reference(run(home), 'values'), '{}'),
      (home: string) => writeFileSync(experimentPaths.evaluationItems(run(home), 1), '{}'),
      (home: string) => rmSync(experimentPaths.evaluationItems(run(home), 2)),
    ]) {
      inACopy((home, folder) => {
        spoil(home)
        writeReport(workplace(home), { name: 'told' })
        const names = Object.keys(written(folder))
        assert.ok(names.includes('figures/curve-h-acc.svg') && names.includes('figures/values-train.svg'))
        assert.ok(!names.some(name => /length-by-value|values-test|responses\.csv/.test(name)), names.join())
        assert.match(
          written(folder)['report.html'] ?? '',
          /results on single test items are missing or damaged for told seed 1/,
        )
      })
    }
  })

  it('is not written through a link that leads out of the home', () => {
    inACopy((home, folder) => {
      const elsewhere = mkdtempSync(join(tmpdir(), 'rlev-report-'))
      try {
        rmSync(join(folder, 'figures'), { recursive: true, force: true })
        mkdirSync(folder, { recursive: true })
        symlinkSync(elsewhere, join(folder, 'figures'))
        assert.throws(() => writeReport(workplace(home), { name: 'told' }), RlevError)
        assert.deepEqual(readdirSync(elsewhere), [])
      } finally {
        rmSync(elsewhere, { recursive: true, force: true })
      }
    })
  })
})
