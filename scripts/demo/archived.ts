import type { Demo } from './page.ts'
import { gallery } from './page.ts'

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
    const show = (picture: ArchivedPicture, text: string) =>
      `<img src="/items/${picture.file}" alt="${text}">`
    return gallery([
      at.img(show(crown, 'A crown'), crown.url, 'A crown', 'kept', { picture: 'twemoji:crown' }),
      at.img(show(ring, 'A ring'), ring.url, 'A ring', 'kept', { picture: 'noto:ring' }),
      at.img(show(moon, 'full moon'), moon.url, 'full moon', 'kept', { picture: 'noto:full-moon' }),
      at.img(show(vase, 'A tractor'), vase.url, 'A tractor', 'similarity', { picture: 'noto:amphora' }),
      at.img(show(map, 'A world map'), map.url, 'A world map', 'optout_image', {
        why: 'the stored answer says X-Robots-Tag: noai',
      }),
      at.img(show(tiny, 'A small thing'), tiny.url, 'A small thing', 'image_small'),
    ])
  })
  return { before: [crown, ring], after: [vase, moon, map, tiny] }
}
