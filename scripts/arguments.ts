/** Arguments of a script whose help is `npm run NAME -- --help`, and how it refuses them. */
import { RlevError } from '../pipelines/errors.js'

export class Arguments {
  readonly #remedy: string

  constructor(script: string) {
    this.#remedy = `see npm run ${script} -- --help`
  }

  /** What `parse` gives; what it throws, as CallInvalid. */
  parsed<Values>(parse: () => Values): Values {
    try {
      return parse()
    } catch (cause) {
      throw new RlevError({
        kind: 'CallInvalid',
        message: (cause as Error).message,
        remedy: this.#remedy,
        cause,
      })
    }
  }

  /** The words of a list with commas, each one of `names`. `what` a name stands for. */
  list<Name extends string>(
    option: string,
    { text, names, what }: { text: string; names: readonly Name[]; what: string },
  ): Name[] {
    return text.split(',').map(word => {
      const name = names.find(known => known === word)
      if (name !== undefined) return name
      throw this.invalid({
        place: option,
        message: `there is no such ${what}`,
        expected: names.join(', '),
        found: word,
      })
    })
  }

  invalid(parts: { place: string; message: string; expected: string; found: string }): RlevError {
    return new RlevError({ kind: 'CallInvalid', ...parts, remedy: this.#remedy })
  }
}
