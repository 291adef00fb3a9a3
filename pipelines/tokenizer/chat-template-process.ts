/**
 * The process that renders chat templates: it answers each call that it is sent. It also limits its own time,
 * because the process that asked may have ended meanwhile.
 */
import { Environment, Interpreter, Template } from '@huggingface/jinja'
import { withinTime } from '../input/time-limit.js'
import type { ChatAnswer, ChatCall, LimitedChatCall } from './chat-template.js'

/** The longest published templates have a tenth. */
const maxTemplateCharacters = 2 ** 19

const maxPromptCharacters = 2 ** 24

const maxRangeNumbers = 100_000

const templates = new Map<string, Template>()

process.on('message', (call: LimitedChatCall) => process.send?.(answerTo(call)))
process.on('disconnect', () => process.exit())
process.send?.('ready')

function answerTo({ timeoutMs, ...call }: LimitedChatCall): ChatAnswer {
  try {
    return { text: withinTime(() => render(call), { milliseconds: timeoutMs }) }
  } catch (error) {
    return { problem: (error instanceof Error ? error.message : String(error)).slice(0, 1000) }
  }
}

function render({ template: source, values }: ChatCall): string {
  if (source.length > maxTemplateCharacters) throw new Error(`${source.length} characters of template`)
  const template = templates.get(source) ?? new Template(source)
  templates.set(source, template)
  const environment = new Environment()
  for (const [name, value] of Object.entries({ ...globals, ...values })) environment.set(name, value)
  const text: unknown = new Interpreter(environment).run(template.parsed).value
  if (typeof text !== 'string' || text.length > maxPromptCharacters) throw new Error('a prompt that is too long')
  return text
}

/**
 * What templates find besides the values, under the names that `transformers` uses. `strftime_now` is left out:
 * a prompt with the date would be another prompt tomorrow, and templates that look for it bring a date with
 * them.
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
    if (!(length <= maxRangeNumbers)) throw new Error(`a range of more than ${maxRangeNumbers} numbers`)
    return Array.from({ length }, (_, index) => from + index * step)
  },
}
