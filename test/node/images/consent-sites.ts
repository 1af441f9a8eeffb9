import type { ConsentSignal } from '../../../protocol/rules/consent.ts'
import type { Handler } from './play-site.ts'

export const TDMREP = '/.well-known/tdmrep.json'
export const AI = '/ai.txt'
export const AI_TOO = '/.well-known/ai.txt'

/** What a site says; files by path, a number for a bare status. */
export interface Says {
  robots?: string | number | Handler
  files?: Record<string, string | number | Handler>
  /** of the picture: name, value, name, value, … */
  headers?: string[]
  path?: string
  without?: ConsentSignal[]
}

const reset: Handler = (request) => void request.socket.resetAndDestroy()
export const tdm = (...rules: [location: string, reservation: unknown][]) =>
  JSON.stringify(rules.map(([location, value]) => ({ location, 'tdm-reservation': value })))
export const forAll = (...lines: string[]) => ['User-agent: *', ...lines].join('\n')
export const xRobots = (...values: string[]) => values.flatMap((value) => ['X-Robots-Tag', value])

/** A site for each signal, and for each way to misread it. */
export const SITES: [name: string, says: Says, end: string][] = [
  ['nothing is said', {}, 'ok'],

  ['robots.txt: everybody', { robots: forAll('Disallow: /') }, 'optout_robots: robots.txt: *'],
  [
    'robots.txt: our token, in any case',
    { robots: 'USER-AGENT: ShOaL\nDISALLOW: /' },
    'optout_robots: robots.txt: shoal',
  ],
  [
    'robots.txt: an AI token',
    { robots: 'User-agent: anthropic-ai\nDisallow: /' },
    'optout_robots: robots.txt: anthropic-ai',
  ],
  [
    'robots.txt: our own leave frees nobody else',
    { robots: `User-agent: shoal\nAllow: /\n\n${forAll('Disallow: /')}` },
    'optout_robots: robots.txt: *',
  ],
  ['robots.txt: another bot', { robots: 'User-agent: Googlebot\nDisallow: /' }, 'ok'],
  [
    'robots.txt: longest path allows',
    { robots: forAll('Disallow: /a', 'Allow: /a/b'), path: '/a/b.jpg' },
    'ok',
  ],
  [
    'robots.txt: longest path forbids',
    { robots: forAll('Allow: /a', 'Disallow: /a/b'), path: '/a/b.jpg' },
    'optout_robots: robots.txt: *',
  ],
  ['robots.txt: BOM', { robots: `\ufeff${forAll('Disallow: /')}` }, 'optout_robots: robots.txt: *'],
  ['robots.txt: 403', { robots: 403 }, 'ok'],
  ['robots.txt: 500', { robots: 500 }, 'optout_robots: robots.txt unreachable: 500'],
  ['robots.txt: 503', { robots: 503 }, 'optout_robots: robots.txt unreachable: 503'],
  ['robots.txt: no answer', { robots: reset }, 'optout_robots: robots.txt unreachable: fetch_connect'],
  [
    'robots.txt: within 500 KiB',
    { robots: `${'# filler\n'.repeat(56_000)}${forAll('Disallow: /')}` },
    'optout_robots: robots.txt: *',
  ],
  [
    'robots.txt: a redirect',
    { robots: (_, response) => void response.writeHead(302, { location: '/robots' }).end() },
    'ok',
  ],

  ['X-Robots-Tag: in any case', { headers: xRobots('NoAI') }, 'optout_image: x-robots-tag: noai'],
  [
    'X-Robots-Tag: repeated',
    { headers: xRobots('all', 'noimageai') },
    'optout_image: x-robots-tag: noimageai',
  ],
  [
    'X-Robots-Tag: a value after it',
    { headers: xRobots('noai, max-snippet: 5') },
    'optout_image: x-robots-tag: noai',
  ],
  [
    'X-Robots-Tag: a value before it',
    { headers: xRobots('max-snippet: 5, noai') },
    'optout_image: x-robots-tag: noai',
  ],
  [
    'X-Robots-Tag: large previews',
    { headers: xRobots('max-image-preview:large, noindex') },
    'optout_image: x-robots-tag: noindex',
  ],
  [
    'X-Robots-Tag: a date',
    { headers: xRobots('unavailable_after: 25 Jun 2030 15:00:00 PST, none') },
    'optout_image: x-robots-tag: none',
  ],
  [
    'X-Robots-Tag: an AI token',
    { headers: xRobots('GPTBot: noimageindex') },
    'optout_image: x-robots-tag: gptbot: noimageindex',
  ],
  ['X-Robots-Tag: no previews are no refusal', { headers: xRobots('max-image-preview: none') }, 'ok'],
  ['X-Robots-Tag: another bot', { headers: xRobots('otherbot: noai, noimageai') }, 'ok'],

  ['TDMRep: the file', { files: { [TDMREP]: tdm(['/', 1]) } }, 'optout_site: tdmrep.json: 1'],
  ['TDMRep: the file does not reserve', { files: { [TDMREP]: tdm(['/', 0]) } }, 'ok'],
  [
    'TDMRep: first match frees',
    { files: { [TDMREP]: tdm(['/free/', 0], ['/', 1]) }, path: '/free/a.jpg' },
    'ok',
  ],
  [
    'TDMRep: first match reserves',
    { files: { [TDMREP]: tdm(['/', 1], ['/free/', 0]) }, path: '/free/a.jpg' },
    'optout_site: tdmrep.json: 1',
  ],
  ['TDMRep: * and $', { files: { [TDMREP]: tdm(['/*.jpg$', 1]) } }, 'optout_site: tdmrep.json: 1'],
  ['TDMRep: $ is the end', { files: { [TDMREP]: tdm(['/*.jpg$', 1]) }, path: '/a.jpg?x' }, 'ok'],
  ['TDMRep: other values are unset', { files: { [TDMREP]: tdm(['/', 2], ['/', 1]) } }, 'ok'],
  ['TDMRep: BOM', { files: { [TDMREP]: `\ufeff${tdm(['/', 1])}` } }, 'optout_site: tdmrep.json: 1'],
  ['TDMRep: the header', { headers: ['TDM-Reservation', '1'] }, 'optout_image: tdm-reservation: 1'],
  [
    'TDMRep: header over file',
    { files: { [TDMREP]: tdm(['/', 1]) }, headers: ['tdm-reservation', '0'] },
    'ok',
  ],
  [
    'TDMRep: header over file, the other way',
    { files: { [TDMREP]: tdm(['/', 0]) }, headers: ['tdm-reservation', '1'] },
    'optout_image: tdmrep.json: 0, tdm-reservation: 1',
  ],
  [
    'TDMRep: an unset header resets nothing',
    { files: { [TDMREP]: tdm(['/', 1]) }, headers: ['tdm-reservation', 'no'] },
    'optout_site: tdmrep.json: 1',
  ],
  ['TDMRep: no JSON', { files: { [TDMREP]: '<!doctype html>' } }, 'ok'],
  ['TDMRep: 500', { files: { [TDMREP]: 500 } }, 'ok'],
  ['TDMRep: no answer', { files: { [TDMREP]: reset } }, 'ok'],

  [
    'AIPREF: the header',
    { headers: ['Content-Usage', 'train-ai=n'] },
    'optout_image: content-usage: train-ai=n',
  ],
  [
    'AIPREF: repeated',
    { headers: ['Content-Usage', 'train-ai=y', 'Content-Usage', 'train-ai=n'] },
    'optout_image: content-usage: train-ai=y, content-usage: train-ai=n',
  ],
  ['AIPREF: a broken header', { headers: ['Content-Usage', 'train-ai=n,'] }, 'ok'],
  ['AIPREF: yes and no are no values', { headers: ['Content-Usage', 'train-ai=no'] }, 'ok'],
  [
    'AIPREF: robots.txt',
    { robots: forAll('Content-Usage: train-ai=n', 'Allow: /') },
    'optout_site: robots.txt content-usage: train-ai=n',
  ],
  [
    'AIPREF: longest path',
    { robots: forAll('Content-Usage: train-ai=n', 'Content-Usage: /ok/ train-ai=y'), path: '/ok/a.jpg' },
    'ok',
  ],
  [
    'AIPREF: one path, two words',
    { robots: forAll('Content-Usage: / train-ai=y', 'Content-Usage: / train-ai=n') },
    'optout_site: robots.txt content-usage: train-ai=y, robots.txt content-usage: train-ai=n',
  ],
  [
    'AIPREF: an AI token',
    { robots: 'User-agent: CCBot\nContent-Usage: bots=n' },
    'optout_site: robots.txt content-usage: bots=n',
  ],
  ['AIPREF: another bot', { robots: 'User-agent: Googlebot\nContent-Usage: train-ai=n' }, 'ok'],
  [
    'AIPREF: switched off',
    {
      robots: forAll('Content-Usage: train-ai=n'),
      headers: ['Content-Usage', 'train-ai=n'],
      without: ['AIPREF'],
    },
    'ok',
  ],

  [
    'Content-Signal',
    { robots: forAll('Content-Signal: search=yes, ai-train=no') },
    'optout_site: robots.txt content-signal: search=yes, robots.txt content-signal: ai-train=no',
  ],
  [
    'Content-Signal: in any case',
    { robots: 'user-agent: *\nCONTENT-SIGNAL: AI-Train=No' },
    'optout_site: robots.txt content-signal: ai-train=no',
  ],
  [
    'Content-Signal: before every group',
    { robots: `Content-Signal: ai-train=no\n${forAll('Allow: /')}` },
    'optout_site: robots.txt content-signal: ai-train=no',
  ],
  ['Content-Signal: a path', { robots: forAll('Content-Signal: /b/ ai-train=no') }, 'ok'],
  [
    'Content-Signal: other uses',
    { robots: forAll('Content-Signal: search=no, ai-input=no, ai-train=yes') },
    'ok',
  ],
  ['Content-Signal: n is no value', { robots: forAll('Content-Signal: ai-train=n') }, 'ok'],
  [
    'Content-Signal: switched off',
    { robots: forAll('Content-Signal: ai-train=no'), without: ['Content-Signal'] },
    'ok',
  ],

  [
    'ai.txt: a type of file',
    { files: { [AI]: forAll('Disallow: *.jpg') } },
    'optout_site: ai.txt: disallow *',
  ],
  [
    'ai.txt: in any case',
    { files: { [AI]: forAll('Disallow: *.jpg') }, path: '/A.JPG' },
    'optout_site: ai.txt: disallow *',
  ],
  ['ai.txt: for nobody by name', { files: { [AI]: 'Disallow: /' } }, 'optout_site: ai.txt: disallow *'],
  [
    'ai.txt: the other place',
    { files: { [AI_TOO]: forAll('Disallow: /') } },
    'optout_site: ai.txt: disallow *',
  ],
  ['ai.txt: another type of file', { files: { [AI]: forAll('Disallow: *.mp3', 'Allow: *.jpg') } }, 'ok'],
  ['ai.txt: a page instead', { files: { [AI]: '<!doctype html><p>Disallow: nothing' } }, 'ok'],
  ['ai.txt: 503', { files: { [AI]: 503, [AI_TOO]: 500 } }, 'ok'],
  ['ai.txt: no answer', { files: { [AI]: reset, [AI_TOO]: reset } }, 'ok'],
  ['ai.txt: switched off', { files: { [AI]: forAll('Disallow: /') }, without: ['ai.txt'] }, 'ok'],
]
