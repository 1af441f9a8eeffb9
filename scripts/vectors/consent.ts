import { CONSENT_SIGNALS, type ConsentSignal } from '../../protocol/rules/consent.ts'
import type { Spoken } from '../../protocol/rules/response-consent.ts'
import { free, metadataCases, refused } from './consent-metadata.ts'

/** What is expected is written by hand. */
export function consentCases(): unknown[] {
  return [
    ...patternCases(),
    ...usageCases(),
    ...contentSignalCases(),
    ...tdmrepCases(),
    ...responseCases(),
    ...metadataCases(),
  ]
}

type Said = string[]
const shown = (value: unknown) => JSON.stringify(value).slice(0, 160)

function patternCases(): unknown[] {
  const one = (pattern: string, path: string, output: boolean) => ({
    comment: `pattern ${shown(pattern)}, ${shown(path)}`,
    ...{ rule: 'pattern', input: { pattern, path }, output },
  })
  return [
    one('/', '/a.jpg', true),
    one('', '/a.jpg', true),
    one('/a', '/a.jpg', true),
    one('/a/', '/a', false),
    one('/A', '/a', false),
    one('/*.jpg', '/x/y.jpg', true),
    one('*.jpg', '/x/y.jpg?z', true),
    one('/*.jpg$', '/x/y.jpg', true),
    one('/*.jpg$', '/x/y.jpg?z', false),
    one('/a*b*c', '/a-b-c-d', true),
    one('/a*b*c', '/a-c-b', false),
    one('/$', '/', true),
    one('/$', '/a', false),
    one('/a*$', '/abc', true),
    one('/ab*b$', '/ab', false),
    one('/%7Euser', '/~user', true),
    one('/%7euser/%2f', '/~user/%2F', true),
    one('/雪', '/%E9%9B%AA/a', true),
    one('/a?b=*c', '/a?b=xc', true),
  ]
}

function usageCases(): unknown[] {
  const header = (usages: Said, output: ReturnType<typeof free>) => ({
    comment: `content-usage ${shown(usages)}`,
    ...{ rule: 'content-usage', input: { usages, source: 'content-usage' }, output },
  })
  const rules = (lines: Said, path: string, output: Said) => ({
    comment: `content-usage in robots.txt ${shown(lines)}, ${shown(path)}`,
    ...{ rule: 'usage-rules', input: { lines, path }, output },
  })
  const as = (usage: string) => `content-usage: ${usage}`
  const refusing = [
    ...['train-ai=n', 'train-ai=n, search=y', 'search=y,train-ai=n', 'bots=n', 'ai=n', 'tdm=n', 'genai=n'],
    ...['train-genai=n', 'train-ai=y, genai=n', 'train-ai=y, train-ai=n', 'train-ai=n;exceptions=none'],
    'bots=y, train-ai=n',
  ]
  const letting = [
    'train-ai=y',
    'search=n',
    'bots=n, train-ai=y',
    'ai=n, train-ai=y',
    'train-ai=n, train-ai=y',
  ]
  const saying = [
    ...['', 'train-ai', 'train-ai=no', 'train-ai="n"', 'TRAIN-AI=n', 'train-ai=N', 'train-ai=n,', '?0', 'y'],
    ...['train-ai=?0', 'train-ai=(n)', 'train-ai: n', 'ai-train=no', 'train-ai = n'],
  ]
  return [
    ...refusing.map((usage) => header([usage], refused(as(usage)))),
    ...letting.map((usage) => header([usage], free(as(usage)))),
    ...saying.map((usage) => header([usage], free())),
    header(['train-ai=y', 'train-ai=n'], refused(as('train-ai=y'), as('train-ai=n'))),
    header(['train-ai=no', 'train-ai=n'], refused(as('train-ai=n'))),
    rules(['train-ai=n'], '/a', ['train-ai=n']),
    rules(['train-ai=n', '/ok/ train-ai=y'], '/ok/a', ['train-ai=y']),
    rules(['train-ai=n', '/ok/ train-ai=y'], '/a', ['train-ai=n']),
    rules(['/ok/ train-ai=y', '/ok/*.jpg$ train-ai=n'], '/ok/a.jpg', ['train-ai=n']),
    rules(['/ok/ train-ai=y', '/ok/ train-ai=n'], '/ok/a', ['train-ai=y', 'train-ai=n']),
    rules(['/only/ train-ai=n'], '/a', []),
    rules(['/path-alone'], '/path-alone', []),
    rules(['/雪 train-ai=n'], '/%E9%9B%AA', ['train-ai=n']),
  ]
}

function contentSignalCases(): unknown[] {
  const one = (usages: Said, output: ReturnType<typeof free>) => ({
    comment: `content-signal ${shown(usages)}`,
    ...{ rule: 'content-signal', input: { usages, source: 'content-signal' }, output },
  })
  const as = (usage: string) => `content-signal: ${usage}`
  return [
    one(['search=yes, ai-train=no'], refused(as('search=yes'), as('ai-train=no'))),
    one(['Search=Yes,AI-Train=No'], refused(as('search=yes'), as('ai-train=no'))),
    one(['ai-train = no'], refused(as('ai-train=no'))),
    one(['ai-train=yes', 'ai-train=no'], refused(as('ai-train=yes'), as('ai-train=no'))),
    one(['ai-train=yes'], free(as('ai-train=yes'))),
    one(['search=no, ai-input=no'], free(as('search=no'), as('ai-input=no'))),
    one(['ai-train=n'], free()),
    one(['train-ai=no'], free()),
    one([''], free()),
  ]
}

function tdmrepCases(): unknown[] {
  const one = (file: unknown, path: string, output: unknown) => ({
    comment: `tdmrep.json ${shown(file)}, ${shown(path)}`,
    rule: 'tdmrep',
    input: { text: typeof file === 'string' ? file : JSON.stringify(file), path },
    output,
  })
  const rule = (location: unknown, reservation: unknown, policy?: unknown) => ({
    ...{ location, 'tdm-reservation': reservation },
    ...(policy === undefined ? {} : { 'tdm-policy': policy }),
  })
  const said = (reserved: boolean | null, policy: string | null = null) => ({ reserved, policy })
  return [
    one([rule('/', 1)], '/a.jpg', said(true)),
    one([rule('/', 1, 'https://a.example/policy')], '/a.jpg', said(true, 'https://a.example/policy')),
    one([rule('/', 0)], '/a.jpg', said(false)),
    one([rule('/free/', 0), rule('/', 1)], '/free/a.jpg', said(false)),
    one([rule('/', 1), rule('/free/', 0)], '/free/a.jpg', said(true)),
    one([rule('/*.jpg$', 1)], '/x/a.jpg', said(true)),
    one([rule('/*.jpg$', 1)], '/x/a.jpg?y', null),
    one([rule('*', 1)], '/a', said(true)),
    one([rule('images/', 1)], '/images/a', said(true)),
    one([rule('/', 2), rule('/', 1)], '/a', said(null)),
    one([rule('/', true)], '/a', said(null)),
    one([rule('/', '1')], '/a', said(true)),
    one([{ location: '/' }], '/a', said(null)),
    one(rule('/', 1), '/a', said(true)),
    one([null, 7, rule(3, 1), rule('', 1), rule('/', 1)], '/a', said(true)),
    one(`\ufeff${JSON.stringify([rule('/', 1)])}`, '/a', said(true)),
    one([], '/a', null),
    one('<!doctype html>', '/a', 'unreadable'),
    one('', '/a', 'unreadable'),
    one('1', '/a', 'unreadable'),
  ]
}

function responseCases(): unknown[] {
  const one = (
    comment: string,
    spoken: Spoken,
    output: { refused: boolean; signals: Said; reason: string },
    honoured: readonly ConsentSignal[] = CONSENT_SIGNALS,
  ) => ({ comment, rule: 'response', input: { ...spoken, honoured }, output })
  const file = (reserved: boolean) => ({ reserved, policy: null })
  const tdm = (value: string): [string, string] => ['TDM-Reservation', value]
  const no = (...signals: Said) => ({ ...refused(...signals), reason: signals.join(', ') })
  const yes = (...signals: Said) => ({ ...free(...signals), reason: '' })
  return [
    one('no headers', { headers: [] }, yes()),
    one('a header that reserves', { headers: [tdm('1')] }, no('tdm-reservation: 1')),
    one('a reservation of 2 is none', { headers: [tdm('2')] }, yes()),
    one(
      'a header twice, of which one reserves',
      { headers: [tdm('0'), tdm(' 1 ')] },
      no('tdm-reservation: 1'),
    ),
    one('the file reserves', { headers: [], file: file(true) }, no('tdmrep.json: 1')),
    one(
      'the header overrides the file',
      { headers: [tdm('0')], file: file(true) },
      yes('tdmrep.json: 1', 'tdm-reservation: 0'),
    ),
    one(
      'the header overrides the file, the other way',
      { headers: [tdm('1')], file: file(false) },
      no('tdmrep.json: 0', 'tdm-reservation: 1'),
    ),
    one(
      'a header that is unset resets nothing',
      { headers: [tdm('x')], file: file(true) },
      no('tdmrep.json: 1'),
    ),
    one(
      'the meta element overrides the header',
      { headers: [tdm('1')], metas: [['tdm-reservation', '0']] },
      yes('tdm-reservation: 1', 'meta tdm-reservation: 0'),
    ),
    one(
      'the meta element overrides the header, the other way',
      {
        headers: [tdm('0')],
        metas: [
          ['tdm-reservation', '1'],
          ['tdm-policy', 'https://a.example/p'],
        ],
      },
      no('tdm-reservation: 0', 'meta tdm-reservation: 1', 'meta tdm-reservation policy: https://a.example/p'),
    ),
    one('Content-Usage', { headers: [['content-usage', 'train-ai=n']] }, no('content-usage: train-ai=n')),
    one(
      'any refusal wins, and all is recorded',
      {
        headers: [
          ['Content-Usage', 'train-ai=y'],
          ['X-Robots-Tag', 'noai'],
          ['x-robots-tag', 'otherbot: noindex'],
        ],
        metas: [['robots', 'noimageai']],
      },
      {
        refused: true,
        signals: [
          ...['x-robots-tag: noai', 'x-robots-tag: otherbot: noindex'],
          ...['meta robots: noimageai', 'content-usage: train-ai=y'],
        ],
        reason: 'x-robots-tag: noai, x-robots-tag: otherbot: noindex, meta robots: noimageai',
      },
    ),
    one(
      'what is not honoured is recorded',
      { headers: [['content-usage', 'train-ai=n']], metas: [['gptbot', 'noai']] },
      yes('meta gptbot: noai', 'content-usage: train-ai=n'),
      ['robots.txt', 'X-Robots-Tag', 'TDMRep'],
    ),
  ]
}
