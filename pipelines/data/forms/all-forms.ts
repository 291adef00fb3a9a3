/** Every form by name, and the form of a row. */
import { formNames } from '../../config/sections/exam-files.js'
import type { Fields } from '../files/fields.js'
import { agieval, cEval, gpqa, mmluPro, superGpqa } from './choice-sets.js'
import { courseExamBench, gaokaoBench, jeebench, plain, rlev } from './exam-sets.js'
import type { Form, FormName } from './form.js'
import { gsm8k, math, reasoningGym, trl, verl } from './worked-sets.js'

export const forms: Readonly<Record<FormName, Form>> = {
  plain,
  rlev,
  'gaokao-bench': gaokaoBench,
  agieval,
  jeebench,
  'course-exam-bench': courseExamBench,
  gpqa,
  'super-gpqa': superGpqa,
  'mmlu-pro': mmluPro,
  'c-eval': cEval,
  gsm8k,
  math,
  'reasoning-gym': reasoningGym,
  verl,
  trl,
}

/** The first form that fits the row; null if none does. */
export function formOf(fields: Fields): FormName | null {
  return formNames.find(name => forms[name].tells(fields)) ?? null
}

/** The form of a file by its first rows: that of the first one that fits any; null if none does. */
export function formOfRows(rows: readonly Fields[]): FormName | null {
  for (const fields of rows) {
    const form = formOf(fields)
    if (form !== null) return form
  }
  return null
}
