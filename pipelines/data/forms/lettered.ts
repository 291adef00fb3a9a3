/** Options by letter: how they stand in a prompt, and the letter that is the answer. */
import { BadField } from '../files/fields.js'

/** As many as there are letters. */
export const maxLettered = 26

export const letterOf = (index: number): string => String.fromCharCode(65 + index)

/** `A. Mars`, a line each. */
export function letteredLines(options: readonly string[]): string {
  return options.map((option, index) => `${letterOf(index)}. ${option}`).join('\n')
}

const HAN = /\p{Script=Han}/u

/** What to answer with, in Chinese if the question or its options are. */
export function letterInstruction(texts: readonly string[]): string {
  return texts.some(text => HAN.test(text))
    ? '请只用正确选项的字母作答。'
    : 'Answer with the letter of the right option.'
}

/** The answer as one of the letters of the options. Throws BadField. */
export function oneLetter(answer: string, options: readonly string[]): string {
  const letter = answer.trim().toUpperCase()
  if (options.some((_, index) => letterOf(index) === letter)) return letter
  throw new BadField(
    `the answer is ${JSON.stringify(answer)}, a letter from A to ${letterOf(options.length - 1)} is expected`,
  )
}

/** The options without letters that the file itself has before each of them: `(A)Mars`, `B. Mars`, `C）Mars`. */
export function withoutLetters(options: readonly string[]): string[] {
  const bare = options.map((option, index) => {
    const letter = letterOf(index)
    return new RegExp(`^\\s*(?:[(（]${letter}[)）]|${letter}[.．、:：)）])\\s*`).exec(option)?.[0]
  })
  if (bare.includes(undefined)) return [...options]
  return options.map((option, index) => option.slice(bare[index]?.length))
}
