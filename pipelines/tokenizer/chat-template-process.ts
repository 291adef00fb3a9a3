/** The process that renders chat templates: a call comes, an answer goes. Whoever asked may be gone meanwhile, so its time has an end here too. */
import { Environment, Interpreter, Template } from '@huggingface/jinja'
import { withinTime } from '../input/time-limit.js'
import { type ChatAnswer, type ChatCall, renderPatience } from './chat-template.js'

/** Characters of a template; the longest that are published have a tenth. */
const longestTemplate = 2 ** 19

/** Characters of a prompt. */
const longestPrompt = 2 ** 24

/** Numbers that `range` gives. */
const longestRange = 100_000

const templates = new Map<string, Template>()

process.on('message', (call: ChatCall) => process.send?.(answerTo(call)))
process.on('disconnect', () => process.exit())
process.send?.('ready')

function answerTo(call: ChatCall): ChatAnswer {
  try {
    return { text: withinTime(() => render(call), { milliseconds: renderPatience }) }
  } catch (error) {
    return { problem: (error instanceof Error ? error.message : String(error)).slice(0, 1000) }
  }
}

function render({ template: source, values }: ChatCall): string {
  if (source.length > longestTemplate) throw new Error(`${source.length} characters of template`)
  const template = templates.get(source) ?? new Template(source)
  templates.set(source, template)
  const environment = new Environment()
  for (const [name, value] of Object.entries({ ...globals, ...values })) environment.set(name, value)
  const text: unknown = new Interpreter(environment).run(template.parsed).value
  if (typeof text !== 'string' || text.length > longestPrompt) throw new Error('a prompt that is too long')
  return text
}

/**
 * What templates find besides the values, by the names that `transformers` has for them. Without `strftime_now`: a prompt that holds
 * the date is another one tomorrow, and templates that look for it have a date of their own.
 */
const globals = {
  true: true,
  True: true,
  false: false,
  False: false,
  none: null,
  None: null,
  raise_exception(message: string): never {
    throw new Error(message)
  },
  range(first: number, last?: number, step = 1): number[] {
    const [from, to] = last === undefined ? [0, first] : [first, last]
    const length = Math.max(0, Math.ceil((to - from) / step))
    if (!(length <= longestRange)) throw new Error(`a range of more than ${longestRange} numbers`)
    return Array.from({ length }, (_, index) => from + index * step)
  },
}
