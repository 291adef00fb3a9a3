/** Rows of verl and SkyRL as Parquet: texts, numbers, one list of messages, objects of one level. */
import { parquetWriteBuffer } from 'hyparquet-writer'
import type { Fields } from '../../pipelines/data/files/fields.js'

type SchemaElement = NonNullable<Parameters<typeof parquetWriteBuffer>[0]['schema']>[number]

const text = (name: string): SchemaElement => ({
  name,
  type: 'BYTE_ARRAY',
  converted_type: 'UTF8',
  repetition_type: 'OPTIONAL',
})

const number = (name: string): SchemaElement => ({ name, type: 'DOUBLE', repetition_type: 'OPTIONAL' })

const object = (name: string, members: readonly SchemaElement[][]): SchemaElement[] => [
  { name, num_children: members.length, repetition_type: 'OPTIONAL' },
  ...members.flat(),
]

const list = (name: string, element: readonly SchemaElement[]): SchemaElement[] => [
  { name, num_children: 1, converted_type: 'LIST', repetition_type: 'OPTIONAL' },
  { name: 'list', num_children: 1, repetition_type: 'REPEATED' },
  ...element,
]

const columns: Readonly<Record<string, SchemaElement[]>> = {
  data_source: [text('data_source')],
  prompt: list('prompt', object('element', [[text('role')], [text('content')]])),
  ability: [text('ability')],
  env_class: [text('env_class')],
  reward_model: object('reward_model', [[text('style')], [text('ground_truth')]]),
  reward_spec: object('reward_spec', [[text('method')], [text('ground_truth')]]),
  extra_info: object('extra_info', [
    [text('split')],
    [{ name: 'index', type: 'INT64', repetition_type: 'OPTIONAL' }],
    [number('points')],
    [number('total')],
    [number('value')],
    [number('scale')],
    [number('negative')],
    [number('weight')],
    [text('id')],
    [text('exam')],
    [text('section')],
    list('choices', [text('element')]),
    [text('extra')],
  ]),
}

/** `names`: the columns, in order. */
export function parquetOf(rows: readonly Fields[], names: readonly string[]): Buffer {
  const schema = names.flatMap(name => columns[name] ?? [])
  const written = parquetWriteBuffer({
    schema: [{ name: 'root', num_children: names.length }, ...schema],
    columnData: names.map(name => ({ name, data: rows.map(row => cellOf(row[name])) })),
  })
  return Buffer.from(written)
}

/** An index is a whole number of 64 bits; what a row lacks is null. */
function cellOf(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('index' in value)) return value
  const { index, ...others } = value
  const empty = { negative: null, weight: null, choices: null, extra: null }
  return { ...empty, ...others, index: BigInt(Number(index)) }
}
