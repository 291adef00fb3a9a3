/** Rules about further test sets: that each is one set, that it is there, and that there is a before and an after to compare. */
import { fileMissing } from './data.js'
import type { Finding, Rules } from './finding.js'
import { withoutEffect } from './finding.js'

const ofExam = ['style', 'testItemsPerSection', 'testSeed']

export const transferRules: Rules = {
  transferNamesOneSet: subject => {
    const sets = Object.entries(subject.config.evaluation.transfer ?? {})
    return sets.flatMap(([name, { exam, file }]): Finding[] => {
      const key = `evaluation.transfer.${name}`
      if ((exam === undefined) === (file === undefined)) {
        return [
          {
            severity: 'refuse',
            key,
            message: `${key} must name one test set`,
            expected: 'exam or file',
            found: exam === undefined ? 'neither' : 'both',
            remedy: 'give the name of a synthetic exam or the path of a data file',
          },
        ]
      }
      return file === undefined
        ? withoutEffect(subject, [`${key}.form`], 'it is for files')
        : [
            ...(subject.unread?.includes('data') ? [] : fileMissing(`${key}.file`, file)),
            ...withoutEffect(
              subject,
              ofExam.map(one => `${key}.${one}`),
              'it is for synthetic exams',
            ),
          ]
    })
  },
  transferIsNotCut: ({ config: { evaluation } }) => {
    if (evaluation.transfer === undefined || evaluation.piece === undefined) return []
    return [
      {
        severity: 'refuse',
        key: 'evaluation.piece',
        message: 'evaluation.piece cuts the evaluation on the test items, and evaluation.transfer needs it whole',
        expected: 'one of the two',
        found: `piece ${evaluation.piece} and ${Object.keys(evaluation.transfer).length} further test sets`,
        remedy: 'leave one out; `rlev evaluate CHECKPOINT --data FILE` evaluates a checkpoint on another set',
      },
    ]
  },
  transferHasBeforeAndAfter: ({ config: { evaluation, judge, steps } }) => {
    if (evaluation.transfer === undefined || (judge === undefined && steps > 0)) return []
    return [
      {
        severity: 'refuse',
        key: 'evaluation.transfer',
        message:
          steps === 0
            ? 'evaluation.transfer compares before and after training, and nothing is trained'
            : 'evaluation.transfer is decided by rules, and the config has a judge',
        remedy: 'leave it out, and evaluate the checkpoints by `rlev evaluate CHECKPOINT --data FILE`',
      },
    ]
  },
}
