/** Writes docs/config.md and docs/forms.md. Run from the repository's root, after the build: node dist/scripts/config-docs.js */
import { writeFileSync } from 'node:fs'
import { configPage } from './config-page.js'
import { formsPage } from './forms-page.js'

writeFileSync('docs/config.md', configPage())
writeFileSync('docs/forms.md', formsPage())
