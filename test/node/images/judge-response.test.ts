import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { judgeArchivedResponse } from '../../../node/images/images.ts'
import { CONSENT_SIGNALS } from '../../../protocol/rules/consent.ts'

const judge = (response: Parameters<typeof judgeArchivedResponse>[0]) =>
  judgeArchivedResponse(response, CONSENT_SIGNALS)
const test = suite('images: judge an archived response')

test('status and X-Robots-Tag decide, header names in any case', () => {
  assert.equal(judge({ status: 200, headers: [['Content-Type', 'image/png']] }), {
    ok: true,
    contentType: 'image/png',
    signals: [],
  })
  assert.equal(
    judge({
      status: 200,
      headers: [
        ['X-Robots-Tag', 'otherbot: noai'],
        ['x-robots-tag', 'NoImageAI'],
      ],
    }),
    {
      ok: false,
      outcome: 'optout_image',
      detail: 'x-robots-tag: otherbot: noai, x-robots-tag: noimageai',
      signals: ['x-robots-tag: otherbot: noai', 'x-robots-tag: noimageai'],
    },
  )
  for (const status of [301, 304, 404, 500]) {
    const judged = judge({ status, headers: [] })
    assert.equal(judged, { ok: false, outcome: 'http_status', detail: String(status), signals: [] })
  }
})

test.run()
