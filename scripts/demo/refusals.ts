/** Pages, hosts and pictures that say no, and others that only seem to. */
import { type Demo, gallery, type PageOptions } from './page.ts'

export function addRefusals(demo: Demo): void {
  addPages(demo)
  addRobots(demo)
  addHeaders(demo)
}

function addPages(demo: Demo): void {
  const refusing: [path: string, why: string, options: Partial<PageOptions>, pictures: string[]][] = [
    [
      'portfolio.html',
      'meta robots: noai',
      { head: '<meta name="robots" content="noai, noimageai">' },
      ['noto:violin', 'noto:artist-palette', 'noto:framed-picture'],
    ],
    [
      'shouted.html',
      'meta robots in capitals, after a directive with a value',
      { head: '<META NAME="ROBOTS" CONTENT="MAX-SNIPPET:20, NoAI">' },
      ['noto:paintbrush', 'noto:crayon'],
    ],
    [
      'nothing.html',
      'meta robots: none',
      { head: '<meta name="robots" content="none">' },
      ['noto:performing-arts'],
    ],
    [
      'header.html',
      'X-Robots-Tag of the page: noai',
      { headers: [['X-Robots-Tag', 'max-image-preview:large, noai']] },
      ['noto:clapper-board', 'noto:film-frames'],
    ],
  ]
  for (const [path, why, options, pictures] of refusing) {
    demo.page(
      `http://artist.example/${path}`,
      { title: 'Works', pictures: 'http://artist.example/works/', link: 'root', ...options },
      (at) =>
        gallery(
          pictures.map((picture) => {
            const file = demo.picture(picture)
            const url = `http://artist.example/works/${file}`
            const text = `Painting of a ${picture.split(':')[1]}`
            demo.serve(url, { file })
            return at.img(`<img src="/works/${file}" alt="${text}">`, url, text, 'optout_page', { why })
          }),
        ),
    )
  }
  demo.page(
    'http://artist.example/shop.html',
    {
      title: 'Prints',
      pictures: 'http://prints.example/',
      head: '<meta name="googlebot" content="noindex">\n<meta name="description" content="noai is not said here">',
      headers: [['X-Robots-Tag', 'googlebot: noindex, noimageindex']],
    },
    (at) =>
      gallery([
        at.right('noto:trophy', 'A trophy', { why: 'the refusals bind another robot' }),
        at.right('noto:mantelpiece-clock', 'A mantelpiece clock', { why: 'the refusals bind another robot' }),
      ]),
  )
}

function addRobots(demo: Demo): void {
  /** host, its robots.txt, and pictures with the path they lie under */
  const hosts: [
    host: string,
    robots: string | number,
    pictures: [dir: string, icon: string, allowed: boolean][],
  ][] = [
    ['no-shoal.example', 'User-agent: Shoal\nDisallow: /\n', [['/', 'noto:sheaf-of-rice', false]]],
    [
      'no-gptbot.example',
      'User-agent: GPTBot\nDisallow: /\n\nUser-agent: *\nAllow: /\n',
      [
        ['/', 'noto:robot', false],
        ['/', 'noto:laptop', false],
      ],
    ],
    [
      'half.example',
      '# the studio stays private\nUser-agent: CCBot\nUser-agent: ClaudeBot\nDisallow: /studio/\n',
      [
        ['/studio/', 'noto:studio-microphone', false],
        ['/public/', 'noto:musical-notes', true],
      ],
    ],
    ['nobody.example', 'User-agent: *\nDisallow: /\n', [['/', 'noto:door', false]]],
    [
      'only-pictures.example',
      'User-agent: *\nDisallow: /\nAllow: /img/\n',
      [
        ['/img/', 'noto:kite', true],
        ['/raw/', 'noto:bell', false],
      ],
    ],
    ['no-googlebot.example', 'User-agent: Googlebot\nDisallow: /\n', [['/', 'noto:magnet', true]]],
    ['failing-robots.example', 503, [['/', 'noto:wrench', false]]],
    ['without-robots.example', 404, [['/', 'noto:hammer', true]]],
    [
      'html-robots.example',
      '<!DOCTYPE html>\n<title>Welcome</title>\n<p>Hello.</p>\n',
      [['/', 'noto:gear', true]],
    ],
    ['moved-robots.example', 301, [['/', 'noto:compass', false]]],
  ]
  demo.page('http://directory.example/links.html', { title: 'Pictures of other sites' }, (at) =>
    gallery(
      hosts.flatMap(([host, robots, pictures]) => {
        const url = `http://${host}/robots.txt`
        if (typeof robots === 'string')
          demo.serve(url, { headers: [['Content-Type', 'text/plain']], body: robots })
        else if (robots === 301) {
          demo.serve(url, { status: 301, headers: [['Location', '/rules/robots.txt']] })
          demo.serve(`http://${host}/rules/robots.txt`, { body: 'User-agent: anthropic-ai\nDisallow: /\n' })
        } else demo.serve(url, { status: robots })
        const why = typeof robots === 'string' ? 'robots.txt' : `robots.txt answers ${robots}`
        return pictures.map(([dir, picture, allowed]) => {
          const file = demo.picture(picture)
          const address = `http://${host}${dir}${file}`
          const name = (picture.split(':')[1] as string).replaceAll('-', ' ')
          demo.serve(address, { file })
          const text = `A ${name}`
          return at.img(
            `<img src="${address}" alt="${text}">`,
            address,
            text,
            allowed ? 'kept' : 'optout_robots',
            allowed ? { picture, why } : { why },
          )
        })
      }),
    ),
  )
}

function addHeaders(demo: Demo): void {
  const cases: [icon: string, headers: string[], refused: boolean][] = [
    ['noto:rhinoceros', ['noai'], true],
    ['noto:giraffe', ['NoAI, NoImageAI'], true],
    ['noto:zebra', ['noai, max-snippet: 5'], true],
    ['noto:gorilla', ['max-image-preview:large, noai'], true],
    ['noto:hippopotamus', ['noarchive', 'noimageindex'], true],
    ['noto:parrot', ['max-snippet: 5, max-image-preview: large'], false],
    ['noto:flamingo', ['googlebot: noindex, noimageindex'], false],
    ['noto:peacock', ['unavailable_after: 25 Jun 2040 15:00:00 GMT'], false],
  ]
  demo.page('http://safari.example/album.html', { title: 'Our safari' }, (at) =>
    gallery(
      cases.map(([picture, headers, refused]) => {
        const file = demo.picture(picture)
        const url = `http://img.safari.example/${file}`
        const text = `A ${picture.split(':')[1]}`
        demo.serve(url, { file, headers: headers.map((value) => ['X-Robots-Tag', value]) })
        return at.img(`<img src="${url}" alt="${text}">`, url, text, refused ? 'optout_image' : 'kept', {
          why: `X-Robots-Tag: ${headers.join(' / ')}`,
          ...(refused ? {} : { picture }),
        })
      }),
    ),
  )
}
