/**
 * Compares the verifier `math` with the test cases of Math-Verify: agreement, false positives and every disagreement. Usage, after the
 * build:  node dist/scripts/studies/print-math-verify.js CHECKOUT   (a checkout of the repository huggingface/Math-Verify)
 */
import { execFileSync } from 'node:child_process'
import { verifyMath } from '../../pipelines/rewards/verifiers/math.js'
import { answerIn, type MathVerifyCase } from './math-verify.js'

const [checkout] = process.argv.slice(2)
if (checkout === undefined) throw new Error('usage: node dist/scripts/studies/print-math-verify.js CHECKOUT')

const printed = execFileSync('python3', ['scripts/peers/math_verify_cases.py', checkout], {
  encoding: 'utf8',
  maxBuffer: 2 ** 26,
})
const cases = JSON.parse(printed) as MathVerifyCase[]
const disagreements = cases.flatMap(({ place, gold, prediction, equal, decimals }) => {
  const [reference, answer] = [answerIn(gold), answerIn(prediction)]
  // Math-Verify ignores units, and compares decimals rounded.
  const rules = { tolerance: 1e-6, absoluteTolerance: 0.5 * 10 ** -decimals, units: 'ignore' as const }
  if (reference === null) throw new Error(`${place}: no answer in the gold text ${gold}`)
  const verdict = verifyMath({ answer, reference, rules })
  return (verdict === 'correct') === equal ? [] : [{ place, reference, answer, equal, verdict }]
})
for (const { place, reference, answer, equal, verdict } of disagreements) {
  console.log(`${place}: ${verdict}, there ${equal ? 'equal' : 'not equal'}: ${reference}   against   ${answer}`)
}
const agreed = cases.length - disagreements.length
const falsePositives = disagreements.filter(({ equal }) => !equal).length
console.log(
  `${agreed} of ${cases.length} agree (${((100 * agreed) / cases.length).toFixed(1)}%), ${falsePositives} false positives`,
)
