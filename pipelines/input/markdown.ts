/** Untrusted text inside Markdown, as MLflow and Temporal show it: markup and cell separators are escaped. */
import { printable } from '../printable.js'

export function plainMarkdown(text: string): string {
  const escaped = printable(text).replace(/[\\|`*_<>[\]]/gu, character => `\\${character}`)
  return escaped.replace(/\s*\n\s*/gu, ' ')
}
