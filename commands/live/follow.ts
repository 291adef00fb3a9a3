/** What `run`, `sweep` and `watch` share: the live view, leaving it with Ctrl-C, and what is printed when the run is over. */
import { readOutcomes } from '../../activities/store/runs/outcomes.js'
import { readEvaluations, readPlan } from '../../activities/store/runs/runs.js'
import { compareArms } from '../../pipelines/comparison/compare-arms.js'
import { printable } from '../../pipelines/printable.js'
import { conclude } from '../../pipelines/report/conclusion/conclude.js'
import { evaluationTable } from '../../pipelines/report/tables/evaluation-as-text.js'
import { oneLine } from '../../pipelines/text/width.js'
import { clauseOf, linksOf, type RunView } from '../runs/run-view.js'
import { commandFor } from '../runs/shell-command.js'
import { type Home, logFolder } from '../services/home.js'
import { livingProcesses } from '../services/state.js'
import { layOutParagraphs, titleWidth } from '../text/paragraphs.js'
import { alarmTexts } from './progress-table.js'
import { openScreen } from './screen.js'
import { mostShown, type Selection } from './selection.js'
import { watchRun } from './watch-run.js'

/** What a shell gives to a command that ended by Ctrl-C: whatever waits for the run must not go on as if it were done. */
export const leftByReader = 130

/** From here on Ctrl-C means to leave, and the second one to end this command at once. */
export function leaving(): AbortSignal {
  const left = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    // Not `once`: the live table's library ends the process by a signal that nobody else listens to.
    process.on(signal, () => {
      if (left.signal.aborted) process.exit(leftByReader)
      left.abort()
    })
  }
  return left.signal
}

interface Following {
  left?: AbortSignal
  /** Where progress goes. */
  stream?: NodeJS.WriteStream
  /** Which experiments are shown. */
  selection?: Selection
  /** What is told of a run that is over, and the exit status. */
  print?: (home: Home, view: RunView) => number
}

/** The exit status: 0 done, 1 it did not come to its end, 130 left while it goes on. */
export async function follow(
  home: Home,
  name: string,
  { left = leaving(), stream = process.stdout, print = printEnding, selection = {} }: Following = {},
): Promise<number> {
  const screen = await openScreen(stream, selection)
  try {
    const view = await watchRun({ home, name, screen, left })
    screen.done()
    if (view !== undefined) return print(home, view)
    stream.write(`${detachedText(home, name)}\n`)
    return leftByReader
  } catch (error) {
    screen.done()
    throw error
  }
}

/** For Ctrl-C while the services start: the run has not begun, and what was started goes on. */
export function interruptedText(home: Home, name: string): string {
  const living = livingProcesses(home)
  const left = living.length === 0 ? ['Nothing was started.'] : [`These go on running: ${living.join(', ')}.`]
  const ending = living.length === 0 ? [] : [`  ${commandFor(home, 'down')}  ends them`]
  return [`${name} has not begun; its config is kept, and the same command starts it.`, ...left, ...ending].join('\n')
}

/** How to come back to work that goes on. */
export function detachedText(home: Home, name: string): string {
  const ways = [
    ['watch', 'come back to this view'],
    ['status', 'see where it stands'],
    ['pause', 'let it wait'],
    ['cancel', 'end it; what it made is kept'],
  ] as const
  const commands = ways.map(([word, meaning]) => ({ meaning, text: commandFor(home, word, name) }))
  const width = Math.max(...commands.map(({ text }) => text.length))
  return [`The work goes on.`, ...commands.map(({ text, meaning }) => `  ${text.padEnd(width)}  ${meaning}`)].join('\n')
}

/** What came out, where to read on, and what went wrong. Returns the exit status. */
export function printEnding(home: Home, view: RunView): number {
  const { kind, experiments, weights } = view
  const result = experiments.some(experiment => experiment.state === 'done') ? resultOf(home, view) : undefined
  if (result !== undefined) console.log(`\n${printable(result)}\n`)
  // `status` has them in its table; here the live view may be gone.
  for (const line of alarmTexts(view)) console.log(printable(line))
  if (kind === 'experiment' && weights !== undefined) console.log(`${'weights'.padEnd(titleWidth)}${weights}`)
  for (const [title, link] of linksOf(view)) console.log(`${title.padEnd(titleWidth)}${link}`)
  return printFailures(home, view)
}

/** Five sentences on what training came to; the one evaluation of a run without training. */
function resultOf(home: Home, { name }: RunView): string | undefined {
  const plan = readPlan(home.path, name)
  if (plan.kind === 'experiment' && plan.config.steps === 0) {
    const evaluation = readEvaluations(home.path, name).at(-1)?.evaluation
    return evaluation === undefined ? undefined : evaluationTable(name, evaluation)
  }
  const { question, effect, verdict, controls, next } = conclude({
    plan,
    comparison: compareArms({ plan, outcomes: readOutcomes(home.path, name) }),
    command: (...words) => commandFor(home, ...words),
  })
  const paragraphs = [
    ['Question', question],
    ['Effect', effect],
    ['Verdict', verdict],
    ['Controls', controls],
    ['Next', next],
  ] as const
  return layOutParagraphs(paragraphs, process.stdout.columns).join('\n')
}

/** To standard error. Returns the exit status. */
export function printFailures(home: Home, { name, state, experiments, notes }: RunView): number {
  const failed = experiments.filter(({ failure }) => failure !== undefined)
  for (const { id, failure } of failed.slice(0, mostShown)) console.error(`${id}: ${oneLine(failure ?? '')}`)
  if (failed.length > mostShown) console.error(`and ${failed.length - mostShown} more failures`)
  for (const note of notes) console.error(oneLine(note))
  if (state === 'done') return 0
  if (state === 'failed') console.error(`the workers' logs are in ${logFolder(home)}`)
  console.error(`${name} ${clauseOf(state)}. To go on where it stopped: ${commandFor(home, 'resume', name)}`)
  return 1
}
