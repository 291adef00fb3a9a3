/** Subcommands about what a home keeps: its runs and the disk that they take, and runs that go on from others. */
import { type Command, Option } from 'commander'
import { collect, driftHelp, wholeNumber } from './launching.js'

const metrics = ['acc', 'h-acc', 'expected-acc', 'expected-h-acc']

/** `home`: what `--home` says. */
export function addKeeping(program: Command, home: () => string | undefined): void {
  program
    .command('list')
    .description('the runs of this home: state, steps, arms, disk and when; starts nothing')
    .option('--json', 'print JSON')
    .action(async options => {
      const { list } = await import('../list.js')
      await list({ ...options, home: home() })
    })

  program
    .command('delete')
    .description('remove a run that is over: files, runs in MLflow, workflows in Temporal')
    .argument('<name>', 'name of a run')
    .option('--yes', 'without asking')
    .option('--files-only', 'leave what MLflow and Temporal have of it; they need not run')
    .addHelpText(
      'after',
      `
MLflow keeps deleted runs and can restore them until \`mlflow gc\`. Outputs that runs share stay until \`rlev gc\`.

Examples:
  rlev delete smoke
  rlev delete smoke --yes && rlev gc`,
    )
    .action(async (name, options) => {
      const { deleteRun } = await import('../delete/delete.js')
      await deleteRun({ ...options, name, home: home() })
    })

  program
    .command('gc')
    .description('remove what nothing refers to: outputs of deleted runs, caches, leftovers of crashes')
    .option('--dry-run', 'list what would be removed, with sizes, and remove nothing')
    .option('--answers', 'also the stored answers of judges and of servers of verifiers')
    .option('--json', 'print JSON')
    .action(async options => {
      const { gc } = await import('../gc/gc.js')
      await gc({ ...options, home: home() })
    })

  program
    .command('extend')
    .description('further steps for a run that is over: it goes on from its last step, with its journal and moments')
    .argument('<name>', 'name of a run')
    .requiredOption('--steps <n>', 'steps in all, those that are made included', wholeNumber)
    .option('--allow-drift', driftHelp)
    .addHelpText(
      'after',
      `
The extended run has the weights of one that had the steps from the start. A run whose schedule depends on
the number of steps is refused, because its first steps would have been others.

Example:
  rlev extend smoke --steps 40`,
    )
    .action(async (name, options) => {
      const { extend } = await import('../extend.js')
      await extend({ ...options, name, home: home() })
    })

  program
    .command('clone')
    .description('a new run with the config of another that starts from one of its checkpoints')
    .argument('<name>', 'name of a run, or NAME/ARM/seed-N of an experiment of a sweep')
    .argument('<new>', 'name of the new run')
    .option('--set <path=value>', 'another value for a key; repeatable', collect, [])
    .option('--from-step <n>', 'of this checkpoint; 0: what the run started from (default: the newest)', wholeNumber)
    .option('--detach', 'return as soon as the work has begun')
    .addHelpText(
      'after',
      `
Steps are counted from 0 again; the order of prompts and the moments of AdamW begin again. To go on with the
same run use \`rlev extend\`.

Examples:
  rlev clone smoke smoke-slow --set update.learningRate=1e-4
  rlev clone quickstart/correctness/seed-1 longer --from-step 100 --set steps=50`,
    )
    .action(async (name, newName, options) => {
      const { clone } = await import('../clone/clone.js')
      process.exitCode = await clone({ ...options, name, newName, home: home() })
    })

  program
    .command('checkpoint')
    .description('the last checkpoint of a run, and the best by a metric, as Hugging Face folders; starts nothing')
    .argument('<name>', 'name of a run, or NAME/ARM/seed-N of an experiment of a sweep')
    .argument('<folder>', 'where to: FOLDER/last and FOLDER/best; of a sweep FOLDER/ARM/seed-N/last and so on')
    .addOption(new Option('--metric <metric>', 'what is best (default: checkpoint.best of the run)').choices(metrics))
    .option('--step <n>', 'the checkpoint of this step instead', wholeNumber)
    .option('--adapter', 'an adapter in the form of PEFT, without the weights that it is applied to')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
The best is chosen among the checkpoints that are kept: with \`checkpoint.best\` in the config the best one is
kept at any age. Each folder has a file rlev.json with step, metric and digest.

Examples:
  rlev checkpoint smoke out                              out/last
  rlev checkpoint my-exam/human-aligned/seed-1 out --metric h-acc`,
    )
    .action(async (name, folder, options) => {
      const { writeCheckpoints } = await import('../checkpoint/checkpoint.js')
      await writeCheckpoints({ ...options, name, folder, home: home() })
    })
}
