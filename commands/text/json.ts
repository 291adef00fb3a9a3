/** JSON as commands print it, for `--json`. */
import { printable } from '../../pipelines/printable.js'

/** Indented by two spaces, without characters that would steer a terminal. */
export function toJson(value: unknown): string {
  return printable(JSON.stringify(value, null, 2))
}
