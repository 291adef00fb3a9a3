/** Subcommands for trainers of others: rewards over HTTP, and data sets in their forms. */
import { type Command, InvalidArgumentError, Option } from 'commander'
import { trainerForms } from '../../pipelines/rewards/serving/exported-rows.js'
import { collect, wholeNumber } from './launching.js'

/** `home`: what `--home` says. */
export function addServing(program: Command, home: () => string | undefined): void {
  program
    .command('serve')
    .description('rewards over HTTP for TRL, verl, OpenRLHF, slime and NeMo Gym; starts none of the services')
    .option('--config <file>', 'YAML file whose reward section is served (default: configs/evaluate.yaml)')
    .option('--arm <name>', 'of a sweep')
    .option(
      '--seed <seed>',
      'of the uniform scale of ablated values (default: the first one of the config)',
      wholeNumber,
    )
    .option('--set <path=value>', 'another value for a key; repeatable', collect, [])
    .option('--host <host>', 'to listen on; beyond this machine RLEV_SERVE_TOKEN must be set', '127.0.0.1')
    .option('--port <port>', 'to listen on; 0: any free one', portNumber, 8300)
    .option(
      '--eos <text>',
      'text of an end token, for /get_reward and /reward; a response without one was cut; repeatable',
      collect,
      [],
    )
    .option('--timeout <s>', 'limit for one answer', positiveNumber, 120)
    .option('--max-body <mib>', 'limit for one request', positiveNumber, 16)
    .addHelpText(
      'after',
      `
Examples:
  rlev serve --set reward.verifier=numeric
  rlev serve --config exam.yaml --arm human-aligned --eos '<|im_end|>'
  RLEV_SERVE_TOKEN=$(openssl rand -hex 32) rlev serve --config exam.yaml --host 0.0.0.0

  curl -H 'content-type: application/json' http://127.0.0.1:8300/score \\
    -d '[{"response": "#### 18", "answer": "18", "points": 5, "total": 100}]'`,
    )
    .action(async options => {
      const { serve } = await import('../serve/serve.js')
      await serve({ ...options, home: home() })
    })

  program
    .command('export')
    .description('the items of a config in the form of another trainer, each with its value in the arm')
    .argument('<config>', 'YAML file of an experiment or a sweep')
    .addOption(new Option('--to <form>', 'form of the files').choices(trainerForms).makeOptionMandatory())
    .option('--out <folder>', 'that is made (default: NAME-FORM here)')
    .option('--arm <name>', 'of a sweep (default: every arm, in a folder of its name)')
    .option('--seed <seed>', 'of shuffled and noisy values (default: the first one of the config)', wholeNumber)
    .option('--set <path=value>', 'another value for a key; repeatable', collect, [])
    .addHelpText(
      'after',
      `
Examples:
  rlev export exam.yaml --to trl
  rlev export exam.yaml --to verl --arm shuffled --seed 2 --out shuffled-2`,
    )
    .action(async (config, options) => {
      const { exportData } = await import('../export/export.js')
      await exportData({ ...options, config, home: home() })
    })

  program
    .command('import-results')
    .description('evaluations of policies that another trainer trained, as a run that `compare` and `report` read')
    .argument('<config>', 'YAML file of the experiment or the sweep whose items were exported')
    .argument(
      '<files...>',
      'JSONL, JSON, CSV or Parquet: {"id", "response" or "responses", "arm", "seed", "step"} a row',
    )
    .requiredOption('--trainer <text>', 'what trained the policies, as in "TRL 1.16 GRPOTrainer"')
    .option('--arm <name>', 'of rows that name none')
    .option('--seed <seed>', 'of rows that name none', wholeNumber)
    .option('--step <n>', 'of rows that name none (default: the last step of the config)', wholeNumber)
    .option('--name <name>', 'of the run, instead of the name in the config')
    .option('--set <path=value>', 'another value for a key; repeatable', collect, [])
    .addHelpText(
      'after',
      `
Answer test.jsonl of \`rlev export\` with the policy before training (step 0) and with each trained one. Rows of
step 0 without an arm or a seed are those of every one. The responses are marked as those of a run are.

A row:  {"id": "7", "arm": "human-aligned", "seed": 1, "step": 200, "response": "... #### 18"}
        {"id": "7", ..., "responses": [{"text": "... #### 18", "length": 212, "finish": "stop"}, ...]}

Examples:
  rlev import-results exam.yaml results.jsonl --trainer "TRL 1.16"
  rlev import-results exam.yaml base.jsonl --step 0 --trainer verl
  rlev import-results exam.yaml aligned-1.jsonl --arm human-aligned --seed 1 --trainer verl`,
    )
    .action(async (config, files, options) => {
      const { importResults } = await import('../import-results/import-results.js')
      await importResults({ ...options, config, files, home: home() })
    })
}

function portNumber(text: string): number {
  const port = wholeNumber(text)
  if (port <= 65_535) return port
  throw new InvalidArgumentError('a port of at most 65535 was expected')
}

function positiveNumber(text: string): number {
  const number = Number(text)
  if (number > 0 && number <= 86_400) return number
  throw new InvalidArgumentError('a number above 0 and at most 86400 was expected')
}
