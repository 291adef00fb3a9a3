/** Subcommands that start something or tell what would start: plans, runs, evaluations, checkpoints and verifiers to try. */
import { type Command, InvalidArgumentError, Option } from 'commander'

export const driftHelp =
  'go on although the config or the code has changed since the run began; its tracking then says so'

/** `home`: what `--home` says. */
export function addLaunching(program: Command, home: () => string | undefined): void {
  program
    .command('plan')
    .description(
      'arms, seeds, what differs from the baseline, preflight and estimated cost of a config; starts nothing',
    )
    .argument('[config]', 'YAML file of an experiment or a sweep')
    .option('--name <name>', 'instead of the name in the config')
    .option('--seed <seed>', 'instead of the seed in the config', wholeNumber)
    .option(
      '--set <path=value>',
      'another value for a key, as in --set update.learningRate=1e-4; repeatable',
      collect,
      [],
    )
    .option('--keys', 'print every key of a config with its meaning, unit and default')
    .option('--json', 'print JSON')
    .action(async (config, options) => {
      const { plan } = await import('../plan/plan.js')
      await plan({ ...options, config, home: home() })
    })

  for (const kind of ['run', 'sweep'] as const) {
    program
      .command(kind)
      .description(
        kind === 'run'
          ? 'run one experiment, or come back to it; Ctrl-C detaches, the work goes on'
          : 'run every arm with every seed, or come back to it; Ctrl-C detaches, the work goes on',
      )
      .argument('<config>', kind === 'run' ? 'YAML file of an experiment' : 'YAML file of a sweep')
      .option('--name <name>', 'instead of the name in the config')
      .option('--seed <seed>', 'instead of the seed in the config', wholeNumber)
      .option('--set <path=value>', 'another value for a key; repeatable', collect, [])
      .option('--detach', 'return as soon as the work has begun')
      .option('--allow-drift', driftHelp)
      .addHelpText('after', examplesOf(kind))
      .action(async (config, options) => {
        const { launch } = await import('../launch.js')
        process.exitCode = await launch({ ...options, config, kind, home: home() })
      })
  }

  program
    .command('evaluate')
    .description('the metrics of a checkpoint on data, greedy or with samples; resumable like a run')
    .argument('<checkpoint>', 'folder in Hugging Face form, hf:owner/name, or known:name (docs/data.md)')
    .option('--data <file>', 'JSON or JSONL, every row of which is answered; without it the test items of --config')
    .option('--config <file>', 'YAML file for everything else, judge and verifier too (default: configs/evaluate.yaml)')
    .option(
      '--samples <n>',
      'sampled responses an item beside the greedy one, for expected metrics and pass@k (default: evaluation.samples of the config file, else 0)',
      wholeNumber,
    )
    .option('--name <name>', 'of the evaluation; by default one that is the same for the same call')
    .option('--seed <seed>', 'instead of the seed in the config', wholeNumber)
    .option('--set <path=value>', 'another value for a key; repeatable', collect, [])
    .option('--detach', 'return as soon as the work has begun')
    .option('--allow-drift', driftHelp)
    .option('--json', 'print the result as JSON, and progress to standard error')
    .addHelpText(
      'after',
      `
Examples:
  rlev evaluate .rlev/runs/smoke/checkpoints/step-000012 --config configs/smoke.yaml
  rlev evaluate known:smollm2-135m-instruct --data exam.jsonl
  rlev evaluate ./qwen --data exam.jsonl --samples 8 --set rollout.maxTokens=1024
  rlev evaluate ./qwen --data exam.jsonl --set judge.url=http://127.0.0.1:8000/v1 --set judge.model=Qwen2.5-72B-Instruct`,
    )
    .action(async (checkpoint, options) => {
      const { evaluate } = await import('../evaluate.js')
      process.exitCode = await evaluate({ ...options, checkpoint, home: home() })
    })

  program
    .command('import')
    .description('write a GGUF file as a checkpoint folder, from which a policy can start')
    .argument('<file>', 'GGUF file of the Llama, Qwen2 or Qwen3 family, quantized or not')
    .argument('<folder>', 'that is made')
    .addOption(new Option('--dtype <type>', 'type of the weights').choices(['float32', 'bfloat16']).default('float32'))
    .addHelpText('after', '\nExample:\n  rlev import SmolLM2-135M-Instruct.Q4_1.gguf ./smollm2')
    .action(async (file, folder, { dtype }) => {
      const { importCheckpoint } = await import('../import.js')
      await importCheckpoint({ file, folder, dtype })
    })

  program
    .command('score')
    .description('mark the responses of a file by a verifier and a scale, before a run; starts nothing')
    .argument('<file>', 'rows of {response, answer} with points, total, choices and finish where they matter')
    .option('--config <file>', 'YAML file whose reward section is used (default: configs/evaluate.yaml)')
    .option('--set <path=value>', 'another value for a key; repeatable', collect, [])
    .option('--against <field>', 'compare with the marks in this field: true, false, or a credit from -1 to 1')
    .option('--json', 'print one JSON object a row: row, verdict, credit, value, scale, reward, read')
    .addHelpText(
      'after',
      `
A row: {"response": "so it is \\\\boxed{18}", "answer": "18", "points": 5, "total": 100, "finish": "stop"}

Examples:
  rlev score responses.jsonl --set reward.verifier=numeric
  rlev score responses.jsonl --config exam.yaml --against human`,
    )
    .action(async (file, options) => {
      const { score } = await import('../score/score.js')
      await score({ ...options, file })
    })
}

function examplesOf(kind: 'run' | 'sweep'): string {
  const [file, name] = kind === 'run' ? ['configs/smoke.yaml', 'smoke-2'] : ['configs/quickstart.yaml', 'short']
  return `
Examples:
  rlev ${kind} ${file}
  rlev ${kind} ${file} --name ${name} --set steps=50
  rlev ${kind} ${file} --detach`
}

export function wholeNumber(text: string): number {
  if (/^\d+$/.test(text)) return Number(text)
  throw new InvalidArgumentError('a whole number of 0 or more was expected')
}

export function collect(text: string, before: readonly string[]): string[] {
  return [...before, text]
}
