/** Config sections of where items come from and what their values do: `data`, `value`, `reward`. */
import { RE2JS } from 're2js'
import { z } from 'zod'
import { endpointSection } from './endpoint.js'
import { bonusRules, fieldsSection, formNames, promptSection } from './exam-files.js'
import { countUpTo, positive, seedNumber, share } from './numbers.js'

export const scaleNames = ['correctness', 'human-aligned', 'multiplicative', 'uniform'] as const
export const ablationNames = [
  'none',
  'shuffled',
  'permuted',
  'gaussian',
  'lognormal',
  'rounded',
  'weak',
  'predicted',
] as const
export const examNames = ['v7', 'v5', 'pl', 'p50', 'nc', 'inv'] as const

/** Exams that a policy is tested on only. */
export const transferExamNames = ['other', 'long'] as const

const styles = ['symbols', 'english', 'chinese'] as const

const syntheticData = z.strictObject({
  source: z.literal('synthetic').describe('Exam papers made by the seeded generator.'),
  exam: z
    .enum(examNames)
    .default('v7')
    .describe('Composition of the papers: sections, items and points (docs/exam.md).'),
  style: z.enum(styles).default('symbols').describe('How a prompt is written: bare symbols (12+34=), or a sentence.'),
  trainPapers: countUpTo(20_000).default(100).describe('Papers to train on. (papers)'),
  testItemsPerSection: countUpTo(50_000)
    .default(400)
    .describe('Test items of each section, weighted by the composition when they are averaged. (items)'),
  testSeed: seedNumber.default(99999).describe('Seed of the test items, the same for every seed of a sweep.'),
})

const forms = ['auto', ...formNames] as const
/** Those of this project. `math` runs in a process, the others at once. */
export const verifiers = ['exact', 'numeric', 'choice', 'math'] as const

/** Endings of a verifier that the user wrote. */
const programEndings = ['.ts', '.mts', '.js', '.mjs'] as const
const programPath = z.templateLiteral([z.string(), z.enum(programEndings)])
export type ProgramPath = z.infer<typeof programPath>
const answerPlaces = ['after-hash', 'boxed', 'first-line', 'last-line', 'last-number', 'whole', 'auto'] as const
/** RE2JS throws for a pattern that is not one of RE2's. */
function hasOneGroup(pattern: string): boolean {
  try {
    return RE2JS.compile(pattern).groupCount() === 1
  } catch {
    return false
  }
}

const partialRules = ['none', 'proportional', 'jee'] as const
const wrongCredit = z.number().min(-1).max(0)

const unitRules = ['convert', 'ignore', 'require'] as const

/** A test set beside that of the data, of another kind: one named synthetic exam, or every row of a file. */
export const transferSet = z.strictObject({
  exam: z
    .enum([...examNames, ...transferExamNames])
    .optional()
    .describe(
      'Synthetic exam: one that can be trained on, or other (sections that are in none of them) or long (longer numbers).',
    ),
  style: z.enum(styles).default('symbols').describe('How a synthetic prompt is written.'),
  testItemsPerSection: countUpTo(50_000).default(200).describe('Items of each section of a synthetic exam. (items)'),
  testSeed: seedNumber.default(88888).describe('Seed of the items of a synthetic exam.'),
  file: z
    .string()
    .optional()
    .describe(
      'Path of a data file, relative to the config file, or hf:owner/name@revision/path; every row is answered.',
    ),
  form: z.enum(forms).default('auto').describe('Form of the rows, as in data.form.'),
  verifier: z.enum(verifiers).optional().describe('How answers are compared; without it as in training.'),
})

const fileData = z.strictObject({
  source: z.literal('file').describe('Items read from a file (docs/data.md says which).'),
  train: z.string().describe('Path of the training file, relative to the config file, or hf:owner/name@revision/path.'),
  test: z
    .string()
    .optional()
    .describe(
      'Path of the test file, relative to the config file, or hf:owner/name@revision/path; without it `testShare` of the exams are held out.',
    ),
  testShare: z
    .number()
    .gt(0)
    .max(1)
    .default(0.1)
    .describe('Share of exams held out where no test file is given; 1 with `steps: 0`, which trains on none. (share)'),
  splitSeed: seedNumber
    .default(99999)
    .describe('Seed of which exams are held out, the same for every seed of a sweep.'),
  form: z
    .enum(forms)
    .default('auto')
    .describe(
      'How rows name their fields. plain: prompt, answer, points, total, exam; rlev: query, label, score, total of the public set; gpqa, c-eval, mmlu-pro, super-gpqa: benchmarks in their published forms, each question worth 1 of 100; auto: told by the first row.',
    ),
  fields: fieldsSection,
  prompt: promptSection,
  onBadRow: z
    .enum(['stop', 'skip'])
    .default('stop')
    .describe('What happens to an invalid row: `stop` ends the run; `skip` reports it, counts it and leaves it out.'),
})

export const dataSection = z
  .discriminatedUnion('source', [syntheticData, fileData])
  .prefault({ source: 'synthetic' })
  .describe('Where the exam items come from.')

export const valueSection = z
  .strictObject({
    ablation: z
      .enum(ablationNames)
      .default('none')
      .describe(
        'Values that the reward uses: unchanged; permuted over all training items, or over a share of them; with Gaussian noise added, or multiplied by lognormal noise; rounded to a few grades; one label per section; or predicted by a score predictor (docs/predictor.md). Seeded. Evaluation always uses the true values.',
      ),
    noise: positive
      .nullable()
      .default(null)
      .describe(
        'Level of the ablation: share of the items (permuted), deviation of the noise in deviations of the true values (gaussian) or of the logarithm (lognormal), number of grades (rounded). (1)',
      ),
    weakLabels: z
      .record(z.string(), z.number().gt(0).max(100))
      .default({ primary: 1, 'junior-high': 2, 'senior-high': 4, university: 6, phd: 8 })
      .describe(
        "Value of the items of each section under the ablation weak; the default is the paper's. (points per hundred)",
      ),
    predictor: z
      .strictObject({
        folds: z
          .int()
          .min(2)
          .max(100)
          .default(2)
          .describe('Parts of the training exams; the scores of each are predicted from the others. (folds)'),
        labelled: share
          .gt(0)
          .default(1)
          .describe('Share of those other items whose scores the predictor is shown. (share)'),
        epochs: countUpTo(1000)
          .default(2)
          .describe("Passes over what it is shown; the default is the paper's. (passes)"),
        batch: countUpTo(100_000).default(32).describe('Items a step. (items)'),
        learningRate: positive.default(1e-3).describe('Peak rate of AdamW, before the cosine to a tenth. (1)'),
        maxTokens: countUpTo(1000).default(12).describe('Maximum length of a score. (tokens)'),
      })
      .prefault({})
      .describe(
        'How the start policy is fine-tuned to predict scores from questions, for the ablation predicted (docs/predictor.md).',
      ),
    bonus: z
      .enum(bonusRules)
      .default('refuse')
      .describe(
        'What becomes of a row of a data file whose points exceed the total: a bad row; `clip`: worth the total, v = 1; `allow`: v above 1, which the cap of the scale bounds and the multiplicative scale does not.',
      ),
    site: z
      .enum(['reward', 'advantage', 'loss'])
      .default('reward')
      .describe('Where the scale acts: on the reward (the paper), on the advantage, or on the loss of the response.'),
  })
  .prefault({})
  .describe('What the arm does with the values.')

export const rewardSection = z
  .strictObject({
    scale: z
      .enum(scaleNames)
      .default('human-aligned')
      .describe(
        'Factor of a correct answer: 1; 1 + min(alpha v, cap); 1 + alpha v; or the mean of the human-aligned scale over the training items.',
      ),
    alpha: positive.default(10).describe('Slope of the scale in the value. (1)'),
    cap: positive.default(1).describe('Maximum of alpha v in the scale. (1)'),
    verifier: z
      .union([z.enum(verifiers), programPath])
      .default('exact')
      .describe(
        'How the final answer is compared with the reference: as text, as numbers, as options, as mathematics, or by a module of your own, whose path is relative to the config file (docs/verifiers.md).',
      ),
    verifierDigest: z
      .string()
      .refine(text => /^[0-9a-f]{64}$/.test(text), 'a sha256: 64 digits in lower-case hexadecimal')
      .optional()
      .describe(
        'sha256 of a verifier of your own and of what it imports. It is filled in when the config is read; stated, it must match.',
      ),
    timeoutMs: z
      .int()
      .min(10)
      .max(3_600_000)
      .default(5000)
      .describe(
        'Limit for one verdict of math or of a module of your own; a response that takes longer is unscored. (ms)',
      ),
    endpoint: endpointSection,
    tolerance: z
      .number()
      .min(0)
      .default(1e-6)
      .describe('Relative tolerance of the numeric verifier, unless both numbers are integers. (share)'),
    absoluteTolerance: z
      .number()
      .min(0)
      .default(0)
      .describe('Absolute tolerance of the numeric verifier, unless both numbers are integers. (1)'),
    units: z
      .enum(unitRules)
      .default('convert')
      .describe(
        'Units of numbers: converted if both numbers have one, ignored, or required in the answer if the reference has one.',
      ),
    partial: z
      .union([z.enum(partialRules), z.record(z.string(), z.enum(partialRules))])
      .default('none')
      .describe(
        "Credit for some of several right options and no wrong one, for the verifier choice: none; proportional, the share of the right options; or jee, JEE Advanced's quarter of the points for each. One rule, or a rule by section (docs/metrics/verdicts.md).",
      ),
    wrongCredit: z
      .union([wrongCredit, z.record(z.string(), wrongCredit)])
      .default(0)
      .describe(
        'Credit of an answered, wrong response, as a share of the points of the item: -0.25 for 1 point of 4 deducted. One number, or a number by section, 0 for sections that are not named. Points that a row deducts (`data.fields.negative`) take precedence. (share)',
      ),
    answer: z
      .union([
        z.enum(answerPlaces),
        z.strictObject({ tag: z.string().regex(/^[\w-]{1,40}$/, 'letters, digits, - and _, at most 40') }),
        z.strictObject({
          pattern: z.string().max(1000).refine(hasOneGroup, 'a regular expression in the form of RE2 with one group'),
        }),
      ])
      .default('after-hash')
      .describe(
        'Which part of a response is its final answer: after the last run of #, in the last \\boxed{} or \\fbox{} (in several that a comma, and or or joins), the first line, the last line, the last number, all of it, {tag: answer} for <answer>...</answer>, {pattern: ...} for the group of the last match of a regular expression (RE2), or auto: the first of tag answer, box, after ####, last line.',
      ),
  })
  .prefault({})
  .describe('Verifier and scale.')
