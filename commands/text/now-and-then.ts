/** Lines of progress of work that may be done before the first of them. */

/** Milliseconds between two lines. */
const intervalMs = 2_000

/** A function that is called often, and passes a line on from time to time. The line is made only then. */
export function nowAndThen(report: (line: string) => void): (line: () => string) => void {
  let told = performance.now()
  return line => {
    if (performance.now() - told < intervalMs) return
    told = performance.now()
    report(line())
  }
}
