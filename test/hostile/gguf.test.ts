import { cases } from './gguf-table.js'
import { testTable } from './measured.js'

testTable(new URL('./gguf-table.js', import.meta.url).href, cases)
