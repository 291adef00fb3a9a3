/** `rlev export CONFIG --to FORM`: the items of a config in the form of another trainer, each with what it is worth in its arm. */
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { BadField, type Fields } from '../../pipelines/data/files/fields.js'
import { RlevError } from '../../pipelines/errors.js'
import { printable } from '../../pipelines/printable.js'
import {
  exportedRow,
  parquetForms,
  type TrainerForm,
  withAllColumns,
} from '../../pipelines/rewards/serving/exported-rows.js'
import type { ValuedSet } from '../../pipelines/rewards/serving/valued-items.js'
import { type ArmsCall, type ChosenArm, chosenArms } from '../arms/chosen.js'
import { predictionReading, valuedArm } from '../arms/valued.js'
import { openHome } from '../services/home.js'
import { formatNumber } from '../text/format.js'
import { parquetOf } from './parquet.js'

export interface ExportOptions extends ArmsCall {
  to: TrainerForm
  /** Folder that is made; by default the name of the config and of the form. */
  out?: string | undefined
  /** In it are the runs that predicted values. */
  home?: string | undefined
}

/** The folder appears when it is complete. @throws RlevError CallInvalid, ConfigInvalid, DataInvalid, NotFound. */
export async function exportData({ to, out, home, ...call }: ExportOptions): Promise<void> {
  const { path: homePath } = openHome(home)
  const arms = await chosenArms(call, { always: ['data'], also: arm => predictionReading(arm, homePath) })
  const name = (arms[0] as ChosenArm).id.split('/')[0] as string
  const target = resolve(out ?? `${name}-${to}`)
  refuseThere(target)
  const unfinished = join(dirname(target), `.${process.pid}-unfinished-export`)
  const several = arms.length > 1
  const warnings = new Set<string>()
  try {
    for (const arm of arms) {
      const folder = several ? join(unfinished, arm.name) : unfinished
      mkdirSync(folder, { recursive: true })
      const { data, train, test } = await valuedArm(arm, homePath)
      for (const { place, reason } of [...data.skipped, ...data.warnings]) warnings.add(`${place}: ${reason}`)
      const files = [
        writeSet(folder, { to, split: 'train', set: train, arm }),
        writeSet(folder, { to, split: 'test', set: test, arm }),
      ]
      const place = several ? join(target, arm.name) : target
      console.log(
        printable(`${arm.name}: ${train.length} items to train on, ${test.length} to test on, ${worthOf(train)}`),
      )
      console.log(`  ${files.map(file => join(place, file)).join('\n  ')}`)
    }
    for (const warning of warnings) console.error(printable(`warning: ${warning}`))
    renameSync(unfinished, target)
  } finally {
    rmSync(unfinished, { recursive: true, force: true })
  }
  const [first] = arms as [ChosenArm]
  const armOption = several || first.id !== first.name ? ` --arm ${several ? 'ARM' : first.name}` : ''
  console.log(printable(`their rewards: rlev serve --config ${call.config}${armOption} (docs/serving.md)`))
}

/** Writes the file, and gives its name. */
function writeSet(
  folder: string,
  { to, split, set, arm }: { to: TrainerForm; split: 'train' | 'test'; set: ValuedSet; arm: ChosenArm },
): string {
  const rows = set.map((valued, index): Fields => {
    try {
      return exportedRow(to, { valued, split, index })
    } catch (error) {
      if (!(error instanceof BadField)) throw error
      throw new RlevError({
        kind: 'DataInvalid',
        message: error.message,
        place: `item ${valued.item.id} of ${arm.name}`,
        remedy: 'rename the field in the data file',
      })
    }
  })
  const isParquet = parquetForms.includes(to)
  const name = `${split}.${isParquet ? 'parquet' : 'jsonl'}`
  const content = isParquet
    ? parquetOf(rows, Object.keys(rows[0] ?? {}))
    : withAllColumns(rows)
        .map(row => `${JSON.stringify(row)}\n`)
        .join('')
  writeFileSync(join(folder, name), content)
  return name
}

function worthOf(set: ValuedSet): string {
  const mean = (of: (one: ValuedSet[number]) => number) =>
    formatNumber(set.length === 0 ? undefined : set.reduce((sum, one) => sum + of(one), 0) / set.length, 4)
  return `mean value ${mean(({ value }) => value)}, mean scale ${mean(({ scale }) => scale)}`
}

function refuseThere(folder: string): void {
  if (!existsSync(folder)) return
  throw new RlevError({
    kind: 'CallInvalid',
    message: 'the folder exists already',
    place: folder,
    expected: 'a folder that is not there',
    found: `a folder or file ${basename(folder)}`,
    remedy: 'name another one with --out, or remove this one',
  })
}
