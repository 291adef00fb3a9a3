/**
 * Presentation of an answer: wrappers around the whole of it that say nothing about what it is. `**B**`, `$\text{B}$`,
 * `The answer is B.` and `故选：B` all present `B`. Verifiers remove it from the answer and from the reference alike.
 */
import { closingBrace } from '../text/boxed.js'

/** Commands of TeX that only set a style, or mark the answer. */
const styleCommands = [
  'text',
  'textbf',
  'textit',
  'textrm',
  'mathrm',
  'mathbf',
  'mathit',
  'mathsf',
  'boxed',
  'fbox',
  'mbox',
]
const styled = new RegExp(String.raw`^\\(?:${styleCommands.join('|')})\s*\{`)

const pairs: readonly (readonly [string, string])[] = [
  ['$$', '$$'],
  ['$', '$'],
  ['\\(', '\\)'],
  ['\\[', '\\]'],
  ['**', '**'],
  ['__', '__'],
  ['`', '`'],
]

const english =
  /^(?:(?:so|thus|therefore),?\s+)?(?:(?:the|my)\s+)?(?:(?:correct|final|right)\s+)?answers?\s*(?:(?:is|are)\b\s*:?|[:：=])\s*(?=\S)/iu
const chinese =
  /^(?:(?:所以|因此|综上)[，,]?\s*)?(?:【答案】\s*[:：]?|(?:本题|正确|最终|最后)?的?答案\s*(?:[:：]|是|为|应?选)\s*[:：]?|故?(?:本题)?(?:答案)?应?选\s*(?:[:：]|(?=[\p{Script=Latin}$*\\((【]))|故答案[是为]\s*[:：]?)\s*(?=\S)/u

/** The text without its presentation, trimmed. Never empty unless the text is blank. */
export function withoutPresentation(text: string): string {
  let inner = text.trim()
  // Every turn shortens the text.
  for (;;) {
    const next = withoutOneLayer(inner).trim()
    if (next === inner || next === '') return inner
    inner = next
  }
}

function withoutOneLayer(text: string): string {
  const unstyled = insideCommand(text)
  if (unstyled !== null) return unstyled
  for (const [opening, closing] of pairs) {
    if (text.length <= opening.length + closing.length || !text.startsWith(opening) || !text.endsWith(closing)) continue
    const inner = text.slice(opening.length, -closing.length)
    // `$5$ and $10$` is not one pair around everything.
    if (!inner.includes(opening) && !inner.includes(closing)) return inner
  }
  // A run of dots is an ellipsis. The look-behind keeps the search linear.
  const unstopped = text.replace(/(?<![.。．])[.。．]$/u, '')
  if (unstopped !== text) return unstopped
  return text.replace(english, '').replace(chinese, '')
}

/** Content of a styling command, if its braces hold the whole text. */
function insideCommand(text: string): string | null {
  const opening = styled.exec(text)?.[0]
  if (opening === undefined) return null
  const end = closingBrace(text, opening.length)
  return end === text.length - 1 ? text.slice(opening.length, end) : null
}
