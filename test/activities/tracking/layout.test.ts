/** The keys under which MLflow gets what a run measures: each name of the data has its own. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { checkName } from '../../../activities/mlflow/checks.js'
import { evaluationMetrics, experimentNote, paramsOf } from '../../../activities/tracking/layout.js'
import type { Columns, Evaluation } from '../../../pipelines/evaluation/evaluation.js'
import { tinyConfig } from '../../workflows/tiny.js'

const columns: Columns = { acc: 0.5, hAcc: 0.5, length: 3, valueDensity: 1, accHigh: 0.5, accLow: 0.5 }
const undecided = { share: 0, acc: { lowest: 0, highest: 0 }, hAcc: { lowest: 0, highest: 0 } }

function evaluation(sections: readonly string[], transfer: readonly string[] = []): Evaluation {
  return {
    step: 20,
    items: sections.length,
    greedy: columns,
    expected: columns,
    unscored: 0,
    undecided: { greedy: undecided, expected: undecided },
    passAtK: [],
    sections: sections.map((section, index) => ({
      section,
      items: 1,
      value: 0.1,
      greedy: { acc: index, length: index },
      expected: { acc: index, length: index },
    })),
    eos: [],
    transfer: transfer.map(name => ({ name, items: 1, greedy: columns, expected: columns })),
    responses: [],
  }
}

function keysUnder(group: string, made: Evaluation): string[] {
  const keys = evaluationMetrics({ time: 1, evaluation: made }).map(({ key }) => key)
  return keys.filter(key => key.startsWith(`${group}/`))
}
const sectionKeys = (...sections: string[]): string[] => keysUnder('sections', evaluation(sections))

/** Accuracy alone, one a section. */
const accuracyKeys = (...sections: string[]): string[] => sectionKeys(...sections).filter(key => key.endsWith('_acc'))

test('sections of plain names keep the keys that they always had', () => {
  assert.deepEqual(sectionKeys('add1', 'Word problems 2.1', 'a/b'), [
    'sections/add1_acc',
    'sections/add1_length',
    'sections/Word problems 2.1_acc',
    'sections/Word problems 2.1_length',
    'sections/a_b_acc',
    'sections/a_b_length',
  ])
})

test('the share of cut responses stands beside the accuracy, and H-Acc beside that of a section', () => {
  const cut = { ...columns, cut: 0.25 }
  const made = evaluation(['a'])
  const figures = { acc: 0, hAcc: 0.5, length: 0 }
  const sections = made.sections.map(section => ({ ...section, greedy: figures, expected: figures }))
  const sent = evaluationMetrics({ time: 1, evaluation: { ...made, greedy: cut, sections } })
  const value = (key: string) => sent.find(metric => metric.key === key)?.value
  assert.equal(value('eval/cut'), 0.25)
  assert.equal(value('eval/expected_cut'), undefined)
  assert.equal(value('sections/a_h_acc'), 0.5)
})

test('an alarm opens the text of the run', () => {
  const alarm = {
    kind: 'skipped-steps',
    figure: 1,
    limit: 0.9,
    sentence: 'Nothing changed.',
    remedy: 'Change it.',
  } as const
  const note = (alarms: Parameters<typeof experimentNote>[0]['alarms']) =>
    experimentNote({ config: tinyConfig('noted'), evaluations: [], run: 'noted', alarms })
  assert.match(note([alarm]), /^\*\*Alarm\*\* noted: Nothing changed\. Change it\.\n\n\*\*rloo/)
  assert.match(note([]), /^\*\*rloo\*\*/)
})

test('letters and digits of every script stay in a key', () => {
  assert.deepEqual(accuracyKeys('代数', '几何', 'Алгебра', 'éléments', '٣'), [
    'sections/代数_acc',
    'sections/几何_acc',
    'sections/Алгебра_acc',
    'sections/éléments_acc',
    'sections/٣_acc',
  ])
})

test('names that meet once their signs are replaced get a suffix each, whatever their order', () => {
  const keys = accuracyKeys('a/b', 'a:b', 'c')
  assert.match(keys[0] as string, /^sections\/a_b_[0-9a-f]{8}_acc$/)
  assert.match(keys[1] as string, /^sections\/a_b_[0-9a-f]{8}_acc$/)
  assert.equal(new Set(keys).size, 3)
  assert.equal(keys[2], 'sections/c_acc')
  assert.deepEqual(new Set(accuracyKeys('c', 'a:b', 'a/b')), new Set(keys))
})

test('names that are cut at the limit get a suffix, within the limit', () => {
  const start = '长'.repeat(99)
  const keys = accuracyKeys(`${start}一二`, `${start}一三`)
  assert.equal(new Set(keys).size, 2)
  for (const key of keys) {
    const [, name = ''] = /^sections\/(.*)_acc$/u.exec(key) ?? []
    assert.match(name, /^长+_[0-9a-f]{8}$/u)
    assert.equal([...name].length, 100)
  }
})

test('a section that is called like the suffixed key of another one has its own key too', () => {
  const [suffixed] = accuracyKeys('a/b', 'a:b')
  const name = (suffixed as string).slice('sections/'.length, -'_acc'.length)
  assert.equal(new Set(accuracyKeys('a/b', 'a:b', name)).size, 3)
})

test('any sections have as many keys as there are, and MLflow takes each', () => {
  const word = fc.oneof(fc.string({ unit: 'grapheme', maxLength: 12 }), fc.string({ unit: 'binary', maxLength: 120 }))
  const signs = fc.string({ unit: fc.constantFrom('a', '_', '/', ':', '.', '\n'), maxLength: 4 })
  fc.assert(
    fc.property(fc.uniqueArray(fc.oneof(word, signs), { maxLength: 12 }), sections => {
      const keys = sectionKeys(...sections)
      assert.equal(new Set(keys).size, 2 * sections.length)
      for (const key of keys) checkName('metric', key)
    }),
  )
})

test('further test sets whose keys would meet have separate keys', () => {
  // far + _h_acc and far_h + _acc are the same word.
  const keys = keysUnder('transfer', evaluation([], ['far', 'far_h', 'near']))
  assert.equal(new Set(keys).size, 12)
  assert.ok(keys.includes('transfer/near_h_acc'))
})

test('the labels of sections are params that MLflow takes, whatever the sections are called', () => {
  const params = paramsOf({ value: { weakLabels: { 代数: 1, 'a|b': 2, 'a?b': 3, 'x/y': 4 } } })
  assert.deepEqual(
    params.map(({ value }) => value),
    ['1', '2', '3', '4'],
  )
  const keys = params.map(({ key }) => key)
  assert.equal(new Set(keys).size, 4)
  for (const key of keys) checkName('param', key)
  assert.ok(keys.includes('value.weakLabels.代数') && keys.includes('value.weakLabels.x/y'), keys.join(', '))
})
