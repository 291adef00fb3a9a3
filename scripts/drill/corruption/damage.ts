/** Ways in which a stored file can be hurt, drawn by a seed; each can be undone. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import type { Stream } from '../../../pipelines/random.js'

export type Random = Stream
export type Wound = 'changed byte' | 'cut'

/** What kind of file it is, so that each kind is drawn as often as the others, however many there are. */
export const fileKinds = [
  'weights or optimizer',
  'other file of a checkpoint',
  'manifest',
  'rollout',
  'records',
  'metrics',
  'evaluation',
  'plan, config, result or reference',
] as const
export type FileKind = (typeof fileKinds)[number]

/** Every file of a run by its kind; the report and the owner of the fence are not among them. */
export function filesByKind(folder: string): Map<FileKind, string[]> {
  const byKind = new Map<FileKind, string[]>(fileKinds.map(kind => [kind, []]))
  for (const path of filesIn(folder)) {
    const kind = kindOf(relative(folder, path).split(sep))
    if (kind !== null) byKind.get(kind)?.push(path)
  }
  return byKind
}

function kindOf([top = '', , file = '']: readonly string[]): FileKind | null {
  switch (top) {
    case 'checkpoints':
      if (file === 'manifest.json') return 'manifest'
      return file.endsWith('.safetensors') ? 'weights or optimizer' : 'other file of a checkpoint'
    case 'rollouts':
      return 'rollout'
    case 'records':
    case 'metrics':
      return top
    case 'evaluations':
      return 'evaluation'
    case 'report':
    case 'owner':
      return null
    default:
      return top.endsWith('.sha256') ? null : 'plan, config, result or reference'
  }
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap(entry => {
      const path = join(folder, entry.name)
      return entry.isDirectory() ? filesIn(path) : [path]
    })
}

/** Hurts the file and gives what undoes it. `counter` names the draw. */
export function wound(path: string, how: Wound, random: Random, counter: number): () => void {
  const whole = readFileSync(path)
  const place = random.integer(whole.length, counter, 1)
  if (how === 'cut') {
    writeFileSync(path, whole.subarray(0, place))
  } else {
    const changed = Buffer.from(whole)
    changed[place] = (whole[place] as number) ^ (1 + random.integer(255, counter, 2))
    writeFileSync(path, changed)
  }
  return () => writeFileSync(path, whole)
}

/** A file where a folder was, or the other way round. */
export function replaceByFile(path: string): void {
  rmSync(path, { recursive: true })
  writeFileSync(path, 'not a folder')
}

export function replaceByFolder(path: string): void {
  rmSync(path)
  mkdirSync(path)
}
