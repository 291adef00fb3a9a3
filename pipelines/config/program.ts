/**
 * A verifier of the user (`reward.verifier: ./my-verifier.ts`) as one file of JavaScript: the module with everything that it imports,
 * local files and packages alike, except Node's modules. So its identity covers what it imports, and a copy of the one file is
 * enough to go on when the sources have changed.
 */
import { createHash } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, resolve } from 'node:path'
import type { BuildFailure, Metafile } from 'esbuild'
import { RlevError } from '../errors.js'
import { digest } from './digest.js'

export interface Program {
  /** Of the module and of every file that it imports, by their paths from its folder. */
  digest: string
  /** An ES module. */
  code: string
}

/** CommonJS packages call `require`, which an ES module does not have. */
const banner =
  "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);"

/** Throws ConfigInvalid, with the line, if a file is missing or is not TypeScript or JavaScript. */
export function readProgram(path: string): Program {
  const folder = dirname(path)
  if (!statSync(path, { throwIfNoEntry: false })?.isFile()) throw unreadable(path, 'no such file')
  const { buildSync } = createRequire(import.meta.url)('esbuild') as typeof import('esbuild')
  try {
    const { outputFiles, metafile } = buildSync({
      entryPoints: [path],
      absWorkingDir: folder,
      bundle: true,
      format: 'esm',
      platform: 'node',
      target: 'node20',
      // Errors name the line of the source.
      sourcemap: 'inline',
      sourcesContent: false,
      banner: { js: banner },
      // A tsconfig.json further up would be part of the program without being a part of its identity.
      tsconfigRaw: '{}',
      outfile: `${path}.bundle.mjs`,
      write: false,
      metafile: true,
      logLevel: 'silent',
    })
    return { digest: digestOf(metafile, folder), code: outputFiles[0]?.text ?? '' }
  } catch (error) {
    const [first] = (error as Partial<BuildFailure>).errors ?? []
    if (first === undefined) throw error
    const { location } = first
    const place = location === null ? path : `${resolve(folder, location.file)}:${location.line}:${location.column + 1}`
    throw unreadable(place, first.text)
  }
}

/** Digests by path, each read once: the arms of a sweep share a verifier. */
export function programDigests(): (path: string) => string {
  const known = new Map<string, string>()
  return path => {
    const found = known.get(path) ?? readProgram(path).digest
    known.set(path, found)
    return found
  }
}

/** Packages count by their path in node_modules, wherever that folder is. */
function digestOf({ inputs }: Metafile, folder: string): string {
  const files = Object.keys(inputs).map((input): [string, string] => {
    const bytes = readFileSync(resolve(folder, input))
    return [input.replace(/^.*node_modules\//, 'node_modules/'), createHash('sha256').update(bytes).digest('hex')]
  })
  return digest(Object.fromEntries(files))
}

function unreadable(place: string, found: string): RlevError {
  return new RlevError({
    kind: 'ConfigInvalid',
    message: 'the verifier cannot be read',
    place,
    expected: 'a module in TypeScript or JavaScript, and the files and packages that it imports',
    found,
    remedy:
      'correct reward.verifier or the module; what cannot be one file of JavaScript can answer as a server (reward.endpoint)',
  })
}
