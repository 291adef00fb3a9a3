/** How questions are asked, by `data.prompt`: a template, a system message, solved examples before the question. */
import type { DataConfig } from '../../config/schema.js'
import { RlevError } from '../../errors.js'
import { stream } from '../../random.js'
import { type ChatMessage, type Item, type Prompt, promptText } from '../item.js'
import { type Laid, layOut, templateOf } from './layout.js'

export type PromptConfig = NonNullable<Extract<DataConfig, { source: 'file' }>['prompt']>

/** An item with its question as the file has it. */
export interface Asked {
  item: Item
  question: Prompt
}

interface Example {
  asked: string
  answer: string
}

export interface Parts<Of> {
  train: readonly Of[]
  test: readonly Of[]
}

/**
 * Both parts with the prompts that the policy is given, without the items that are examples. A number of examples are drawn from the
 * training items by the seed, from the test items if there are no others. Throws DataInvalid if an id is not there.
 */
export function asAsked(
  { train, test }: Parts<Asked>,
  { prompt, seed, place }: { prompt: PromptConfig; seed: number; place: string },
): Parts<Item> & { examples: Item[] } {
  const chosen = chosenExamples({ train, test }, prompt, { seed, place })
  const ids = new Set(chosen.map(({ item }) => item.id))
  const examples = [...chosen.map(({ item, question }) => exampleOf(item, question, prompt)), ...givenExamples(prompt)]
  const part = (items: readonly Asked[]) =>
    items
      .filter(({ item }) => !ids.has(item.id))
      .map(({ item, question }) => ({ ...item, prompt: promptOf({ item, question }, prompt, examples) }))
  return { train: part(train), test: part(test), examples: chosen.map(({ item }) => item) }
}

function chosenExamples(
  { train, test }: Parts<Asked>,
  { examples }: PromptConfig,
  { seed, place }: { seed: number; place: string },
): Asked[] {
  if (examples === undefined) return []
  const all = [...train, ...test]
  if (typeof examples !== 'number') {
    const wanted = examples.filter(example => typeof example === 'string')
    return wanted.map(id => {
      const found = all.find(({ item }) => item.id === id)
      if (found !== undefined) return found
      throw noExample(place, `an item with the id ${id}`, `${all.length} items, none of them with it`)
    })
  }
  const from = train.length > 0 ? train : test
  if (examples >= from.length) throw noExample(place, `more than ${examples} items`, `${from.length} items`)
  // By id, so that the choice does not depend on the order of the rows.
  const sorted = from.toSorted((a, b) => (a.item.id < b.item.id ? -1 : 1))
  const order = stream(seed, 'examples in the prompt').permutation(sorted.length)
  return order.slice(0, examples).map(index => sorted[index] as Asked)
}

function noExample(place: string, expected: string, found: string): RlevError {
  return new RlevError({
    kind: 'DataInvalid',
    message: 'the examples of data.prompt are not in the data',
    place,
    expected,
    found,
    remedy: 'correct data.prompt.examples',
  })
}

function givenExamples(prompt: PromptConfig): Example[] {
  const { examples } = prompt
  if (examples === undefined || typeof examples === 'number') return []
  return examples.flatMap(example => (typeof example === 'string' ? [] : [exampleOf(example, example.prompt, prompt)]))
}

type Solved = Laid & { answer: string; working?: string | undefined }

function exampleOf(item: Solved, question: Prompt, prompt: PromptConfig): Example {
  return { asked: promptText(laidOut(item, question, prompt)), answer: answerText(item, prompt) }
}

function answerText({ answer, working = '' }: Solved, prompt: PromptConfig): string {
  return prompt.answer
    .replace(/\{(answer|working)\}/g, (_, name: string) => (name === 'answer' ? answer : working))
    .trim()
}

function laidOut(item: Laid, question: Prompt, { template }: PromptConfig): Prompt {
  return layOut(question, template ?? templateOf({ lettered: item.choices !== undefined }), item)
}

/** Chat messages if there is a system message, `chat` is set or the file has messages; else one text. */
function promptOf({ item, question }: Asked, prompt: PromptConfig, examples: readonly Example[]): Prompt {
  const asked = laidOut(item, question, prompt)
  const { system, chat } = prompt
  if (typeof asked === 'string' && system === undefined && !chat) {
    return [...examples.map(example => `${example.asked}${gapAfter(example.asked)}${example.answer}`), asked].join(
      '\n\n',
    )
  }
  const messages: readonly ChatMessage[] = typeof asked === 'string' ? [{ role: 'user', content: asked }] : asked
  const first = messages.findIndex(({ role }) => role !== 'system')
  return [
    ...(system === undefined ? messages.slice(0, Math.max(0, first)) : [{ role: 'system', content: system }]),
    ...examples.flatMap(example => [
      { role: 'user', content: example.asked },
      { role: 'assistant', content: example.answer },
    ]),
    ...messages.slice(Math.max(0, first)),
  ]
}

/** What stands between a question and its answer in one text: after `Answer:` a blank, else a line break. */
function gapAfter(asked: string): string {
  if (/[:：=]$/.test(asked)) return ' '
  return /\s$/.test(asked) ? '' : '\n'
}
