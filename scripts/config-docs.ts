/** Writes docs/config.md from the schema. Run from the repository's root, after the build: node dist/scripts/config-docs.js */
import { writeFileSync } from 'node:fs'
import { configPage } from './config-page.js'

writeFileSync('docs/config.md', configPage())
