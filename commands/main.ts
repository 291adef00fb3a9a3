/**
 * The program `rlev`. Each subcommand imports its file when it is called: a wrong config is told within moments, before
 * TensorFlow or Temporal are read from the disk.
 */

import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { Command, CommanderError, Option } from 'commander'
import { asStorageError } from '../activities/store/disk-errors.js'
import { given } from '../pipelines/given.js'
import { exitStatusOf, failureText } from './program/failure.js'
import { addKeeping } from './program/keeping.js'
import { addLaunching, driftHelp, wholeNumber } from './program/launching.js'
import { addServing } from './program/serving.js'
import type { RunState } from './runs/run-view.js'
import { projectFolder } from './services/project.js'

const program = new Command('rlev')
  .description('Reinforcement learning with explicit human values, as durable experiments.')
  .option('--home <folder>', 'where runs, artifacts and services are kept (default: RLEV_HOME, else .rlev here)')
  .version(version())
  .showSuggestionAfterError()
  .exitOverride()
  .configureHelp({ showGlobalOptions: true })
  .addHelpText(
    'after',
    `
Examples:
  rlev plan configs/quickstart.yaml       what it would do and cost; starts nothing
  rlev sweep configs/quickstart.yaml      every arm and seed; Ctrl-C leaves the work going on
  rlev run configs/smoke.yaml             one experiment
  rlev status                             the runs of this home
  rlev compare quickstart --json          the table with intervals, for a program

Exit status: 0 done; 1 the work failed; 2 the call or the config is wrong; 130 left with Ctrl-C, the work goes on.`,
  )

/** Of an experiment, as `status` shows them. */
const runStates: readonly RunState[] = ['running', 'paused', 'waiting', 'done', 'failed', 'cancelled', 'stopped']

const home = (): string | undefined => program.opts<{ home?: string }>().home

program.hook('preAction', async (_, command) => {
  if (!process.env['RLEV_STORE']?.trim()) return
  const { pullForCommand } = await import('./program/pull-for-command.js')
  await pullForCommand(command.name(), command.args, home())
})

addLaunching(program, home)

program
  .command('status')
  .description('where a run stands; without a name, the runs of this home')
  .argument('[name]', 'name of a run')
  .option('--arm <arm>', 'only experiments of this arm')
  .addOption(new Option('--state <state>', 'only experiments in this state').choices(runStates))
  .option('--limit <n>', 'show so many, those that failed first (default: 50; with --json all)', wholeNumber)
  .option('--json', 'print JSON')
  .action(async (name, options) => {
    const { status } = await import('./status.js')
    await status({ ...options, name, home: home() })
  })

program
  .command('watch')
  .description('follow a run until it ends; Ctrl-C leaves, the work goes on')
  .argument('<name>', 'name of a run')
  .option('--arm <arm>', 'only experiments of this arm')
  .addOption(new Option('--state <state>', 'only experiments in this state').choices(runStates))
  .option('--limit <n>', 'show so many, those that failed first', wholeNumber)
  .action(async (name, options) => {
    const { watch } = await import('./watch.js')
    process.exitCode = await watch({ ...options, name, home: home() })
  })

program
  .command('pause')
  .description('stop at the next micro-batch, and wait with the worker free; finished steps are kept')
  .argument('<name>', 'name of a run')
  .action(async name => {
    const { pause } = await import('./pause.js')
    await pause({ name, home: home() })
  })

program
  .command('adjust')
  .description('change a sweep while it runs: how many experiments at a time, or give up an arm')
  .argument('<name>', 'name of a sweep')
  .option('--concurrency <n>', 'experiments that run at the same time from now on', wholeNumber)
  .option('--stop-arm <arm>', 'cancel what runs of this arm and leave out the rest; the sweep does not fail for it')
  .action(async (name, options) => {
    const { adjust } = await import('./adjust.js')
    await adjust({ ...options, name, home: home() })
  })

program
  .command('resume')
  .description('go on with what was paused, crashed, failed or cancelled, and only with that')
  .argument('<name>', 'name of a run')
  .option('--allow-drift', driftHelp)
  .action(async (name, options) => {
    const { resume } = await import('./resume.js')
    await resume({ ...options, name, home: home() })
  })

program
  .command('cancel')
  .description('end a run; what it made is kept, and `rlev resume` goes on from there')
  .argument('<name>', 'name of a run')
  .action(async name => {
    const { cancel } = await import('./cancel.js')
    await cancel({ name, home: home() })
  })

program
  .command('compare')
  .description('arms against the baseline, paired by seed, with intervals; of a running run, what is there')
  .argument('<names...>', 'a run; several are set side by side, the first is the baseline')
  .option('--json', 'print JSON')
  .action(async (names, options) => {
    const { compare } = await import('./compare.js')
    await compare({ ...options, names, home: home() })
  })

program
  .command('report')
  .description('write the HTML report of a run as it stands, and print its path')
  .argument('<name>', 'name of a run')
  .action(async name => {
    const { report } = await import('./report.js')
    await report({ name, home: home() })
  })

program
  .command('verify')
  .description('every checksum and reference of a run, gaps and orphans; exit status 1 if anything is wrong')
  .argument('<name>', 'name of a run')
  .option('--json', 'print JSON')
  .action(async (name, options) => {
    const { verify } = await import('./verify/verify.js')
    await verify({ ...options, name, home: home() })
  })

addServing(program, home)

addKeeping(program, home)

program
  .command('up')
  .description('start the services of this home: Temporal, MLflow and the workers')
  .addOption(
    new Option('--only <part>', 'servers: Temporal and MLflow; orchestrator, policy: these workers').choices([
      'servers',
      'orchestrator',
      'policy',
    ]),
  )
  .option('--json', 'print JSON')
  .action(async options => {
    const { up } = await import('./up.js')
    await up({ ...options, home: home() })
  })

program
  .command('down')
  .description('end the services that `up` started; runs go on from where they were at the next `up`')
  .option('--json', 'print JSON')
  .action(async options => {
    const { down } = await import('./down.js')
    await down({ ...options, home: home() })
  })

program
  .command('doctor')
  .description('what is installed, what is missing and how to get it, the services; mends what a crash left behind')
  .option('--dry-run', 'tell what would be mended, and mend nothing')
  .addOption(
    new Option(
      '--engine <url>',
      'only probe a Tinker server: what it does, and whether runs can be trained there',
    ).conflicts('dryRun'),
  )
  .option('--base-model <name>', 'with --engine: the base model to probe, as the server names it')
  .option('--json', 'print JSON')
  .action(async options => {
    if (options.engine !== undefined || options.baseModel !== undefined) {
      const { doctorEngine } = await import('./doctor/engine.js')
      await doctorEngine(options)
      return
    }
    const { doctor } = await import('./doctor/doctor.js')
    await doctor({ ...options, home: home() })
  })

program
  .command('failpoints')
  .description('places where a drill can make a worker die, fail or stand still (docs/durability.md)')
  .option('--json', 'print JSON')
  .action(async options => {
    const { failpoints } = await import('./failpoints.js')
    failpoints(options)
  })

program
  .command('worker')
  .description('a worker process, for a separate machine; `up` starts those of this home')
  .addOption(
    new Option('--queue <queue>', 'rlev: workflows and light activities; rlev-gpu: the policy')
      .choices(['rlev', 'rlev-gpu', 'all'])
      .makeOptionMandatory(),
  )
  .addHelpText('after', '\nExample:\n  rlev worker --queue rlev-gpu --home /shared/home')
  .action(async ({ queue }: { queue: 'rlev' | 'rlev-gpu' | 'all' }) => {
    const { runWorker } = await import('./worker/worker.js')
    const folder = home()
    await runWorker({ queue, ...given({ home: folder }) })
  })

function version(): string {
  return (JSON.parse(readFileSync(join(projectFolder, 'package.json'), 'utf8')) as { version: string }).version
}

// If the reader went away, as in `rlev status | head`, that is not a failure; the work goes on without it.
process.stdout.on('error', error => {
  if ('code' in error && error.code === 'EPIPE') process.exit(0)
  process.exit(fail(asStorageError(error, 'standard output')))
})
// A message that cannot be written has no other place. The work goes on, such as that of a worker whose log is on a full disk.
process.stderr.on('error', () => {})

try {
  await program.parseAsync()
} catch (error) {
  if (error instanceof CommanderError) {
    // Help and version end by an error of status 0; commander has printed its message itself.
    process.exitCode = error.exitCode === 0 ? 0 : 2
  } else {
    process.exitCode = fail(error)
  }
}

/** Prints the error and gives the exit status. */
function fail(error: unknown): 1 | 2 {
  const whole = program.args[0] === 'worker' || Boolean(process.env['RLEV_DEBUG'])
  console.error(failureText(error, { home: resolve(home() ?? (process.env['RLEV_HOME'] || '.rlev')), whole }))
  return exitStatusOf(error)
}
