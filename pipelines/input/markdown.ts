/** Text of strangers inside Markdown, as MLflow and Temporal show it: neither markup nor a cell of its own. */
import { printable } from '../printable.js'

export function plainMarkdown(text: string): string {
  const escaped = printable(text).replace(/[\\|`*_<>[\]]/gu, character => `\\${character}`)
  return escaped.replace(/\s*\n\s*/gu, ' ')
}
