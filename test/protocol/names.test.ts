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
}

const names = suite('names')

for (const { comment, campaign, segment, topic, key } of readCases<Case>('names')) {
  names(comment, () => {
    assert.is(recordsTopic(CID.parse(campaign)), topic)
    assert.ok(isRecordsTopic(topic))
    assert.is(segmentKey(CID.parse(campaign), segment).toString(), key)
  })
}

names('no other topic is taken for a campaign’s', () => {
  const { topic } = readCases<Case>('names')[0]!
  const others = [
    '',
    'records',
    `${topic}/`,
    ` ${topic}`,
    `${topic}\n`,
    topic.toUpperCase(),
    topic.replace('/1/', '/2/'),
  ]
  for (const other of others) assert.not(isRecordsTopic(other), other)
})

names.run()
