import { CID } from 'multiformats/cid'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { segmentKey } from '../../protocol/segment-key.ts'
import { isRecordsTopic, recordsTopic } from '../../protocol/topics.ts'
import { readCases } from './read-vectors.ts'

interface Case {
  campaign: string
  segment: number
  topic: string
  key: string
  /** it is no campaign's topic */
  error?: true
}

const names = suite('names')

for (const { comment, campaign, segment, topic, key, error } of readCases<Case>('names')) {
  names(comment, () => {
    assert.is(isRecordsTopic(topic), error === undefined)
    if (error) return
    assert.is(recordsTopic(CID.parse(campaign)), topic)
    assert.is(segmentKey(CID.parse(campaign), segment).toString(), key)
  })
}

names.run()
