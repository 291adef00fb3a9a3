/**
 * Items as rows of the data sets that trainers read, each with its value and scale beside the answer. Points and total stay the true
 * ones, and the value is the one that the arm's reward sees.
 */
import { BadField, type Fields } from '../../data/files/fields.js'
import { type ChatMessage, type Item, promptText } from '../../data/item.js'
import { given } from '../../given.js'
import type { ValuedItem } from './valued-items.js'

export const trainerForms = ['trl', 'verl', 'openrlhf', 'slime', 'skyrl', 'nemo-gym'] as const
export type TrainerForm = (typeof trainerForms)[number]

/** Those whose trainers read Parquet; the others read JSONL. */
export const parquetForms: readonly TrainerForm[] = ['verl', 'skyrl']

export interface ExportedRow {
  valued: ValuedItem
  split: 'train' | 'test'
  /** In its file, from 0. */
  index: number
}

/** One row. Throws BadField. */
export function exportedRow(form: TrainerForm, row: ExportedRow): Fields {
  const { item } = row.valued
  switch (form) {
    case 'trl':
      return { prompt: item.prompt, ...flat(row, ['prompt']) }
    case 'openrlhf':
      return { prompt: item.prompt, label: JSON.stringify(flat(row, ['prompt'])) }
    case 'slime': {
      const { id, exam, section } = item
      return { prompt: item.prompt, label: JSON.stringify(flat(row, ['prompt'])), metadata: { id, exam, section } }
    }
    case 'nemo-gym': {
      const asked = { input: messagesOf(item) }
      return { responses_create_params: asked, ...flat(row, ['responses_create_params', 'prompt']) }
    }
    case 'verl':
      return {
        data_source: dataSource,
        prompt: messagesOf(item),
        ability: item.section,
        reward_model: { style: 'rule', ground_truth: item.answer },
        extra_info: nested(row),
      }
    case 'skyrl':
      return {
        data_source: dataSource,
        prompt: messagesOf(item),
        env_class: dataSource,
        reward_spec: { method: 'rule', ground_truth: item.answer },
        extra_info: nested(row),
      }
    default:
      return form satisfies never
  }
}

/** By this name a trainer of several data sets tells this one apart. */
const dataSource = 'rlev'

function messagesOf({ prompt }: Item): readonly ChatMessage[] {
  return typeof prompt === 'string' ? [{ role: 'user', content: promptText(prompt) }] : prompt
}

/** Of some items. */
const optionalFields = ['choices', 'negative', 'weight'] as const

function ownFields({ valued: { item, value, scale } }: ExportedRow): Fields {
  const { answer, points, total, id, exam, section, choices, negative } = item
  const weight = item.weight === 1 ? undefined : item.weight
  return { answer, points, total, value, scale, id, exam, section, ...given({ choices, negative, weight }) }
}

/** With the fields for a verifier of the user beside the others. Throws BadField if two have the same name. */
function flat(row: ExportedRow, taken: readonly string[]): Fields {
  const own = ownFields(row)
  const { extra = {} } = row.valued.item
  const names = [...Object.keys(own), ...taken, ...optionalFields, 'response', 'finish', 'reward']
  const twice = Object.keys(extra).find(name => names.includes(name))
  if (twice === undefined) return { ...own, ...extra }
  throw new BadField(`the field ${twice} has a name that the exported row uses itself`)
}

/** With those fields as one JSON text: a column of Parquet has one type in all rows. */
function nested(row: ExportedRow): Fields {
  flat(row, ['prompt'])
  const { split, index, valued } = row
  const { answer: _, ...own } = ownFields(row)
  return { split, index, ...own, ...given({ extra: extraText(valued.item) }) }
}

const extraText = ({ extra }: Item): string | undefined => (extra === undefined ? undefined : JSON.stringify(extra))

/** Every column that any of the rows has, in all of them: readers of JSONL take the columns from the first rows. */
export function withAllColumns(rows: readonly Fields[]): Fields[] {
  const names = [...new Set(rows.flatMap(row => Object.keys(row)))]
  return rows.map(row => Object.fromEntries(names.map(name => [name, row[name] ?? null])))
}
