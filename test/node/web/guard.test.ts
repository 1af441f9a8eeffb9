import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { mayConnect, vetUrl } from '../../../node/web/guard.ts'

const test = suite('web: guard')
const NOTHING = { loopback: false }
const LOOPBACK = { loopback: true }

function verdict(address: string, allowed = NOTHING): string {
  const vetted = vetUrl(address, allowed)
  return vetted instanceof URL ? 'open' : vetted.detail
}

test('every spelling of a closed address is refused', () => {
  for (const host of [
    ...[
      '127.0.0.1',
      '127.1',
      '2130706433',
      '0x7f.1',
      '0x7f000001',
      '017700000001',
      '0177.0.0.1',
      '127.0.0.1.',
    ],
    ...[
      '①②⑦.0.0.1',
      '127。0。0。1',
      '%31%32%37.0.0.1',
      '0',
      '0.0.0.0',
      '10.1.2.3',
      '192.168.0.1',
      '172.31.0.1',
    ],
    ...[
      '169.254.169.254',
      '100.64.0.1',
      '192.0.0.8',
      '198.18.0.1',
      '203.0.113.9',
      '224.0.0.1',
      '255.255.255.255',
    ],
    ...[
      '[::1]',
      '[::]',
      '[::ffff:127.0.0.1]',
      '[::ffff:7f00:1]',
      '[::127.0.0.1]',
      '[::7f00:1]',
      '[64:ff9b::7f00:1]',
    ],
    ...[
      '[2002:7f00:1::]',
      '[2001::1]',
      '[fe80::1]',
      '[fc00::1]',
      '[fd12::1]',
      '[fec0::1]',
      '[ff02::1]',
      '[4000::1]',
    ],
    ...['[2001:db8::1]', '[100::1]', '[::ffff:0:127.0.0.1]', '[5f00::1]'],
  ]) {
    assert.not.equal(verdict(`http://${host}/a.jpg`), 'open', host)
    assert.not.equal(verdict(`https://${host}/a.jpg`), 'open', host)
  }
})

test('public addresses and names are open', () => {
  for (const host of [
    '8.8.8.8',
    '134744072',
    '[2606:4700::1111]',
    'photos.example',
    'localhost',
    'xn--bcher-kva.example',
  ]) {
    assert.is(verdict(`http://${host}/a.jpg`), 'open', host)
  }
  assert.is(verdict('https://photos.example:443/'), 'open')
  assert.is(verdict('https://photos.example:80/'), 'open')
})

test('schemes, ports and credentials are narrow', () => {
  assert.is(verdict('ftp://photos.example/'), 'scheme ftp')
  assert.is(verdict('file:///etc/passwd'), 'scheme file')
  assert.is(verdict('data:image/png;base64,AAAA'), 'scheme data')
  assert.is(verdict('//photos.example/'), 'not an address')
  assert.is(verdict('http://999.1.1.1/'), 'not an address')
  assert.is(verdict('http://photos.example:22/'), 'port 22')
  assert.is(verdict('http://photos.example:0/'), 'port 0')
  assert.is(verdict('http://me@photos.example/'), 'credentials')
  assert.is(verdict('http://:pw@photos.example/'), 'credentials')
})

test('loopback opens by the option alone, with its ports, and opens nothing else', () => {
  for (const host of [
    '127.0.0.1:8080',
    '127.9.9.9:22',
    '[::1]:8080',
    'localhost:8080',
    'a.localhost:81',
    '2130706433:99',
  ]) {
    assert.is(verdict(`http://${host}/`, LOOPBACK), 'open', host)
    assert.not.equal(verdict(`http://${host}/`), 'open', host)
  }
  assert.is(verdict('http://photos.example:8080/', LOOPBACK), 'port 8080')
  assert.is(verdict('http://localhost.photos.example:8080/', LOOPBACK), 'port 8080')
  assert.is(verdict('http://8.8.8.8:8080/', LOOPBACK), 'port 8080')
  assert.is(verdict('http://10.0.0.1/', LOOPBACK), '10.0.0.1')
})

test('no IPv4 address of a private network passes, however it is wrapped', () => {
  const bytes = fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255))
  const inside = fc.oneof(
    bytes.map(([b, c, d]) => [10, b, c, d]),
    bytes.map(([b, c, d]) => [127, b, c, d]),
    bytes.map(([b, c, d]) => [172, 16 + (b & 15), c, d]),
    bytes.map(([, c, d]) => [192, 168, c, d]),
    bytes.map(([, c, d]) => [169, 254, c, d]),
    bytes.map(([b, c, d]) => [0, b, c, d]),
    bytes.map(([b, c, d]) => [224 + (b & 31), b, c, d]),
  )
  fc.assert(
    fc.property(inside, (octets) => {
      const [a, b, c, d] = octets as [number, number, number, number]
      const hex = [(a << 8) | b, (c << 8) | d].map((group) => group.toString(16)).join(':')
      const forms = [octets.join('.'), `::ffff:${hex}`, `::${hex}`, `64:ff9b::${hex}`, `2002:${hex}::1`]
      return forms.every((form) => !mayConnect(form, NOTHING))
    }),
  )
})

test.run()
