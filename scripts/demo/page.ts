import type { Answer } from '../../cli/demo/sites.ts'
import type { Outcome } from '../../protocol/outcomes.ts'

/** One candidate and what must become of it under the preset `laion-5b` with the model's own threshold. */
export interface Expected {
  ordinal: number
  url: string
  text: string
  outcome: Outcome
  license?: string
  /** why, where the outcome alone does not say */
  why?: string
  /** the picture (`noto:pear`) where the model's score decides; measured, not asserted by hand */
  picture?: string
  /** what a WAT holds of it: `null` nothing, or what is different there; absent: the same */
  wat?: null | { url?: string; outcome?: Outcome }
}

export interface DemoPage {
  url: string
  html: string
  charset: string
  headers: [string, string][]
  /** how the body is stored in the WARC */
  coding: 'plain' | 'gzip' | 'chunked' | 'br' | 'gzip-chunked'
  imgs: number
  candidates: Expected[]
}

export interface PageOptions {
  title: string
  lang?: string
  /** declared by `<meta charset>`; `null` leaves it to the header */
  charset?: string
  declare?: 'meta' | 'header' | 'both'
  headers?: [string, string][]
  /** more elements of `<head>` */
  head?: string
  base?: string
  coding?: DemoPage['coding']
  /** where `at.right` and `at.wrong` keep their pictures: an address that ends in a slash */
  pictures?: string
  /** write the pictures' addresses relative to the page, from the host's root, without scheme, or in full */
  link?: 'full' | 'root' | 'relative' | 'scheme-relative'
}

export type Extra = Partial<Omit<Expected, 'ordinal' | 'url' | 'text' | 'outcome'>>

/** Writes `<img>` tags in document order and notes what is expected of each. */
export interface Writer {
  /** an `<img>` that is no candidate: it has no alt */
  plain(tag: string): string
  /** any tag, with its expected address, text and outcome */
  img(tag: string, url: string, text: string, outcome: Outcome, extra?: Extra): string
  /** a picture with a caption that describes it */
  right(picture: string, caption: string, extra?: Extra): string
  /** a picture with a caption that does not */
  wrong(picture: string, caption: string, extra?: Extra): string
}

export interface Demo {
  pages: DemoPage[]
  sites: Record<string, Record<string, Answer>>
  /** file name → the picture it is rendered from */
  pictures: Map<string, string>
  page(url: string, options: PageOptions, body: (at: Writer) => string): void
  serve(url: string, answer: Answer): void
  /** @returns the name of the file that holds a picture, with the extension asked for */
  picture(name: string, extension?: Extension): string
}

export type Extension = 'jpg' | 'png' | 'webp'

export function startDemo(): Demo {
  const demo: Demo = {
    pages: [],
    sites: {},
    pictures: new Map(),
    serve(url, answer) {
      const { host, pathname, search } = new URL(url)
      const paths = (demo.sites[host] ??= {})
      paths[pathname + search] = answer
    },
    picture(name, extension) {
      const file = `${name.replace(':', '-')}.${extension ?? usualExtension(name)}`
      demo.pictures.set(file, name)
      return file
    },
    page(url, options, body) {
      const candidates: Expected[] = []
      let imgs = 0
      const at: Writer = {
        plain(tag) {
          imgs++
          return tag
        },
        img(tag, imgUrl, text, outcome, extra = {}) {
          candidates.push({ ordinal: imgs++, url: imgUrl, text, outcome, ...extra })
          return tag
        },
        right: (picture, caption, extra) => caption_(picture, caption, 'kept', extra),
        wrong: (picture, caption, extra) => caption_(picture, caption, 'similarity', extra),
      }
      const caption_ = (picture: string, caption: string, outcome: Outcome, extra?: Extra) => {
        const file = demo.picture(picture)
        const address = new URL(file, options.pictures ?? new URL('/img/', url).href).href
        demo.serve(address, { file })
        const src = shorten(address, new URL(options.base ?? '', url).href, options.link ?? 'full')
        return at.img(`<img src="${src}" alt="${escapeAttribute(caption)}">`, address, caption, outcome, {
          picture,
          ...extra,
        })
      }
      const charset = options.charset ?? 'utf-8'
      const declare = options.declare ?? 'both'
      const html = layOut(url, options, charset, declare, at, body)
      const type = declare === 'meta' ? 'text/html' : `text/html; charset=${charset}`
      demo.pages.push({
        url,
        html,
        charset,
        headers: [['Content-Type', type], ...(options.headers ?? [])],
        coding: options.coding ?? 'plain',
        imgs,
        candidates,
      })
    },
  }
  return demo
}

/** `<img>` tags with captions as a list, the way shops and galleries show them. */
export function gallery(tags: string[]): string {
  return `<ul class="gallery">\n${tags.map((tag) => `  <li>${tag}</li>`).join('\n')}\n</ul>`
}

export function escapeAttribute(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/"/g, '&quot;').replace(/</g, '&lt;')
}

function layOut(
  url: string,
  options: PageOptions,
  charset: string,
  declare: string,
  at: Writer,
  body: (at: Writer) => string,
): string {
  const site = new URL(url).host
  const meta = declare === 'header' ? '' : `\n<meta charset="${charset}">`
  const base = options.base === undefined ? '' : `\n<base href="${options.base}">`
  // evaluated in document order, so that ordinals are right
  const logo = at.plain('<img src="/assets/logo.png" width="120" height="32">')
  const main = body(at)
  const pixel = at.plain('<img src="http://pixel.example/hit?site=demo" width="1" height="1">')
  return `<!DOCTYPE html>
<html lang="${options.lang ?? 'en'}">
<head>${meta}
<title>${options.title}</title>${base}
<link rel="stylesheet" href="/assets/style.css">${options.head ? `\n${options.head}` : ''}
</head>
<body>
<header><a href="/">${logo}</a> <nav><a href="/">${site}</a> <a href="/about.html">About</a></nav></header>
<main>
<h1>${options.title}</h1>
${main}
</main>
<footer><p>${site}</p>${pixel}</footer>
</body>
</html>
`
}

function shorten(address: string, base: string, link: NonNullable<PageOptions['link']>): string {
  const url = new URL(address)
  if (link === 'scheme-relative') return `//${url.host}${url.pathname}`
  if (link === 'root') return url.pathname
  if (link === 'full') return address
  const from = new URL(base).pathname.split('/').slice(0, -1)
  const to = url.pathname.split('/')
  let same = 0
  while (same < from.length && same < to.length - 1 && from[same] === to[same]) same++
  return '../'.repeat(from.length - same) + to.slice(same).join('/')
}

/** Mostly JPEG, as on the web; decided by the name, so that it never changes. */
function usualExtension(name: string): Extension {
  let sum = 0
  for (const char of name) sum = (sum * 31 + (char.codePointAt(0) ?? 0)) % 997
  return sum % 9 === 0 ? 'png' : sum % 4 === 0 ? 'webp' : 'jpg'
}
