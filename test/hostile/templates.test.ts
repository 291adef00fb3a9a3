import { testTable } from './measured.js'
import { cases } from './templates-table.js'

testTable(new URL('./templates-table.js', import.meta.url).href, cases)
