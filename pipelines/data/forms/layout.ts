/** The text of a question by a template: `{prompt}`, its options by letter, the instruction to answer with one. */
import { placeholders } from '../../config/sections/exam-files.js'
import type { Prompt } from '../item.js'
import { letteredLines, letterInstruction } from './lettered.js'

type Placeholder = (typeof placeholders)[number]

/** Values of an item that a template may name. */
export interface Laid {
  choices?: readonly string[] | undefined
  points?: number | undefined
  total?: number | undefined
  exam?: string | undefined
  section?: string | undefined
}

/** The template without `data.prompt`. */
export function templateOf({ lettered }: { lettered: boolean }): string {
  return lettered ? '{prompt}\n{choices}\n{instruction}' : '{prompt}'
}

const NAMED = new RegExp(`\\{(${placeholders.join('|')})\\}`, 'g')

/**
 * The question in the template. Of chat messages the last one of the user is laid out. A line of the template whose placeholders are
 * all empty is left out: a question without options has no line for them.
 */
export function layOut(question: Prompt, template: string, laid: Laid): Prompt {
  if (template === '{prompt}') return question
  if (typeof question === 'string') return layOutText(question, template, laid)
  const last = question.findLastIndex(({ role }) => role === 'user')
  return question.map((message, index) =>
    index === last ? { ...message, content: layOutText(message.content, template, laid) } : message,
  )
}

function layOutText(question: string, template: string, laid: Laid): string {
  const { choices = [] } = laid
  const values: Record<Placeholder, string> = {
    prompt: question.trim(),
    choices: letteredLines(choices),
    instruction: choices.length === 0 ? '' : letterInstruction([question, ...choices]),
    points: String(laid.points ?? ''),
    total: String(laid.total ?? ''),
    exam: laid.exam ?? '',
    section: laid.section ?? '',
  }
  const lines = template.split('\n').flatMap(line => {
    const names = [...line.matchAll(NAMED)].map(([, name]) => name as Placeholder)
    if (names.length > 0 && names.every(name => values[name] === '')) return []
    return [line.replace(NAMED, (_, name: Placeholder) => values[name])]
  })
  return lines.join('\n')
}
