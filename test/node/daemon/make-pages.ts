import { gzipEach, httpResponse, warcinfo, warcRecord } from '../crawl/make-warc.ts'

const NAMES = ['airplane', 'balloon', 'anchor', 'bell']
const PAGES = ['one', 'two', 'closed', 'three']

/** Each picture is on a site of its own, so that nobody has to wait. */
const hostOf = (archive: string, page: string, i: number) => `${page}${i}.${archive}.example`

/** @param to - where the sites are, as those of `playCrawl` */
export function hostPages(archives: readonly string[], to: string): Record<string, string> {
  return Object.fromEntries(
    archives.flatMap((archive) =>
      PAGES.flatMap((page) => NAMES.map((_, i) => [hostOf(archive, page, i), to] as const)),
    ),
  )
}

/** An archive of several pages, one of which wants none of its pictures to be taken. */
export function makePages(archive: string): Buffer {
  const page = (name: string, head = '') => {
    const tags = NAMES.map(
      (thing, i) =>
        `<img src="http://${hostOf(archive, name, i)}/${archive}-${name}/${i}.jpg" alt="a drawing of an ${thing}">`,
    )
    return warcRecord(
      httpResponse(
        `<html><head>${head}</head><body>${tags.join('\n')}<img src="x.svg" alt="ok"></body></html>`,
      ),
      { 'WARC-Target-URI': `http://pages.example/${archive}/${name}` },
    )
  }
  return gzipEach([
    warcinfo(),
    ...PAGES.map((name) => page(name, name === 'closed' ? '<meta name="robots" content="noai">' : '')),
  ])
}
