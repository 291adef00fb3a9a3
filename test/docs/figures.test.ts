/** Figures that one page of docs/ works out from another page's are those that our statistics give. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { effectSize } from '../../pipelines/statistics/effect-size.js'
import { pairedDifference } from '../../pipelines/statistics/paired-difference.js'
import { minimumDetectable } from '../../pipelines/statistics/power.js'
import { signFlipTest } from '../../pipelines/statistics/sign-flip.js'

const prose = (file: string): string => readFileSync(file, 'utf8').replace(/\s+/g, ' ')
const signed = (value: number): string => `${value < 0 ? '-' : '+'}${Math.abs(value).toFixed(1)}`

test('the example of docs/statistics.md is worked out from the differences in docs/exam.md', () => {
  const row = /\| `v7` \| (\S+ ± \S+) \| (\S+) \| ([-+.\d, ]+) \|/.exec(prose('docs/exam.md'))
  assert.ok(row)
  const [, interval, p, listed = ''] = row
  const differences = listed.split(',').map(Number)
  const example = prose('docs/statistics.md').split('## An example')[1] ?? ''
  const found = pairedDifference(differences, [0, 0, 0, 0, 0])
  const effect = effectSize(differences)
  assert.ok(effect !== null && effect.g !== null && found.half !== null)
  assert.equal(`${signed(found.mean)} ± ${found.half.toFixed(1)}`, interval)
  assert.equal(found.p?.toFixed(3), p)
  for (const figure of [
    differences.map(signed).join(', '),
    `${interval}`,
    `p is ${p}`,
    `d_z is ${effect.d.toFixed(1)} (${effect.interval.low.toFixed(1)} to ${effect.interval.high.toFixed(1)})`,
    `g is ${effect.g.toFixed(1)}`,
    `${signFlipTest(differences).p}`,
    `find ${minimumDetectable({ seeds: 5, deviation: found.mean / effect.d })?.toFixed(1)} points`,
  ]) {
    assert.ok(example.includes(figure), `${figure} is not in: ${example}`)
  }
})
