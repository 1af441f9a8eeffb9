/** Pages in other languages and encodings. The model reads English only, so their captions score low. */
import { type Demo, gallery } from './page.ts'

export function addLanguages(demo: Demo): void {
  demo.page(
    'http://monde.example/marche.html',
    {
      title: 'Au marché',
      lang: 'fr',
      charset: 'windows-1252',
      declare: 'meta',
      pictures: 'http://img.monde.example/fr/',
    },
    (at) => {
      const pear = demo.picture('noto:pear')
      const url = `http://img.monde.example/fr/${pear}`
      demo.serve(url, { file: pear })
      return `<p>Les prix d’été, en €.</p>
${gallery([
  at.wrong('noto:peach', 'Une pêche du jardin de ma grand-mère'),
  at.wrong('noto:grapes', 'Des raisins cueillis à la main'),
  at.img(
    `<img src="${url}" alt="L’après-midi, une “poire” à 2 €">`,
    url,
    'L\'après-midi, une "poire" à 2 €',
    'similarity',
    {
      picture: 'noto:pear',
      why: 'curly quotes and euro sign as windows-1252 has them',
    },
  ),
])}`
    },
  )
  demo.page(
    'http://monde.example/tiere.html',
    { title: 'Tiere im Zoo', lang: 'de', pictures: 'http://img.monde.example/de/' },
    (at) =>
      gallery([
        at.wrong('noto:hedgehog', 'Ein kleiner Igel überquert die Straße'),
        at.wrong('noto:bear', 'Der Bär sucht Honig'),
        at.wrong('noto:snail', 'Eine Schnecke im Salat'),
      ]),
  )
  demo.page(
    'http://monde.example/ciudad.html',
    // the standard asks for windows-1252 where a page says iso-8859-1
    {
      title: 'La ciudad',
      lang: 'es',
      charset: 'iso-8859-1',
      declare: 'header',
      pictures: 'http://monde.example/es/',
      link: 'root',
    },
    (at) => {
      const file = demo.picture('noto:bus-stop')
      const url = `http://monde.example/es/${file}`
      demo.serve(url, { file })
      return gallery([
        at.wrong('noto:tractor', 'Un tractor en el camino de la montaña'),
        at.img(
          `<img src="/es/${file}" alt="La “parada” del autobús">`,
          url,
          'La "parada" del autobús',
          'similarity',
          {
            picture: 'noto:bus-stop',
            why: 'iso-8859-1 means windows-1252 on the web',
          },
        ),
        at.wrong('noto:castle', 'El castillo al atardecer'),
      ])
    },
  )
  demo.page(
    'http://nippon.example/index.html',
    {
      title: '日本の写真',
      lang: 'ja',
      charset: 'Shift_JIS',
      declare: 'meta',
      pictures: 'http://img.nippon.example/p/',
    },
    (at) => {
      const show = (
        picture: string,
        alt: string,
        text: string,
        outcome: 'kept' | 'similarity' | 'text_short',
      ) => {
        const file = demo.picture(picture)
        const url = `http://img.nippon.example/p/${file}`
        demo.serve(url, { file })
        return at.img(`<img src="${url}" alt="${alt}">`, url, text, outcome, { picture })
      }
      return `<p>旅の写真です。ソースと表示。</p>
${gallery([
  show('noto:rice-ball', 'おいしい寿司の写真', 'おいしい寿司の写真', 'similarity'),
  show('noto:mount-fuji', '富士山', '富士山', 'text_short'),
  show('circle-flags:pt', 'Ｆｌａｇ　ｏｆ　Ｐｏｒｔｕｇａｌ', 'Flag of Portugal', 'kept'),
  at.wrong('noto:maple-leaf', '秋の紅葉がきれいです'),
  at.wrong('noto:cooked-rice', 'ソーセージ入りのお弁当'),
])}`
    },
  )
  demo.page(
    'http://monde.example/welt/',
    { title: 'Around the world', pictures: 'http://img.monde.example/welt/' },
    (at) =>
      gallery([
        at.wrong('noto:oncoming-bus', 'Кошка спит на подоконнике'),
        at.wrong('noto:sailboat', 'Το πλοίο φεύγει για το νησί'),
        at.wrong('noto:camel', 'الجمل في الصحراء الكبرى'),
        at.wrong('noto:mountain', '一条龙在云中飞过山谷'),
        at.wrong('noto:fish', 'हाथी नदी के किनारे खड़ा है'),
        at.right('noto:kangaroo', 'A kangaroo'),
      ]),
  )
}
