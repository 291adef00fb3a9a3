import { cases } from './answers-table.js'
import { testTable } from './measured.js'

testTable(new URL('./answers-table.js', import.meta.url).href, cases)
