import { cases } from './checkpoints-table.js'
import { testTable } from './measured.js'

testTable(new URL('./checkpoints-table.js', import.meta.url).href, cases)
