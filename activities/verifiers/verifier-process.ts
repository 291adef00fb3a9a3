/**
 * The process in which a verifier runs: it loads what its arguments name, then answers one question after the other. What the verifier
 * does to it (an endless loop, an exit, an exhausted memory) ends this process only.
 *
 * Arguments: the pid of the process that asks, and the program as JSON.
 */
import { pathToFileURL } from 'node:url'
import { shortened } from '../../pipelines/printable.js'
import { readOutcome } from '../../pipelines/rewards/own/question.js'
import { endWithParent } from '../machine/end-with-parent.js'
import type { Answer, Call, Loaded, MathQuestion, Reply, VerifierProgram } from './messages.js'

/** Of a problem that is told. (characters) */
const maxProblemLength = 500

type AnyVerify = (question: unknown) => unknown

// Kept before the module is loaded: it shares this process, and may change what it finds in it.
const send = process.send?.bind(process) as (message: Loaded | Reply) => boolean
const [, , parent = '', program = ''] = process.argv

// The group is this process and the programs that the verifier started.
endWithParent({ parent: Number(parent), group: true })
void main(JSON.parse(program) as VerifierProgram)

async function main(program: VerifierProgram): Promise<void> {
  let verify: AnyVerify
  try {
    verify = await load(program)
  } catch (error) {
    send({ loaded: false, problem: told(error) })
    return
  }
  process.on('message', (call: Call) => void answer(verify, call).then(said => send({ id: call.id, ...said })))
  send({ loaded: true })
}

async function load(program: VerifierProgram): Promise<AnyVerify> {
  if (program.kind === 'math') {
    const { verifyMath } = await import('../../pipelines/rewards/verifiers/math.js')
    return question => verifyMath(question as MathQuestion)
  }
  // Of this module and what it imports. The program's own maps need not be read.
  process.setSourceMapsEnabled(true)
  const module = (await import(pathToFileURL(program.path).href)) as { default?: unknown; verify?: unknown }
  const found = module.verify ?? module.default
  if (typeof found === 'function') return found as AnyVerify
  throw new Error('the module exports no function: neither `verify` nor a default export')
}

async function answer(verify: AnyVerify, { question }: Call): Promise<Answer> {
  try {
    return readOutcome(await verify(question))
  } catch (error) {
    return { problem: `it throws ${told(error)}` }
  }
}

/** An error with the line of the module that threw it. */
function told(error: unknown): string {
  if (!(error instanceof Error)) return shortened(`${typeof error} ${String(error)}`, maxProblemLength)
  const [, file, line] = /([^\s/\\()]+\.[cm]?[jt]s):(\d+):\d+/.exec(error.stack ?? '') ?? []
  const place = file === undefined ? '' : ` (${file}:${line})`
  return shortened(`${error.name}: ${error.message}`, maxProblemLength) + place
}
