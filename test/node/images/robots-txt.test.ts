import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { parseRobotsTxt } from '../../../node/images/robots-txt.ts'
import { AI_TOKENS } from '../../../protocol/rules/ai-tokens.ts'

const test = suite('images: robots.txt')
const SITE = 'http://photos.example'

function forbids(text: string, path: string): string[] {
  return parseRobotsTxt(text, new URL(SITE)).forbids(new URL(path, SITE))
}

test('our own token, each of the AI tokens and everybody', () => {
  for (const token of ['shoal', ...AI_TOKENS]) {
    assert.equal(forbids(`User-agent: ${token}\nDisallow: /private`, '/private/a.jpg'), [token])
    assert.equal(forbids(`USER-AGENT: ${token.toUpperCase()}/2.1 (like others)\nDISALLOW: /`, '/a.jpg'), [
      token,
    ])
    assert.equal(forbids(`User-agent: ${token}\nDisallow: /private`, '/public/a.jpg'), [])
    assert.equal(forbids(`User-agent: ${token}-news\nDisallow: /`, '/a.jpg'), [])
  }
  assert.equal(forbids('User-agent: *\nDisallow: /', '/a.jpg'), ['*'])
  assert.equal(forbids('User-agent: Googlebot\nDisallow: /', '/a.jpg'), [])
  assert.equal(forbids('', '/a.jpg'), [])
  assert.equal(forbids('<!doctype html><p>Not found', '/a.jpg'), [])
})

test('a group of its own frees a token from the group of all, and any refusal wins', () => {
  const text = 'User-agent: shoal\nAllow: /\n\nUser-agent: *\nDisallow: /'
  assert.equal(forbids(text, '/a.jpg'), ['*'])
  const all = ['shoal', ...AI_TOKENS].map((token) => `User-agent: ${token}`).join('\n')
  assert.equal(forbids(`${all}\nDisallow:\n\nUser-agent: *\nDisallow: /`, '/a.jpg'), [])
  const both = 'User-agent: GPTBot\nUser-agent: CCBot\nDisallow: /\n\nUser-agent: ClaudeBot\nDisallow: /a'
  assert.equal(forbids(both, '/a.jpg').sort(), ['CCBot', 'ClaudeBot', 'GPTBot'])
})

test('groups: several names, several groups, lines of other kinds between', () => {
  assert.equal(
    forbids(
      'User-agent: shoal\nDisallow: /a\nUser-agent: x\nDisallow: /\nUser-agent: shoal\nDisallow: /b',
      '/b',
    ),
    ['shoal'],
  )
  assert.equal(forbids('User-agent: shoal\nSitemap: /s.xml\nUser-agent: x\nDisallow: /', '/b'), ['shoal'])
  assert.equal(forbids('User-agent: shoal\nCrawl-delay: 9\n\nUser-agent: x\nDisallow: /', '/b'), ['shoal'])
  assert.equal(forbids('Disallow: /\nUser-agent: shoal\nAllow: /', '/b'), [])
  assert.equal(forbids('User-agent: shoal # us\rDisallow: /b # that\r', '/b'), ['shoal'])
})

test('paths: longest match, allow on a tie, wildcards, ends, spelling', () => {
  const rules = (lines: string, path: string) => forbids(`User-agent: shoal\n${lines}`, path).length > 0
  assert.ok(!rules('Disallow: /a\nAllow: /a/b', '/a/b/c.jpg'))
  assert.ok(rules('Disallow: /a/b\nAllow: /a', '/a/b/c.jpg'))
  assert.ok(!rules('Disallow: /a\nAllow: /a', '/a'))
  assert.ok(rules('Disallow: *.jpg$', '/x/y.jpg'))
  assert.ok(!rules('Disallow: *.jpg$', '/x/y.jpg?size=2'))
  assert.ok(rules('Disallow: /*?size=', '/x/y.jpg?size=2'))
  assert.ok(rules('Disallow: /Private', '/Private/a'))
  assert.ok(!rules('Disallow: /Private', '/private/a'))
  assert.ok(rules('Disallow: /b%c3%bccher', '/bücher/a'))
  assert.ok(rules('Disallow: /bücher', '/b%C3%BCcher/a'))
  assert.ok(rules('Disallow: /%62%61z', '/baz'))
  assert.ok(rules('Disallow: /baz', '/%62%61%7A'))
  assert.ok(!rules('Disallow: /%2A.jpg', '/x.jpg'))
  assert.ok(!rules('Disallow:', '/x.jpg'))
})

test('an address of another site or scheme has no permission', () => {
  const robots = parseRobotsTxt('User-agent: *\nDisallow: /x', new URL(SITE))
  assert.equal(robots.forbids(new URL('http://photos.example:80/a')), [])
  assert.equal(robots.forbids(new URL('https://photos.example/a')), ['*'])
  assert.equal(robots.forbids(new URL('http://other.example/a')), ['*'])
})

test('crawl-delay of our own group, or of the group of all', () => {
  const delay = (text: string) => parseRobotsTxt(text, new URL(SITE)).crawlDelayMs
  assert.is(delay('User-agent: *\nCrawl-delay: 2'), 2_000)
  assert.is(delay('User-agent: *\nCrawl-delay: 2\nUser-agent: Shoal\nCrawl-delay: 0.5'), 500)
  assert.is(delay('User-agent: GPTBot\nCrawl-delay: 2'), null)
  assert.is(delay('User-agent: *\nCrawl-delay: long'), null)
  assert.is(delay('User-agent: *\nCrawl-delay: -1'), null)
})

test('hostile files cost little', () => {
  const start = performance.now()
  // as many names as rules: each rule would be kept once a name
  const names = Array.from({ length: 19_000 }, (_, i) => `user-agent:${i}`).join('\n')
  const rules = 'disallow:/a\n'.repeat(20_000)
  assert.equal(forbids(`${names}\n${rules}`, '/a'), [])
  // stars against a long address
  const stars = `User-agent: shoal\nDisallow: /${'*a'.repeat(250_000)}b`
  assert.equal(forbids(stars, `/${'a'.repeat(2_000)}`), ['shoal'])
  const many = `User-agent: shoal\n${`Disallow: /${'*a'.repeat(50)}b\n`.repeat(4_000)}`
  assert.equal(forbids(many, `/${'a'.repeat(2_000)}`), ['shoal'])
  // and a large honest one is read
  const honest = `User-agent: *\n${Array.from({ length: 2_000 }, (_, i) => `Disallow: /*/private-${i}/`).join('\n')}`
  assert.equal(forbids(honest, '/photos/2024/a-picture-of-a-cat.jpg'), [])
  assert.equal(forbids(honest, '/photos/private-77/a.jpg'), ['*'])
  assert.ok(performance.now() - start < 15_000, String(performance.now() - start))
})

test.run()
