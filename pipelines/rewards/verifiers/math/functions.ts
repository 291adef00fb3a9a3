/** Trigonometric and hyperbolic functions of balls. */
import { type Ball, type Balls, logSize } from './ball.js'
import { rational, TooLarge } from './rational.js'

/** e^a; throws TooLarge where that has more than a million digits. */
export function boundedExp(balls: Balls, a: Ball): Ball {
  if (logSize(a) > 6) throw new TooLarge('above the size limit')
  return balls.exp(a)
}

const half = (balls: Balls): Ball => balls.fromRational(rational(1n, 2n))
const over = (balls: Balls, a: Ball, b: Ball): Ball => balls.multiply(a, balls.invert(b))

/** (e^x + e^-x) / 2, or with the other sign (e^x - e^-x) / 2. */
function hyperbolic(balls: Balls, x: Ball, sign: 1 | -1): Ball {
  const [up, down] = [boundedExp(balls, x), boundedExp(balls, balls.negate(x))]
  return balls.multiply(balls.add(up, sign === 1 ? down : balls.negate(down)), half(balls))
}

/** By the parser's name. They throw Undefined at a pole or outside of the domain. */
export const ballFunctions: ReadonlyMap<string, (balls: Balls, x: Ball) => Ball> = new Map<
  string,
  (balls: Balls, x: Ball) => Ball
>([
  ['Sin', (balls, x) => balls.sin(x)],
  ['Cos', (balls, x) => balls.cos(x)],
  ['Tan', (balls, x) => over(balls, balls.sin(x), balls.cos(x))],
  ['Cot', (balls, x) => over(balls, balls.cos(x), balls.sin(x))],
  ['Sec', (balls, x) => balls.invert(balls.cos(x))],
  ['Csc', (balls, x) => balls.invert(balls.sin(x))],
  ['Arcsin', (balls, x) => balls.asin(x)],
  ['Arccos', (balls, x) => balls.add(balls.multiply(balls.pi(), half(balls)), balls.negate(balls.asin(x)))],
  ['Arctan', (balls, x) => balls.atan(x)],
  ['Sinh', (balls, x) => hyperbolic(balls, x, -1)],
  ['Cosh', (balls, x) => hyperbolic(balls, x, 1)],
  ['Tanh', (balls, x) => over(balls, hyperbolic(balls, x, -1), hyperbolic(balls, x, 1))],
])
