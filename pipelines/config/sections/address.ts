/** Addresses of servers and names of what answers there, in configs. */
import { z } from 'zod'

/** `example` and where the key comes from stand in the errors. */
export function addressOf(example: string, key: string) {
  return z
    .string()
    .max(2000)
    .refine(text => /^https?:\/\//.test(text) && URL.canParse(text), `an address as ${example}`)
    .refine(
      text => !URL.canParse(text) || (new URL(text).username === '' && new URL(text).password === ''),
      `an address without a login: ${key}`,
    )
    .refine(text => !/[?#]/.test(text), 'an address without ? and #')
}

export const lineOfText = z
  .string()
  .regex(/^(?!\s)[^\p{C}]{1,200}(?<!\s)$/u, 'a line of text of at most 200 characters')
