/** Equality in mathematics. Each line holds two answers with ≡ if one is correct for the other, with ≢ if it is wrong. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MathRules } from '../../../pipelines/rewards/verifiers/math/values.js'
import { verifyMath } from '../../../pipelines/rewards/verifiers/math.js'

const rules: MathRules = { tolerance: 1e-6, absoluteTolerance: 0, units: 'convert' }

const table = String.raw`
\frac{\sqrt{3}}{3} ≡ \frac{1}{\sqrt{3}}
\{1,2\} ≡ \{2,1\}
[0,1) ≢ [0,1]
x^2+2x+1 ≡ (x+1)^2
x=5 ≡ 5
(1,2) ≢ (2,1)
3,-3 ≡ -3,3
1/2 ≢ 1.2
1/2 ≡ 0.5
e^{i\pi} ≡ -1
\frac12 ≡ \frac{1}{2}
2^{10} ≡ 1024
2^10 ≡ 1024
\binom{5}{2} ≡ 10
5! ≡ 120
(x+1)(x-1) ≡ x^2-1
\sin^2 x+\cos^2 x ≡ 1
\sin 2x ≡ 2\sin x\cos x
\sin 2x ≢ 2\sin x
|x| ≢ x
\sqrt{x^2} ≢ x
\sqrt{x^2} ≡ |x|
\ln|x|+C ≢ \ln x+C
12345678901234567890123 ≢ 12345678901234567890124
12345678901234567890123 ≡ 12,345,678,901,234,567,890,123
\sqrt{2}+\sqrt{3} ≡ \sqrt{5+2\sqrt{6}}
\sqrt{2}+\sqrt{3} ≢ \pi
\sqrt[3]{2+\sqrt5}+\sqrt[3]{2-\sqrt5} ≡ 1
sqrt(2)/2 ≡ \frac{1}{\sqrt2}
pi/3 ≡ \frac{\pi}{3}
x^2+1 ≡ 1+x^2
x=1 or x=2 ≡ 2,1
x=1 \text{ or } x=2 ≡ x=2, x=1
x=1,y=2 ≢ x=2,y=1
x=1,y=2 ≡ y=2,x=1
x=1,y=2 ≡ (1,2)
x=1,y=2 ≢ 2,1
(x,y)=(1,2) ≡ x=1,y=2
\pm 3 ≡ 3,-3
\pm 3 ≢ 3
1\pm\sqrt{2} ≡ 1-\sqrt2, 1+\sqrt2
50\% ≡ 0.5
50\% ≢ 50
90^\circ ≡ 90
90^\circ ≡ \frac{\pi}{2}
90^\circ ≢ 1.5708
x\ge 3 ≡ [3,\infty)
x\ge 3 ≢ (3,\infty)
1<x<2 ≡ x\in(1,2)
1<x<2 ≡ (1,2)
-x>-1 ≡ x<1
x<1 or x>3 ≡ (-\infty,1)\cup(3,\infty)
\mathbb{R} ≡ (-\infty,\infty)
x\ne 3 ≡ (-\infty,3)\cup(3,\infty)
\{x\mid x>2\} ≡ (2,\infty)
2x+4y-3=0 ≡ y=-\frac12x+\frac34
\begin{pmatrix}1&2\\3&4\end{pmatrix} ≡ \begin{bmatrix}1&2\\3&4\end{bmatrix}
\begin{pmatrix}1&2\\3&4\end{pmatrix} ≢ \begin{bmatrix}1&2\\3&5\end{bmatrix}
1/0 ≡ 1/0
18 \text{ cm} ≡ 18
1.8 \text{ m} ≡ 180 \text{ cm}
18 \text{ cm} ≢ 18 \text{ m}
5m ≢ 5
5x ≢ 5
1,234 ≡ 1234
1\frac{1}{2} ≡ 1.5
1 1/2 ≡ 3/2
\log_2 8 ≡ 3
\ln e^2 ≡ 2
n! ≡ n(n-1)!
\frac{n!}{(n-2)!} ≡ n(n-1)
\sum_{k=1}^n k ≡ \frac{n(n+1)}{2}
(-1)^n ≡ \cos(n\pi)
x^2+1 ≢ x^2
True, True, False ≢ True, False, True
True, True, False ≡ True,True,False
\text{Evelyn} ≡ Evelyn
E ≡ \text{E}
d ≢ E
7:32 ≢ \frac{7}{32}
f(x) ≢ f(y)
y=2x+3 ≡ 2x+3
y=2x+3 ≢ y=2x+4
1,2 ≢ 1
12 ≢ 1
5 or 6 ≢ 5
3\sqrt{2} ≢ 3
3\sqrt{2} ≡ \sqrt{18}
0.\overline{3} ≡ 1/3
0.333 ≢ 1/3
e^{\pi\sqrt{163}} ≢ 262537412640768744
2\sqrt{3}\text{ cm} ≡ 2\sqrt3
10^{-100} ≢ 0
\sqrt{2}+10^{-200} ≢ \sqrt{2}
1+10^{-50} ≢ 1
\tan^2(y)+1 ≡ \sec^2(y)
a/b ≡ \frac{a}{b}
\sqrt{a/b} ≡ \frac{\sqrt a}{\sqrt b}
x = 1/3 \approx 0.33 ≡ \frac13
no solution ≡ \emptyset
\frac{-1+\sqrt{5}}{2} ≡ \frac{2}{1+\sqrt5}
\arctan 1 ≡ \frac{\pi}{4}
2i ≡ \sqrt{-4}
(1+i)^2 ≡ 2i
30\text{ or more} ≢ 30
$5 ≡ 5
\$5.00 ≡ 5
5 dollars ≡ 5
x^{1/3} ≡ \sqrt[3]{x}
[1,2]\cup[2,3] ≡ [1,3]
a_n=2^n ≡ 2^n
\frac{\ln 8}{\ln 2} ≡ 3
0.1+0.2 ≡ 0.3
`

for (const line of table.trim().split('\n')) {
  const [, first = '', sign, second = ''] = /^(.*) ([≡≢]) (.*)$/u.exec(line) ?? []
  const verdict = sign === '≡' ? 'correct' : 'wrong'
  test(`math: ${second} for ${first} is ${verdict}, and the other way round`, () => {
    assert.equal(verifyMath({ answer: second, reference: first, rules }), verdict)
    assert.equal(verifyMath({ answer: first, reference: second, rules }), verdict, 'exchanged')
  })
}
