import type { Outcome } from '../../protocol/outcomes.ts'
import { type Demo, type Extra, gallery } from './page.ts'

/** A picture stored in the WARC itself: its host is on no network, so that nobody can have asked it. */
export interface ArchivedPicture {
  url: string
  file: string
  headers: [string, string][]
}

const HOST = 'http://archive.example'

/** @returns the pictures to store before the page, and those after it */
export function addArchived(demo: Demo): { before: ArchivedPicture[]; after: ArchivedPicture[] } {
  const stored = (name: string, type: string, headers: [string, string][] = []): ArchivedPicture => ({
    url: `${HOST}/items/${name}`,
    file: name,
    headers: [['Content-Type', type], ...headers],
  })
  const type = (name: string) => `image/${name.endsWith('.jpg') ? 'jpeg' : name.split('.').at(-1)}`
  const stock = (picture: string, headers?: [string, string][]) => {
    const name = demo.picture(picture)
    return stored(name, type(name), headers)
  }
  const crown = stock('twemoji:crown')
  const ring = stock('noto:ring')
  const vase = stock('noto:amphora')
  const moon = stock('noto:full-moon')
  const map = stock('noto:world-map', [['X-Robots-Tag', 'noai']])
  const tiny = stored('tiny.jpg', 'image/jpeg')
  demo.page(`${HOST}/exhibition.html`, { title: 'The exhibition, kept in the archive' }, (at) => {
    const show = (picture: ArchivedPicture, text: string, outcome: Outcome, extra: Extra) =>
      at.img(`<img src="/items/${picture.file}" alt="${text}">`, picture.url, text, outcome, {
        // a WAT holds no pictures, and the host is on no network
        wat: { outcome: 'fetch_dns' },
        ...extra,
      })
    return gallery([
      show(crown, 'A crown', 'kept', { picture: 'twemoji:crown' }),
      show(ring, 'A ring', 'kept', { picture: 'noto:ring' }),
      show(moon, 'full moon', 'kept', { picture: 'noto:full-moon' }),
      show(vase, 'A tractor', 'similarity', { picture: 'noto:amphora' }),
      show(map, 'A world map', 'optout_image', { why: 'the stored answer says X-Robots-Tag: noai' }),
      show(tiny, 'A small thing', 'image_small', {}),
    ])
  })
  return { before: [crown, ring], after: [vase, moon, map, tiny] }
}
