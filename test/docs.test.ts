/** The documentation: what it names and links to exists. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../', import.meta.url))
const pages = [
  'README.md',
  'CONTRIBUTING.md',
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.md'))
    .map(name => join('docs', name)),
]

for (const page of pages) {
  const text = readFileSync(join(root, page), 'utf8')

  test(`every file that ${page} names exists`, () => {
    const named = text.matchAll(
      /`((?:pipelines|activities|workflows|commands|scripts|test|configs|deploy)\/[\w./-]*)`/g,
    )
    const missing = [...named]
      .map(match => match[1] ?? '')
      .filter(path => !path.includes('NAME') && !existsSync(join(root, path)))
    assert.deepEqual(missing, [])
  })

  test(`every link in ${page} leads to a file and a heading`, () => {
    const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(match => match[1] ?? '')
    const local = links.filter(link => !/^[a-z]+:/.test(link))
    const broken = local.filter(link => {
      const [path = '', anchor] = link.split('#')
      const target = path === '' ? join(root, page) : join(root, dirname(page), path)
      if (!existsSync(target)) return true
      return anchor !== undefined && !anchorsOf(readFileSync(target, 'utf8')).includes(anchor)
    })
    assert.deepEqual(broken, [])
  })
}

/** Anchors of a page's headings, as GitHub makes them. */
function anchorsOf(markdown: string): string[] {
  return [...markdown.matchAll(/^#+ (.*)$/gm)].map(match =>
    (match[1] ?? '')
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )
}
