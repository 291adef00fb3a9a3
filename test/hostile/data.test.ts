import { cases } from './data-table.js'
import { testTable } from './measured.js'

testTable(new URL('./data-table.js', import.meta.url).href, cases)
