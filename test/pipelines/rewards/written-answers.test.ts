/** How answers are written: each line a reference, a response and the verdict. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Verdict } from '../../../pipelines/rewards/verdict.js'
import { type VerifierConfig, verify } from '../../../pipelines/rewards/verify.js'
import { plainRules } from './plain-rules.js'

type Rules = Partial<VerifierConfig> & { choices?: string[] }
type Row = [VerifierConfig['verifier'], string, string, Verdict, Rules]

const [C, W, U] = ['correct', 'wrong', 'unscored'] as const
const n = (reference: string, response: string, verdict: Verdict, rules: Rules = {}): Row => [
  'numeric',
  reference,
  response,
  verdict,
  rules,
]
const e = (reference: string, response: string, verdict: Verdict, rules: Rules = {}): Row => [
  'exact',
  reference,
  response,
  verdict,
  rules,
]
const c = (reference: string, response: string, verdict: Verdict, rules: Rules = {}): Row => [
  'choice',
  reference,
  response,
  verdict,
  rules,
]
const opt = { choices: ['Berlin', 'Rome', 'Paris', 'Madrid'] }

// biome-ignore format: a table
const rows: Row[] = [
n('18','$18$',C),n('18','18.',C),n('18','18.0',C),n('18','\\$18',C),n('18','$18',C),n('18','18 dollars',C),n('$18','18',C),n('$18.00','$18',C),
n('18 cm','18 m',W),n('1.8 m','180 cm',C),n('180 cm','1.8 m',C),n('18 cm','18',C),n('18','18cm',C),n('18 cm','18',W,{units:'require'}),n('18 cm','0.18 m',C,{units:'require'}),
n('60 km/h','60 km/h',C),n('9.8 m/s^2','9.8\\text{ m/s}^2',C),n('9.8 m/s²','9.8 m/s^2',C),n('9.8','9.8 m s^{-2}',C),n('30','30元',C),n('30元','30',C),n('5','5个',C),n('30°','30^\\circ',C),n('30','30^{\\circ}',C),n('30','30 degrees',C),
n('5','5 or 6',W),n('5','5 or six',W),n('5','5 and 6',W),n('5','not 5',W),n('5','5x',W),n('5','5, 6',W),n('12','1<2>',W),n('12','1 2',W),n('0.5','1/2',C),n('0.5','\\frac{1}{2}',C),n('-0.5','-\\frac12',C),n('-0.5','\\frac{-1}{2}',C),n('0.5','{1}/{2}',W),
n('0.333333','1/3',C,{tolerance:1e-5}),n('1.5','1\\frac{1}{2}',C),n('1.5','1\\frac12',C),n('1500','1.5\\times10^3',C),n('1500','1.5 × 10³',C),n('1500','1.5e3',C),n('0.0015','1.5*10^-3',C),n('3000000','3 \\times 10^{6}',C),
n('1000000','1,000,000',C),n('1000000','1 000 000',C),n('1000000',"1{,}000{,}000",C),n('1000','1\\,000',C),n('0.5','0,5',W),n('50%','50%',C),n('50%','0.5',C),n('50','50%',W),n('50','50%',C,{units:'ignore'}),n('50','50\\%',C,{units:'ignore'}),
n('9','x=9',C),n('9','x = 9',C),n('x=9','9',C),n('9','n=9.',C),n('4.47','4.472',C,{absoluteTolerance:0.01}),n('4.47','4.5',W,{absoluteTolerance:0.01}),n('3','≈3',C),n('3','\\approx 3',C),n('3','about 3',W),
n('18446744073709551616','18446744073709551616',C),n('18446744073709551616','18446744073709551617',W),n('1e21','1000000000000000000000',C),n('18','\\textbf{18}',C),n('18','\\boxed{18}',C),n('18','**Answer: 18**',C),n('18','The final answer is: $\\boxed{18}$.',C),n('18','答案是18',C),n('18','答案：18。',C),n('18','故答案为：18',C),n('18','【答案】18',C),
n('-3','−3',C),n('-3','- 3',C),n('-3','(-3)',W),n('3','+3',C),n('0','-0',C),n('5','5!',W),n('100','10²',W),n('3','\\sqrt{9}',W),n('12:30','12:30',U),n('18','18 years old',C),n('5','5th',C),n('2.50','$2.5',C),n('2.5','2.50 USD',C),n('100','100 km',C),n('1','100 cm',W),
e('Paris','paris.',C),e('the cat','The cat',C),e('x2','x₂',W),e('5½','51⁄2',W),e('x²','x²',C),e('m²','㎡',C),e('a b','a  b',C),e('U.S.A','U.S.A.',C),e('...','...',C),e('12','①②',W),e('yes','**Yes**',C),e('yes','`yes`',C),e('yes','$\\text{yes}$',C),e('3/4','3/4',C),e('Paris','Answer: Paris',C),e('Paris','The answer is Paris.',C),e('北京','答案：北京',C),e('选择','选择',C),e('答案','答案',C),e('1,2','1 ,2',C),e('','x',U),e('H2O','H₂O',W),
c('B','(B)',C,opt),c('B','B.',C,opt),c('B','b',C,opt),c('B','Rome',C,opt),c('B','rome.',C,opt),c('B','B) Rome',C,opt),c('B','B: Rome',C,opt),c('B','B. Paris',W,opt),c('B','The answer is (B).',C,opt),c('B','The correct option is B',C,opt),c('B','Option B',C,opt),c('B','正确答案是B',C,opt),c('B','答案：B',C,opt),c('B','选B',C,opt),c('B','故选B.',C,opt),c('B','В',C,opt),c('B','Ｂ',C,opt),c('B','$\\text{B}$',C,opt),c('B','$B$',C,opt),c('B','\\mathrm{B}',C,opt),c('B','A or B',W,opt),c('B','A',W,opt),c('B','E',W,opt),
c('ABD','A,B,D',C,opt),c('ABD','A、B、D',C,opt),c('ABD','A, B and D',C,opt),c('ABD','ABD',C,opt),c('ABD','DBA',C,opt),c('ABD','AB',W,opt),c('ABD','(A)(B)(D)',C,opt),c('ABD','A B D',C,opt),c('ABD','A; B; D',C,opt),c('ABD','A & B & D',C,opt),c('ABD','options A, B, and D',C,opt),c('ABD','[A, B, D]',C,opt),c('ABD','{A,B,D}',C),
c('A','(A) or (B)',W),c('A','A. it is',C),c('A','A: not this',W),c('A','A but not B',W),c('A','Apple',W),c('A','A',C),c('H','H',C),c('Z','Z',C),c('A','A, B',W),c('AC','A，C',C),c('A','A. C',W),c('AC','A. C',C),c('A','(A) The cat',C),c('B','**B.**',C),c('B','**B**: because',C),c('B','B) because A is wrong',W),c('A','$\\boxed{A}$',C),c('A','a) yes',C),
c('B','B',C,{choices:['A and C','none']}),c('A','Option 1',C,{choices:['Option 1','Option 2']}),c('B','Choice architecture',C,{choices:['a','Choice architecture']}),c('A','True',C,{choices:['True','False']}),
]

for (const [verifier, reference, response, verdict, { choices, ...rules }] of rows) {
  test(`${verifier}: ${response} for ${reference} is ${verdict} ${JSON.stringify(rules)}`, () => {
    const given = verify({
      response: { text: response, finish: 'stop' },
      item: { section: 'all', points: 1, answer: reference, ...(choices === undefined ? {} : { choices }) },
      reward: { ...plainRules, verifier, answer: 'whole', ...rules },
    }).verdict
    assert.equal(given, verdict)
  })
}
