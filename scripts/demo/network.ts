/** Servers and files as they are met: gone, moved, slow, broken, hostile. */
import type { Answer } from '../../cli/demo/sites.ts'
import type { Outcome } from '../../protocol/outcomes.ts'
import { type Demo, gallery, type Writer } from './page.ts'

export function addNetwork(demo: Demo): void {
  addDead(demo)
  addRedirects(demo)
  addSlow(demo)
  addFiles(demo)
  addBombs(demo)
  addPrivate(demo)
}

const TEXT = 'Something that is not there'

function link(at: Writer, src: string, outcome: Outcome, why?: string): string {
  // forms such as 0x7f.1 are one address: what counts is what a browser makes of them
  const url = new URL(src).href
  return at.img(`<img src="${src}" alt="${TEXT}">`, url, TEXT, outcome, why === undefined ? {} : { why })
}

/** A picture that is there after all, under an address with a behaviour. */
function found(
  demo: Demo,
  at: Writer,
  picture: string,
  text: string,
  url: string,
  answer: Answer,
  why: string,
) {
  demo.serve(url, { file: demo.picture(picture), ...answer })
  return at.img(`<img src="${url}" alt="${text}">`, url, text, 'kept', { picture, why })
}

function addDead(demo: Demo): void {
  demo.page('http://old.example/2009.html', { title: 'Links of 2009' }, (at) => {
    const answers = (url: string, status: number) => {
      demo.serve(url, { status, headers: [['Content-Type', 'text/html']], body: `<h1>${status}</h1>` })
      return link(at, url, 'http_status', String(status))
    }
    return gallery([
      answers('http://dead.example/404.jpg', 404),
      answers('http://dead.example/410.jpg', 410),
      answers('http://dead.example/403.jpg', 403),
      answers('http://failing.example/500.jpg', 500),
      link(at, 'http://nowhere.invalid/a.jpg', 'fetch_dns'),
      link(at, 'http://gone.example/b.jpg', 'fetch_dns', 'a name that no server has any more'),
      link(at, 'http://closed.example/c.jpg', 'fetch_connect', 'nothing listens'),
      link(at, 'https://secure.example/d.jpg', 'fetch_tls', 'the server has no certificate for this name'),
    ])
  })
}

function addRedirects(demo: Demo): void {
  const host = 'http://moved.example'
  const to = (status: number, path: string, location: string | null) =>
    demo.serve(host + path, { status, headers: location === null ? [] : [['Location', location]] })
  demo.page('http://moved.example/', { title: 'We have moved' }, (at) => {
    const moved = (picture: string, text: string, hops: [number, string][], why: string) => {
      const file = demo.picture(picture)
      const paths = [...hops.map((_, i) => `/hop${hops.length}-${i}/${file}`), `/new/${file}`]
      hops.forEach(([status, form], i) => {
        to(status, paths[i] as string, (form === 'full' ? host : '') + (paths[i + 1] as string))
      })
      demo.serve(`${host}/new/${file}`, { file })
      const url = host + (paths[0] as string)
      return at.img(`<img src="${url}" alt="${text}">`, url, text, 'kept', { picture, why })
    }
    to(302, '/loop-a.jpg', '/loop-b.jpg')
    to(302, '/loop-b.jpg', '/loop-a.jpg')
    to(302, '/inside.jpg', 'http://127.0.0.1/secret.jpg')
    to(301, '/metadata.jpg', 'http://169.254.169.254/latest/meta-data/')
    to(302, '/nowhere.jpg', null)
    to(301, '/forbidden.jpg', `http://no-gptbot.example/${demo.picture('noto:robot')}`)
    for (let i = 0; i < 8; i++) to(302, `/far-${i}.jpg`, `/far-${i + 1}.jpg`)
    return gallery([
      moved('noto:snowman', 'A snowman', [[301, 'full']], 'moved once'),
      moved(
        'noto:crystal-ball',
        'A crystal ball',
        [
          [302, 'full'],
          [303, 'path'],
          [307, 'path'],
        ],
        'moved three times',
      ),
      link(at, `${host}/loop-a.jpg`, 'fetch_redirects', 'a loop'),
      link(at, `${host}/far-0.jpg`, 'fetch_redirects', 'eight redirects'),
      link(at, `${host}/nowhere.jpg`, 'fetch_redirects', 'a redirect without a target'),
      link(at, `${host}/forbidden.jpg`, 'optout_robots', 'a redirect to a host that forbids it'),
      link(at, `${host}/inside.jpg`, 'address_refused', 'a redirect to this machine'),
      link(at, `${host}/metadata.jpg`, 'address_refused', "a redirect to a cloud's metadata"),
    ])
  })
}

function addSlow(demo: Demo): void {
  demo.page('http://patience.example/', { title: 'Pictures from far away' }, (at) => {
    demo.serve('http://silent.example/a.jpg', { generate: 'silent' })
    demo.serve('http://drip.example/b.jpg', { generate: 'endless' })
    demo.serve('http://broken-off.example/c.jpg', { generate: 'broken-off' })
    const busy = (status: number): Answer => ({ first: [{ status, headers: [['Retry-After', '1']] }] })
    return gallery([
      found(
        demo,
        at,
        'noto:mountain',
        'mountain',
        'http://slow.example/a.jpg',
        { delayMs: 1000 },
        'one second',
      ),
      link(at, 'http://silent.example/a.jpg', 'fetch_timeout', 'never answers'),
      link(at, 'http://drip.example/b.jpg', 'fetch_timeout', 'never ends'),
      link(at, 'http://broken-off.example/c.jpg', 'fetch_connect', 'ends before its length'),
      found(
        demo,
        at,
        'noto:hourglass-done',
        'An hourglass',
        'http://busy.example/a.jpg',
        busy(429),
        '429, then 200',
      ),
      found(demo, at, 'noto:toolbox', 'A toolbox', 'http://full.example/b.jpg', busy(503), '503, then 200'),
    ])
  })
}

function addFiles(demo: Demo): void {
  const host = 'http://files.example'
  demo.page(`${host}/index.html`, { title: 'Odd files' }, (at) => {
    const bad = (file: string, path: string, type: string, outcome: Outcome, why: string) => {
      demo.serve(host + path, { file, headers: [['Content-Type', type]] })
      return link(at, host + path, outcome, why)
    }
    const odd = (
      picture: string,
      file: string,
      type: string,
      text: string,
      why: string,
      extra: Answer = {},
    ) => {
      const url = `http://odd.example/${file}`
      demo.pictures.set(file, picture)
      const headers: [string, string][] = [['Content-Type', type], ...(extra.headers ?? [])]
      demo.serve(url, { ...extra, file, headers })
      return at.img(`<img src="${url}" alt="${text}">`, url, text, 'kept', { picture, why })
    }
    demo.serve(`${host}/empty.jpg`, { headers: [['Content-Type', 'image/jpeg']] })
    return gallery([
      bad('tiny.jpg', '/tiny.jpg', 'image/jpeg', 'image_small', 'less than 5,000 bytes'),
      link(at, `${host}/empty.jpg`, 'image_small', 'no byte at all'),
      bad('page.html', '/page.jpg', 'image/jpeg', 'image_format', 'a page named as a JPEG'),
      bad('moving.gif', '/moving.jpg', 'image/jpeg', 'image_format', 'a GIF named as a JPEG'),
      bad('drawing.svg', '/drawing.png', 'image/png', 'image_format', 'an SVG named as a PNG'),
      bad('truncated.jpg', '/truncated.jpg', 'image/jpeg', 'image_broken', 'cut in the middle'),
      bad('damaged.png', '/damaged.png', 'image/png', 'image_broken', 'a wrong checksum'),
      bad('garbage.jpg', '/garbage.jpg', 'image/jpeg', 'image_broken', "a JPEG's first bytes, then anything"),
      odd('noto:hot-pepper', 'mislabelled-png.jpg', 'image/jpeg', 'A hot pepper', 'a PNG named as a JPEG'),
      odd('noto:sandwich', 'called-text.jpg', 'text/html', 'sandwich', 'a picture declared as text'),
      odd('noto:anchor', 'zipped.jpg', 'image/jpeg', 'An anchor', 'encoded though not asked for', {
        headers: [['Content-Encoding', 'gzip']],
      }),
      odd('noto:vertical-traffic-light', 'alpha.png', 'image/png', 'vertical traffic light', 'transparent'),
      odd('noto:coconut', 'deep.png', 'image/png', 'A coconut', '16 bits a channel'),
      odd('noto:mango', 'cmyk.jpg', 'image/jpeg', 'A mango', 'CMYK'),
      odd('noto:wine-glass', 'turned.jpg', 'image/jpeg', 'wine glass', 'stored on its side, as EXIF says'),
      odd('twemoji:ship', 'animated.webp', 'image/webp', 'A ship', 'animated: the first frame counts'),
    ])
  })
}

function addBombs(demo: Demo): void {
  const host = 'http://bombs.example'
  demo.page(`${host}/`, { title: 'Large things' }, (at) => {
    demo.serve(`${host}/wide.png`, { file: 'bomb-56-megapixels.png' })
    demo.serve(`${host}/wider.png`, { file: 'bomb-400-megapixels.png' })
    demo.serve(`${host}/large.jpg`, { generate: 'large' })
    demo.serve('http://stream.example/large.jpg', { generate: 'large-chunked' })
    demo.serve('http://stream.example/bomb.jpg', { generate: 'gzip-bomb' })
    return gallery([
      link(at, `${host}/wide.png`, 'image_pixels', '56 million pixels in a few thousand bytes'),
      link(at, `${host}/wider.png`, 'image_pixels', '400 million pixels in a few ten thousand bytes'),
      link(at, `${host}/large.jpg`, 'image_bytes', '11 MB, and says so'),
      link(at, 'http://stream.example/large.jpg', 'image_bytes', '11 MB without saying so'),
      link(at, 'http://stream.example/bomb.jpg', 'image_bytes', '100 KB that inflate to 100 MB'),
    ])
  })
}

function addPrivate(demo: Demo): void {
  demo.page('http://trap.example/', { title: 'Addresses of others' }, (at) =>
    gallery([
      link(at, 'http://127.0.0.1/a.jpg', 'address_refused'),
      link(at, 'http://169.254.169.254/latest/meta-data/a.jpg', 'address_refused'),
      link(at, 'http://[::1]/a.jpg', 'address_refused'),
      link(at, 'http://10.0.0.1/a.jpg', 'address_refused'),
      link(at, 'http://192.168.1.1/a.jpg', 'address_refused'),
      link(at, 'http://2130706433/b.jpg', 'address_refused', '127.0.0.1 as one number'),
      link(at, 'http://0x7f.1/c.jpg', 'address_refused', '127.0.0.1 in hexadecimal'),
      link(at, 'http://[::ffff:127.0.0.1]/a.jpg', 'address_refused', '127.0.0.1 as IPv6'),
      link(at, 'http://localhost/a.jpg', 'address_refused'),
      link(at, 'http://trap.example:8080/a.jpg', 'address_refused', 'a port that is not the web'),
      link(at, 'http://user:secret@trap.example/a.jpg', 'address_refused', 'credentials'),
    ]),
  )
}
