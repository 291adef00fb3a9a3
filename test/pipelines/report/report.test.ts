import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseHTML } from 'linkedom'
import { compareArms } from '../../../pipelines/comparison/compare-arms.js'
import type { ExperimentOutcome } from '../../../pipelines/comparison/outcome.js'
import type { Plan } from '../../../pipelines/config/schema.js'
import { renderEvaluation } from '../../../pipelines/report/evaluation-page.js'
import { colourOf, dashOf } from '../../../pipelines/report/figures/style.js'
import { escapeHtml, html, link } from '../../../pipelines/report/html.js'
import { renderReport } from '../../../pipelines/report/render.js'
import { csvTable } from '../../../pipelines/report/tables/table.js'
import { constructedSweep, fourArms } from '../comparison/constructed.js'

const versions = { node: '20.3.0', '@tensorflow/tfjs-node-gpu': '4.22.0' }
const links = { Temporal: 'http://127.0.0.1:8233/namespaces/default/workflows/study' }

function reportOf({ plan, outcomes }: { plan: Plan; outcomes: readonly ExperimentOutcome[] }) {
  const whole = renderReport({ plan, outcomes, comparison: compareArms({ plan, outcomes }), versions, links })
  return { page: whole.text, whole, document: parseHTML(whole.text).document }
}

test('the data section says what was read of each file, what was left out and what is doubtful', () => {
  const { plan, outcomes } = constructedSweep([1, 2])
  const data = (rows: number) => ({
    parts: [{ name: 'train', items: rows - 3, exams: 2, sections: 1 }],
    files: [{ path: '<exam>.jsonl', rows, bad: 2, unread: 1, form: 'plain', mapping: { prompt: '`question`' } }],
    skipped: 3,
    skippedLines: ['<exam>.jsonl row 7: no answer (answer)'],
    warnings: ['<exam>.jsonl: a control character in the text'],
  })
  const withData = outcomes.map(outcome => ({ ...outcome, data: data(outcome.seed === 1 ? 70 : 80) }))
  const { document, whole } = reportOf({ plan, outcomes: withData })
  const text = document.body.textContent ?? ''
  assert.match(text, /3 rows were left out:\s*<exam>\.jsonl row 7: no answer/)
  assert.match(text, /What may be wrong in the data:\s*<exam>\.jsonl: a control character/)
  const files = whole.tables.find(({ name }) => name === 'data-files-2')
  assert.equal(
    csvTable(files ?? assert.fail('no table of files')),
    'file,rows,bad rows,references not read,form,columns\n<exam>.jsonl,80,2,1,plain,prompt from question\n',
  )
  // Experiments that share their data are told together, and a report without known data has no section.
  assert.match(text, /correctness seed 1; human-aligned seed 1; shuffled seed 1; \.\.\./)
  assert.doesNotMatch(reportOf({ plan, outcomes }).page, /<h2>Data<\/h2>/)
})

test('with three seeds it shows endpoint, intervals, the placebo, all figures and how to run it again', () => {
  const { page, document } = reportOf(constructedSweep([1, 2, 3]))
  const text = document.body.textContent ?? ''
  const question = /Does rewarding correct answers by their value/.exec(text)
  const answer = /human-aligned minus correctness is \+6\.0 ± 2\.5/.exec(text)
  const figureAt = text.indexOf('Main result')
  assert.ok(question !== null && answer !== null && question.index < answer.index && answer.index < figureAt)
  for (const term of [
    'Value of an item',
    'H-Acc (human-aligned accuracy)',
    'Expected, greedy',
    'Mean over the curve',
  ]) {
    const at = text.indexOf(term)
    assert.ok(at > 0 && at < figureAt, term)
  }
  assert.match(text, /Endpoint, named before the run: expected H-Acc, mean over the curve/)
  assert.match(text, /uniform \(placebo\)/)
  assert.match(text, /bin\/rlev sweep study\.yaml/)
  assert.match(text, /reward\.scale/)
  assert.match(text, /It does not show that the final\s+accuracy is better/)
  assert.ok(page.includes('2'.repeat(64)))
  const figures = [...document.querySelectorAll('figure')]
  // One of differences, six curves, two of sections, one of values, four of EOS.
  assert.equal(figures.length, 14)
  for (const one of figures) {
    const svg = one.querySelector('svg[role=img]')
    assert.equal(svg?.getAttribute('role'), 'img')
    assert.ok((svg?.getAttribute('aria-label') ?? '').length > 30)
    assert.ok(one.querySelector('path, circle, rect'), one.textContent ?? '')
    assert.ok((one.querySelector('figcaption')?.textContent ?? '').length > 10)
  }
  assert.ok(!/NaN|undefined|\[object/u.test(page))
})

test('with one seed it says that no interval can be given', () => {
  const { document } = reportOf(constructedSweep([7]))
  const text = document.body.textContent ?? ''
  assert.match(text, /one seed, so no interval/)
  assert.match(text, /One seed: no interval and no test can be given/)
  assert.ok(!text.includes('is supported:'))
})

test('with two seeds no interval is shown, and nothing is claimed', () => {
  const { document, whole } = reportOf(constructedSweep([1, 2]))
  const text = document.body.textContent ?? ''
  assert.ok(!/ ± \d/.test(text), text.match(/.{30} ± \d.{10}/u)?.[0] ?? '')
  assert.match(text, /Two seeds: too few for an interval/)
  assert.match(text, /2 paired seeds, too few for an interval/)
  assert.ok(!/is supported:|supported for/.test(text))
  assert.ok(whole.figures.every(({ legend }) => legend.every(({ label }) => !label.includes('interval'))))
})

test('without evaluation samples every figure and table is greedy', () => {
  const { plan, outcomes } = constructedSweep([1, 2, 3])
  const greedy = { samples: 0 }
  const arms = plan.arms.map(arm => ({
    ...arm,
    config: { ...arm.config, evaluation: { ...arm.config.evaluation, ...greedy } },
  }))
  const { document, whole } = reportOf({
    plan: { ...plan, arms },
    outcomes: outcomes.map(outcome => ({
      ...outcome,
      config: { ...outcome.config, evaluation: { ...outcome.config.evaluation, ...greedy } },
    })),
  })
  const text = document.body.textContent ?? ''
  assert.match(text, /Endpoint, named before the run: greedy H-Acc, mean over the curve/)
  const shown = text.slice(0, text.indexOf('Resolved config'))
  assert.ok(
    !/expected(?! loss)/iu.test(shown.replaceAll(/as expected|is expected|was expected/gu, '')),
    /.{40}expected.{20}/iu.exec(shown)?.[0] ?? '',
  )
  assert.ok(!whole.tables.some(({ name }) => name.includes('expected')))
})

test('it stands alone: no script, no style or picture from elsewhere, links only as links', () => {
  const { page, document } = reportOf(constructedSweep([1, 2, 3]))
  assert.equal(document.querySelectorAll('script, link, img, iframe, object, embed, base').length, 0)
  assert.equal(document.querySelectorAll('[src], [srcset], [onload], [onclick]').length, 0)
  assert.ok(!/@import|url\(\s*['"]?(?:https?:)?\/\//u.test(page))
  const addresses = [...document.querySelectorAll('[href]')].map(one => `${one.tagName} ${one.getAttribute('href')}`)
  assert.deepEqual(addresses, [`A ${links.Temporal}`])
  assert.match(page, /Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"/)
})

test('colours belong to arms: only the arm of a figure is drawn in its colour, and the legend names every line of it', () => {
  const { whole } = reportOf(constructedSweep([1, 2, 3]))
  for (const { name, svg, legend } of whole.figures.filter(one => one.name.startsWith('eos-'))) {
    const own = colourOf(fourArms.findIndex(arm => `eos-${arm.name}` === name))
    assert.deepEqual([...new Set(svg.match(/var\(--arm-\d\)/gu))], [own], name)
    assert.deepEqual(
      legend.map(({ label }) => label),
      ['highest', 'lowest']
        .map(which => `${which} values, after training`)
        .concat(['highest', 'lowest'].map(which => `${which} values, before training`)),
    )
  }
})

test('a baseline is drawn first and broad, so that an arm with the same figures does not hide it', () => {
  const { whole } = reportOf(constructedSweep([1, 2, 3]))
  const svg = whole.figures.find(({ name }) => name === 'curve-h-acc')?.svg ?? ''
  const lines = [...svg.matchAll(/<g [^>]*aria-label="line"[^>]*>/gu)].map(([group]) => [
    /stroke="([^"]+)"/u.exec(group)?.[1],
    Number(/stroke-width="([^"]+)"/u.exec(group)?.[1]),
  ])
  assert.equal(lines.length, 4)
  assert.deepEqual(lines[0], [colourOf(0), 7])
  assert.ok(lines.slice(1).every(([, width]) => Number(width) < 3))
})

test('arms up to sixty-four are told apart, by colour or by pattern', () => {
  const looks = Array.from({ length: 64 }, (_, index) => `${colourOf(index)} ${dashOf(index)}`)
  assert.equal(new Set(looks).size, 64)
})

test('it is the same bytes every time', () => {
  assert.equal(reportOf(constructedSweep([1, 2])).page, reportOf(constructedSweep([1, 2])).page)
})

const hostile = `</style><script>alert("1")</script><img src=x onerror='alert(2)'>&amp;`

test('markup that a model or a data file wrote shows as text, wherever it appears', () => {
  const { plan, outcomes } = constructedSweep([1, 2])
  const soiled = outcomes.map((outcome, index): ExperimentOutcome => {
    const evaluations = outcome.evaluations.map(evaluation => ({
      ...evaluation,
      sections: evaluation.sections.map(section => ({ ...section, section: `${hostile}${section.section}` })),
      responses: evaluation.responses.map(response => ({
        ...response,
        prompt: hostile,
        answer: hostile,
        text: hostile,
        section: hostile,
      })),
    }))
    return index === 0 ? { ...outcome, evaluations, state: 'failed', failure: hostile } : { ...outcome, evaluations }
  })
  const { page, document } = reportOf({ plan: { ...plan, warnings: [hostile] }, outcomes: soiled })
  assert.equal(document.querySelectorAll('script, img').length, 0)
  assert.equal(document.querySelectorAll('style').length, [...page.matchAll(/<style>/gu)].length)
  assert.ok(!page.includes('<script') && !page.includes('<img'))
  const shown = [...document.querySelectorAll('td .text')].filter(one => one.textContent === hostile)
  assert.equal(shown.length, 4 * 10 * 3)
  // In an attribute too: the alternative text of the figure by section.
  const alternatives = [...document.querySelectorAll('svg[role=img]')].map(one => one.getAttribute('aria-label') ?? '')
  assert.ok(alternatives.some(alternative => alternative.includes(hostile)))
})

test('templates escape texts and attributes, and a link that is no web address is only text', () => {
  assert.equal(
    html`<b title="${'"x" & <y>'}">${"it's"}</b>`.text,
    '<b title="&quot;x&quot; &amp; &lt;y&gt;">it&#39;s</b>',
  )
  assert.equal(escapeHtml('a&lt;b'), 'a&amp;lt;b')
  assert.equal(link('javascript:alert(1)', 'x').text, 'x')
  assert.equal(link('http://h/?a=1&b="', 'x').text, '<a href="http://h/?a=1&amp;b=&quot;">x</a>')
})

test('a sweep with nothing done, and a single experiment, have a report too', () => {
  const { plan, outcomes } = constructedSweep([1, 2])
  const empty = reportOf({ plan, outcomes: outcomes.map(outcome => ({ ...outcome, state: 'running' as const })) })
  assert.match(empty.document.body.textContent ?? '', /human-aligned, seed 2: running/)
  assert.ok(!/NaN|undefined/u.test(empty.page))

  const one = outcomes.find(outcome => outcome.arm === 'human-aligned' && outcome.seed === 1)
  assert.ok(one)
  const alone = reportOf({
    plan: { kind: 'experiment', name: 'alone', config: one.config, warnings: [] },
    outcomes: [{ ...one, name: 'alone', arm: 'alone' }],
  })
  const text = alone.document.body.textContent ?? ''
  assert.match(text, /xpected H-Acc.* from 31\.0% to 76\.0%/)
  assert.match(text, /Endpoint: expected H-Acc, mean over the curve/)
  assert.ok(!/named before the run|placebo/.test(text))
  assert.ok(!/NaN|undefined/u.test(alone.page))
})

test('an evaluation without training has a separate page: figures, what is unscored, trajectories, and no before and after', () => {
  const { plan, outcomes } = constructedSweep([1])
  const [arm, outcome] = [plan.arms[0], outcomes[0]]
  assert.ok(arm !== undefined && outcome !== undefined)
  const [evaluation] = outcome.evaluations
  assert.ok(evaluation !== undefined)
  const open = { share: 0.25, acc: { lowest: 0.25, highest: 0.5 }, hAcc: { lowest: 0.125, highest: 0.375 } }
  const own = {
    ...evaluation,
    step: 0,
    judge: 'judge-72b <x>',
    passAtK: [{ k: 1, value: 0.5 }],
    undecided: { greedy: open, expected: open },
  }
  const { weights: _weights, ...untrained } = outcome
  const { text: page } = renderEvaluation({
    plan: { kind: 'experiment', name: 'measured', config: { ...arm.config, steps: 0 }, warnings: [] },
    outcome: { ...untrained, arm: 'measured', evaluations: [own] },
    versions,
    links,
  })
  const { document } = parseHTML(page)
  const text = document.body.textContent ?? ''
  assert.match(text, /1600 items; verdicts of the judge judge-72b <x>/)
  assert.match(text, /greedy25\.025\.0 to 50\.012\.5 to 37\.5/)
  assert.match(text, /H-Acc \(human-aligned accuracy\)/)
  assert.match(text, /k = 1/)
  assert.equal(document.querySelectorAll('figure').length, 1)
  assert.ok(!/not done|before|dashed|same bits/.test(text))
  assert.ok(!/NaN|undefined|\[object/u.test(page))
})
