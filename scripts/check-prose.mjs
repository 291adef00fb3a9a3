/**
 * Checks the prose of Markdown, comments and message texts: phrases that have to be decoded, and lines of Markdown that are too long to
 * read. A part of `npm run check`.
 *
 *   node scripts/check-prose.mjs              every file that git knows
 *   node scripts/check-prose.mjs docs README  files whose path starts with one of these
 *   node scripts/check-prose.mjs --count      counts only, exit status 0
 */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const maxColumns = 120
const checked = new Set(['.md', '.ts', '.mjs', '.cjs', '.js', '.yaml', '.py'])
const skipped =
  /^(test\/(fixtures|histories)\/|scripts\/check-prose\.mjs$|test\/scripts\/check-prose\.test\.ts$|package-lock\.json$)/

const subject = '(?:it|they|he|she|we|you|there|this|that|these|those|nothing|nobody|what|whatever|otherwise|else)'
const noun =
  "(?:(?:the|a|an|its|their|no|every|each|all|both|such|only)\\s+)(?:(?!that |which |who )[\\w'`.-]+\\s+){1,4}?"
const verb =
  '(?:is|are|was|were|has|have|had|does|do|did|can|may|must|will|would|cannot|could|should|needs?|takes?|makes?|gives?|keeps?|holds?|falls?|knows?|says?|comes?|goes|would)'

/** `a process of its own`, but not `the weight of its own sample`. */
const ownNothing =
  /\bof (?:its|their|his|her|one's) own\b(?!\s+(?!(?:that|with|in|which|and|or|for|from|while|to|as|by|on|at|is|are|but|so|than|where|when|if|each|beside)\b)[\p{L}`'])/giu

/** Each phrase with the plain words to take in its place. */
const phrases = [
  ['whoever', /\bwho(?:so)?ever\b/giu, 'a person or process that ..., if you ...'],
  ['is none', /(?<![Tt]here )\b(?:[Ii]s|[Aa]re|was|were|be) none\b(?! of)/gu, 'there is no ..., is not a ...'],
  ['for ever', /\bfor ever\b/giu, 'never ends, always'],
  ['anew', /\banew\b/giu, 'again'],
  ['of its own', ownNothing, 'its own ..., separate'],
  [', for (because)', new RegExp(`, for (?:${subject} (?!example|instance)\\w|${noun}${verb}\\b)`, 'giu'), 'because'],
  ['for want of', /\b(?:for|in) want of\b/giu, 'without, because there is no'],
  ['elsewhere than', /\belsewhere than\b/giu, 'in another place than'],
  ['foretell', /\bforet(?:ell|old|ells|elling)\b/giu, 'predict'],
  ['thrice', /\bthrice\b/giu, 'three times'],
  ['lest', /\blest\b/giu, 'so that ... not'],
  ['whence, hence, thereby, hereby', /\b(?:whence|thence|hence|hereby|thereof|therein|whereof)\b/giu, 'so, from there'],
  ['where ... is to be', /\b(?:is|are) to be (?:had|seen|found)\b/giu, 'there is'],
  ['as it were', /\b(?:as it were|so to speak)\b/giu, 'leave it out'],
  ['besides (adverb)', /\bbesides(?=[.,;:)])/giu, 'also'],
  ['nought, naught, aught', /\b(?:nought|naught|aught)\b/giu, 'nothing, 0'],
]

/** Texts that are fixed: the judge's prompt is part of the key under which verdicts are kept. */
const fixed = new Map([['pipelines/rewards/judge/prompt.ts', ['anew']]])

function main() {
  const args = process.argv.slice(2)
  const countOnly = args.includes('--count')
  const prefixes = args.filter(argument => !argument.startsWith('--'))
  const files = filesOfGit().filter(file => prefixes.length === 0 || prefixes.some(prefix => file.startsWith(prefix)))
  const findings = files.flatMap(findingsIn)
  if (!countOnly) {
    for (const { file, line, phrase, instead, excerpt } of findings) {
      console.error(`${file}:${line}: ${phrase} (better: ${instead}): ${excerpt}`)
    }
  }
  const counts = new Map()
  for (const { phrase } of findings) counts.set(phrase, (counts.get(phrase) ?? 0) + 1)
  const byCount = [...counts].sort(([, a], [, b]) => b - a).map(([phrase, count]) => `${phrase} ${count}`)
  console.log(findings.length === 0 ? `prose: ${files.length} files, nothing found` : `prose: ${byCount.join(', ')}`)
  if (findings.length > 0 && !countOnly) process.exitCode = 1
}

function filesOfGit() {
  const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '--deduplicate'], {
    cwd: root,
    encoding: 'utf8',
  })
  return listed.split('\n').filter(file => checked.has(extname(file)) && !skipped.test(file))
}

function findingsIn(file) {
  try {
    return findingsOf(file, readFileSync(`${root}${file}`, 'utf8'))
  } catch (error) {
    // Deleted, and git does not know it yet.
    if (error.code === 'ENOENT') return []
    throw error
  }
}

/** What is wrong with a file of this name and text: `{ file, line, phrase, instead, excerpt }` each. */
export function findingsOf(file, text) {
  const markdown = extname(file) === '.md'
  const lines = markdown ? proseLines(text.split('\n')) : text.split('\n')
  return [...phrasesIn(file, lines), ...(markdown ? longLines(file, lines) : [])]
}

/** The lines of Markdown with code blocks emptied and code in a line and the targets of links taken out. */
function proseLines(lines) {
  let fence
  return lines.map(line => {
    const [, opened] = /^\s*(```+|~~~+)/.exec(line) ?? []
    if (opened !== undefined) {
      if (fence === undefined) fence = opened
      else if (opened.startsWith(fence)) fence = undefined
      return ''
    }
    return fence !== undefined || /^(?: {4}|\t)/.test(line) ? '' : line
  })
}

const commentSign = /^\s*(?:\/\*\*?|\*\/?|\/\/|#|>)?\s*/

/** Phrases may break over lines: the lines are joined, without the signs that begin a line of a comment. */
function phrasesIn(file, lines) {
  let joined = ''
  const starts = lines.map(line => {
    const start = joined.length
    const text = line.replace(commentSign, '')
    // Outside of comments and Markdown, backticks hold texts and not code.
    const isProse = extname(file) === '.md' || text !== line.trimStart()
    joined += `${isProse ? text.replace(/`[^`]*`/g, code => '`'.padEnd(code.length - 1, 'x').concat('`')) : text} `
    return start
  })
  const applied = phrases.filter(([phrase]) => !fixed.get(file)?.includes(phrase))
  return applied.flatMap(([phrase, form, instead]) =>
    [...joined.matchAll(form)].map(({ 0: found, index }) => ({
      file,
      line: starts.findLastIndex(start => start <= index) + 1,
      phrase,
      instead,
      excerpt: joined.slice(Math.max(0, index - 40), index + found.length + 30).trim(),
    })),
  )
}

/** Tables, pictures, quotations and lines of a link or an address are as long as they are. */
function longLines(file, lines) {
  return lines.flatMap((line, index) => {
    const prose = line.replace(/\]\([^)]*\)/g, ']').replace(/https?:\/\/\S+/g, '')
    if (/^\s*(?:\||<|>|!\[|\[!)/.test(line) || prose.length <= maxColumns) return []
    const excerpt = `${prose.slice(0, 60)}...`
    return [{ file, line: index + 1, phrase: `over ${maxColumns} columns`, instead: 'wrap it', excerpt }]
  })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main()
