/**
 * Questions in words, for pretrained language models: four kinds, each with its answer and a short working. The kinds differ in what an
 * answer needs: a sum of two digits can be told at once, a bill needs two steps.
 */
import type { Stream } from '../../pipelines/random.js'

export const sectionNames = ['sum', 'difference', 'product', 'bill'] as const
export type SectionName = (typeof sectionNames)[number]

export interface Question {
  prompt: string
  answer: number
  /** The steps, each an equation, separated by commas. */
  working: string
}

/** Draws one of the entries; whole numbers `from` to `to`. */
export interface Draw {
  one: (entries: readonly string[]) => string
  number: (from: number, to: number) => number
}

/** The draws of one question: a function of the stream and the counters only. */
export function drawsOf(stream: Stream, paper: number, place: number): Draw {
  let counter = 0
  const below = (bound: number) => stream.integer(bound, paper, place, counter++)
  return {
    one: entries => entries[below(entries.length)] as string,
    number: (from, to) => from + below(to - from + 1),
  }
}

/** Names of the two parts: a test question never has the text of a training question. */
const names = {
  train: ['Anna', 'Ben', 'Carla', 'David', 'Emma', 'Frank', 'Grace', 'Henry', 'Ida', 'Jack', 'Kate', 'Leo'],
  test: ['Maria', 'Noah', 'Olga', 'Paul', 'Rosa', 'Sam', 'Tina', 'Victor'],
} as const
export type Part = keyof typeof names

const things = ['apples', 'pears', 'cards', 'coins', 'shells', 'books', 'pens', 'eggs', 'stamps', 'stones']
const containers = ['bags', 'boxes', 'baskets', 'jars']
/** Two goods of a bill. */
const goods = ['cups and plates', 'pens and books', 'rolls and cakes', 'hats and scarves', 'balls and kites']

export function ask(section: SectionName, part: Part, draw: Draw): Question {
  switch (section) {
    case 'sum':
      return sum(draw.one(names[part]), draw)
    case 'difference':
      return difference(draw.one(names[part]), draw)
    case 'product':
      return product(draw.one(names[part]), draw)
    case 'bill':
      return bill(draw.one(names[part]), draw)
    default:
      return section satisfies never
  }
}

function sum(name: string, draw: Draw): Question {
  const [a, b] = [draw.number(2, 9), draw.number(2, 9)]
  const thing = draw.one(things)
  const prompt = draw.one([
    `${name} has ${a} ${thing} and gets ${b} more. How many ${thing} does ${name} have now?`,
    `${name} finds ${a} ${thing} on one day and ${b} on the next. How many ${thing} is that?`,
    `There are ${a} ${thing} here and ${b} there. How many ${thing} can ${name} count?`,
  ])
  return { prompt, answer: a + b, working: `${a}+${b}=${a + b}` }
}

function difference(name: string, draw: Draw): Question {
  const [all, less] = [draw.number(21, 59), draw.number(11, 19)]
  const thing = draw.one(things)
  const prompt = draw.one([
    `${name} has ${all} ${thing} and gives ${less} away. How many ${thing} are left?`,
    `Of ${all} ${thing} ${name} sells ${less}. How many ${thing} are left?`,
  ])
  // Tens, then ones.
  const [tens, ones] = [10 * Math.floor(less / 10), less % 10]
  const working = `${all}-${tens}=${all - tens},${all - tens}-${ones}=${all - less}`
  return { prompt, answer: all - less, working }
}

function product(name: string, draw: Draw): Question {
  const [count, each] = [draw.number(3, 5), draw.number(3, 9)]
  const [thing, container] = [draw.one(things), draw.one(containers)]
  const prompt = draw.one([
    `${name} has ${count} ${container} with ${each} ${thing} in each. How many ${thing} is that?`,
    `${name} fills ${count} ${container}, each with ${each} ${thing}. How many ${thing} does ${name} need?`,
  ])
  // Added up: the running sums.
  const sums = Array.from({ length: count }, (_, index) => each * (index + 1))
  return { prompt, answer: count * each, working: sums.join(',') }
}

function bill(name: string, draw: Draw): Question {
  const [count, price, other] = [draw.number(2, 4), draw.number(3, 9), draw.number(11, 19)]
  const [first = '', second = ''] = draw.one(goods).split(' and ')
  const prompt = draw.one([
    `${name} buys ${count} ${first} for ${price} coins each, and ${second} for ${other} coins. How many coins does ${name} pay?`,
    `${first[0]?.toUpperCase()}${first.slice(1)} cost ${price} coins each. ${name} takes ${count}, and ${second} for ${other} coins. How many coins is that?`,
  ])
  const part = count * price
  return { prompt, answer: part + other, working: `${count}*${price}=${part},${part}+${other}=${part + other}` }
}
