import { cases } from './adapters-table.js'
import { testTable } from './measured.js'

testTable(new URL('./adapters-table.js', import.meta.url).href, cases)
