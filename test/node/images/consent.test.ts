import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { openStore } from '../../../node/store/store.ts'
import { CONSENT_SIGNALS, type ConsentSignal } from '../../../protocol/rules/consent.ts'
import { AI, AI_TOO, forAll, type Says, SITES, TDMREP, tdm, xRobots } from './consent-sites.ts'
import { closing, ending, type Handler, hurriedFetcher, playSite } from './play-site.ts'

const test = suite('images: consent of sites')

const DAY_MS = 24 * 3_600_000

const serve =
  (answer: string | number | Handler): Handler =>
  (request, response) => {
    if (typeof answer === 'function') answer(request, response)
    else if (typeof answer === 'number') response.writeHead(answer).end()
    else response.end(answer)
  }

function play({ robots, files = {}, headers = [] }: Says) {
  return playSite(
    (_, response) => {
      response.writeHead(200, headers).end('picture')
    },
    {
      ...(robots === undefined ? {} : { robots: serve(robots) }),
      files: Object.fromEntries(Object.entries(files).map(([path, answer]) => [path, serve(answer)])),
    },
  )
}

const honoured = (without: ConsentSignal[] = []) => CONSENT_SIGNALS.filter((one) => !without.includes(one))

for (const [name, says, end] of SITES) {
  test(name, async () => {
    const site = await play(says)
    const fetcher = hurriedFetcher({ honoured: honoured(says.without) })
    await closing([fetcher, site], async () => {
      const result = await fetcher.fetch(site.url + (says.path ?? '/a.jpg'))
      // of a reset, systems tell in several ways
      assert.is(ending(result).replace(/(fetch_connect).*/, '$1'), end)
      // neither robots.txt nor the site's own refusals let anybody at the picture
      if (/^optout_(robots|site)/.test(end)) assert.ok(site.asked.every(({ method }) => method === 'HEAD'))
    })
  })
}

test('each row has every signal that was seen, and when', async () => {
  const site = await play({
    robots: forAll('Content-Usage: search=y', 'Content-Signal: search=yes'),
    files: {
      [TDMREP]: JSON.stringify([
        { location: '/', 'tdm-reservation': 0, 'tdm-policy': 'https://a.example/p' },
      ]),
      [AI]: forAll('Allow: /'),
    },
    headers: [...xRobots('otherbot: noai'), 'Content-Usage', 'train-ai=y'],
  })
  let clock = 1_700_000_000_000
  const fetcher = hurriedFetcher({ now: () => clock })
  await closing([fetcher, site], async () => {
    await fetcher.fetch(`${site.url}/a.jpg`)
    clock += 60_000
    const later = await fetcher.fetch(`${site.url}/b.jpg`)
    if (!later.ok) throw new Error(ending(later))
    const { signals, signalsAt } = later.image
    assert.equal(
      signals.map((signal, i) => `${signalsAt[i]! - 1_700_000_000_000} ${signal}`),
      [
        '0 robots.txt: allowed',
        '0 robots.txt content-usage: search=y',
        '0 robots.txt content-signal: search=yes',
        '0 tdmrep.json: 0',
        '0 tdmrep.json policy: https://a.example/p',
        '0 ai.txt: allowed',
        '60000 x-robots-tag: otherbot: noai',
        '60000 content-usage: train-ai=y',
      ],
    )
  })
})

test('what is missing is recorded', async () => {
  const site = await play({ files: { [TDMREP]: 500, [AI]: '<html>' } })
  const fetcher = hurriedFetcher()
  await closing([fetcher, site], async () => {
    const result = await fetcher.fetch(`${site.url}/a.jpg`)
    assert.equal(result.ok && result.image.signals, [
      'robots.txt: 404',
      'tdmrep.json: 500',
      'ai.txt: unreadable',
    ])
  })
})

test('four requests a site, however many pictures, and one where it refuses; what is reserved is asked for headers alone', async () => {
  const open = await play({})
  const shut = await play({ robots: forAll('Disallow: /') })
  const reserved = await play({ files: { [TDMREP]: tdm(['/', 1]) } })
  const fetcher = hurriedFetcher()
  await closing([fetcher, open, shut, reserved], async () => {
    const sites = [open, shut, reserved]
    await Promise.all(
      sites.flatMap(({ url }) => Array.from({ length: 30 }, (_, i) => fetcher.fetch(`${url}/${i}.jpg`))),
    )
    const files = [TDMREP, AI, AI_TOO].sort()
    assert.equal(
      sites.map(({ robotsAsked, filesAsked }) => [robotsAsked.length, filesAsked.toSorted()]),
      [
        [1, files],
        [1, []],
        [1, files],
      ],
    )
    assert.is(shut.asked.length, 0)
    assert.is(reserved.asked.filter(({ method }) => method !== 'HEAD').length, 0)
  })
})

test('answers outlive the process, for a day', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'shoal-consent-'))
  const site = await play({
    robots: 'User-agent: x\nDisallow: /',
    files: { [TDMREP]: tdm(['/no/', 1]), [AI]: 503 },
  })
  const store = await openStore(dir)
  let clock = Date.now()
  const ask = async (path: string) => {
    const fetcher = hurriedFetcher({ now: () => clock, sites: store.sites })
    try {
      return ending(await fetcher.fetch(site.url + path))
    } finally {
      await fetcher.close()
    }
  }
  try {
    assert.is(await ask('/a.jpg'), 'ok')
    clock += DAY_MS - 1_000
    assert.is(await ask('/no/b.jpg'), 'optout_site: tdmrep.json: 1')
    assert.is(site.robotsAsked.length, 1)
    // what could not be had is asked for again
    assert.equal(site.filesAsked.toSorted(), [TDMREP, AI_TOO, AI, AI].sort())
    clock += 2_000
    assert.is(await ask('/c.jpg'), 'ok')
    assert.is(site.robotsAsked.length, 2)
    // a clock that was set back makes nothing last longer
    clock -= 2 * DAY_MS
    assert.is(await ask('/d.jpg'), 'ok')
    assert.is(site.robotsAsked.length, 3)
  } finally {
    await site.close()
    await store.close()
    await rm(dir, { recursive: true, force: true })
  }
})

test('a picture that leads elsewhere needs the leave of that site as well', async () => {
  const far = await play({ files: { [TDMREP]: tdm(['/', 1]) } })
  const site = await playSite((request, response) => {
    response.writeHead(302, { location: far.url + request.url }).end()
  })
  const fetcher = hurriedFetcher()
  await closing([fetcher, site, far], async () => {
    assert.is(ending(await fetcher.fetch(`${site.url}/a.jpg`)), 'optout_site: tdmrep.json: 1')
  })
})

test.run()
