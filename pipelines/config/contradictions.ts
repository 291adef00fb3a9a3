/** Configs whose keys are each valid and yet do not go together: refused where the run would not be what it says, warned about where a key has no effect. */
import { dataRules, policyRules } from './contradictions/data.js'
import type { Finding, Rule, Subject } from './contradictions/finding.js'
import { judgeRules } from './contradictions/judge.js'
import { keepingRules } from './contradictions/keeping.js'
import { memoryRules } from './contradictions/memory.js'
import { stepRules, warmStartRules } from './contradictions/training.js'
import { transferRules } from './contradictions/transfer.js'
import { valueRules } from './contradictions/values.js'

const rules: readonly Rule[] = [
  ...dataRules,
  ...policyRules,
  ...valueRules,
  ...judgeRules,
  ...warmStartRules,
  ...stepRules,
  ...memoryRules,
  ...keepingRules,
  ...transferRules,
]

/** Everything that the rules have to say about one experiment. Looks whether the files it names are there. */
export function contradictions(subject: Subject): Finding[] {
  return rules.flatMap(rule => rule(subject))
}
