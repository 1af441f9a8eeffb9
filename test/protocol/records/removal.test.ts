import { decodeRemoval } from '../../../protocol/records/removal.ts'
import { testRecord } from './record-cases.ts'

testRecord('removal', decodeRemoval)
