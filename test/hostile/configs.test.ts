import { cases } from './configs-table.js'
import { testTable } from './measured.js'

testTable(new URL('./configs-table.js', import.meta.url).href, cases)
