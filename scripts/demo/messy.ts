/** Markup as people write it: addresses, texts, lazy loading, duplicates. */
import { type Demo, escapeAttribute, gallery } from './page.ts'

export function addMessy(demo: Demo): void {
  addAddresses(demo)
  addTexts(demo)
  addLazy(demo)
  addSrcset(demo)
  addDuplicates(demo)
}

function addAddresses(demo: Demo): void {
  const host = 'http://messy.example'
  const text = 'A picture of something'
  demo.page(`${host}/blog/2019/addresses.html`, { title: 'Old posts' }, (at) => {
    /** a picture that is served under an odd address */
    const odd = (picture: string, path: string, src: string, caption: string, why: string) => {
      const url = host + path
      demo.serve(url, { file: demo.picture(picture) })
      return at.img(`<img src="${src}" alt="${caption}">`, url, caption, 'kept', { picture, why })
    }
    const long = `${host}/${'very-long-name-'.repeat(140)}.jpg`
    return gallery([
      at.img(`<img src="javascript:void(0)" alt="${text}">`, 'javascript:void(0)', text, 'url_scheme'),
      at.img(
        `<img src="data:image/png;base64,iVBORw0KGgo=" alt="${text}">`,
        'data:image/png;base64,iVBORw0KGgo=',
        text,
        'url_scheme',
      ),
      at.img(
        `<img src="ftp://files.example/a.jpg" alt="${text}">`,
        'ftp://files.example/a.jpg',
        text,
        'url_scheme',
      ),
      at.img(`<img src="file:///etc/hostname" alt="${text}">`, 'file:///etc/hostname', text, 'url_scheme'),
      at.img(
        `<img src="http://[2001:db8::1/a.jpg" alt="${text}">`,
        'http://[2001:db8::1/a.jpg',
        text,
        'url_invalid',
      ),
      at.img(
        `<img src="http://messy.example:99999/a.jpg" alt="${text}">`,
        `${host}:99999/a.jpg`,
        text,
        'url_invalid',
      ),
      at.img(`<img src="/img/logo.svg" alt="${text}">`, `${host}/img/logo.svg`, text, 'url_extension'),
      at.img(
        `<img src="/img/Diagram.SVG?v=3" alt="${text}">`,
        `${host}/img/Diagram.SVG?v=3`,
        text,
        'url_extension',
      ),
      at.img(`<img src="/img/spinner.gif" alt="${text}">`, `${host}/img/spinner.gif`, text, 'url_extension'),
      at.img(`<img src="${long}" alt="${text}">`, long, text, 'url_long'),
      odd(
        'noto:bread',
        '/img/show?kind=bread&size=2',
        '/img/show?kind=bread&amp;size=2',
        'bread',
        'an entity in src',
      ),
      odd(
        'noto:cheese-wedge',
        '/img/cheese%20wedge.jpg',
        '/img/cheese wedge.jpg',
        'A cheese wedge',
        'a space in src',
      ),
      odd(
        'noto:pancakes',
        '/img/pfannk%C3%BCchen.jpg',
        '/img/pfannküchen.jpg',
        'pancakes',
        'a letter beyond ASCII',
      ),
      odd('noto:popcorn', '/blog/img/popcorn.jpg', '../img/popcorn.jpg', 'Popcorn', 'a relative address'),
      odd('noto:honey-pot', '/blog/2019/honey.jpg', './honey.jpg', 'A honey pot', 'a relative address'),
      odd('noto:taco', '/img/taco', '/img/taco', 'A taco', 'no extension'),
      odd(
        'noto:cupcake',
        '/img/cupcake.gif.jpg',
        ' /img/cupcake.gif.jpg\n',
        'A cupcake',
        'white space around src',
      ),
    ])
  })
}

function addTexts(demo: Demo): void {
  const host = 'http://texts.example'
  demo.page(`${host}/captions.html`, { title: 'Captions' }, (at) => {
    /** @param alt - as it stands in the markup, with its quotes */
    const say = (
      picture: string,
      alt: string,
      text: string,
      outcome: 'kept' | 'similarity' | 'text_short' | 'text_long',
      why: string,
      attributes = '',
    ) => {
      const file = demo.picture(picture)
      const url = `${host}/img/${file}`
      demo.serve(url, { file })
      return at.img(`<img src="/img/${file}" alt=${alt}${attributes}>`, url, text, outcome, { picture, why })
    }
    const long = 'A very long description that says everything about the picture. '.repeat(32).trim()
    const file = demo.picture('noto:frog')
    demo.serve(`${host}/img/${file}`, { file })
    return `<!-- <img src="/img/commented-out.jpg" alt="Not on the page any more"> -->
<script>document.write('<img src="/img/written.jpg" alt="Written by a script">')</script>
<style>/* <img src="/img/style.jpg" alt="Not an image"> */</style>
<p>Some captions are ${at.plain('<img src="/img/smile.png" width=16>')} better than others,
and some are ${at.plain('<img src="/img/line.png" alt="">')} empty.</p>
${gallery([
  say('noto:ladder', '"  \n "', '', 'text_short', 'nothing but white space'),
  say('noto:ox', '"ox"', 'ox', 'text_short', 'two characters'),
  say('noto:wolf', '"wolf"', 'wolf', 'text_short', 'four characters'),
  say('noto:elephant', '"🐘🐘🐘🐘"', '🐘🐘🐘🐘', 'text_short', 'four characters, eight UTF-16 units'),
  say('noto:peach', '"peach"', 'peach', 'kept', 'five characters are enough'),
  say('noto:books', `"${long}"`, long, 'text_long', 'more than 2000 characters'),
  say('noto:candle', 'candle', 'candle', 'kept', 'no quotes'),
  say('noto:bell', "'A bell'", 'A bell', 'kept', 'single quotes'),
  say('noto:volcano', '"A\n      volcano\t"', 'A volcano', 'kept', 'white space'),
  say(
    'noto:kiwi-fruit',
    '"A&nbsp;kiwi&nbsp;&nbsp;fruit"',
    'A kiwi fruit',
    'kept',
    'spaces that do not break',
  ),
  say('noto:hot-dog', '"It’s a hot dog"', "It's a hot dog", 'kept', 'a curly apostrophe'),
  say(
    'noto:pizza',
    '"A pizza, &ldquo;large&rdquo;"',
    'A pizza, "large"',
    'kept',
    'curly double quotes as entities',
  ),
  say('circle-flags:se', '"ﬂag of Sweden"', 'flag of Sweden', 'kept', 'a ligature'),
  say('fluent-emoji-flat:lion', '"Ａ　ｌｉｏｎ"', 'A lion', 'kept', 'full-width letters'),
  say('noto:candy', '"A &amp;amp; B"', 'A & B', 'similarity', 'escaped twice'),
  say('noto:spider', '"Caf&eacute; &#x26; bar"', 'Café & bar', 'similarity', 'named and numeric entities'),
  say('noto:shrimp', '"Cafe\u0301 du port"', 'Café du port', 'similarity', 'a combining accent'),
  say('noto:frog', '"A &#7;frog"', 'A frog', 'kept', 'a control character'),
  say('noto:squid', '"Small > large"', 'Small > large', 'similarity', 'a tag does not end inside quotes'),
  say(
    'noto:lobster',
    '"A lobster"',
    'A lobster',
    'kept',
    'the first of two alts counts',
    ' alt="Something else"',
  ),
  say('noto:scorpion', '"A scorpion"', 'A scorpion', 'kept', 'a tag closed as in XML', ' /'),
  at.img(`<IMG SRC="/img/${file}" ALT="The frog">`, `${host}/img/${file}`, 'The frog', 'kept', {
    picture: 'noto:frog',
    why: 'capitals',
  }),
])}`
  })
}

function addLazy(demo: Demo): void {
  const host = 'http://lazy.example'
  const pixel = 'data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw=='
  demo.page(`${host}/feed.html`, { title: 'A page that loads its pictures late' }, (at) => {
    const late = (picture: string, attributes: (path: string) => string, text: string, hasSrc: boolean) => {
      const file = demo.picture(picture)
      const url = `${host}/media/${file}`
      demo.serve(url, { file })
      return at.img(`<img ${attributes(`/media/${file}`)} alt="${text}">`, url, text, 'kept', {
        picture,
        wat: hasSrc ? { url: pixel, outcome: 'url_scheme' } : null,
      })
    }
    const again = demo.picture('noto:tent')
    return gallery([
      late('noto:rocket', (path) => `src="${pixel}" data-src="${path}"`, 'A rocket', true),
      late('noto:tent', (path) => `src="${pixel}" data-src="${path}"`, 'A tent', true),
      at.img(
        `<noscript><img src="/media/${again}" alt="A tent"></noscript>`,
        `${host}/media/${again}`,
        'A tent',
        'duplicate',
        { why: 'the fallback of the one before', picture: 'noto:tent', wat: { outcome: 'kept' } },
      ),
      late('noto:ferris-wheel', (path) => `src="${pixel}" data-original="${path}"`, 'A ferris wheel', true),
      late('twemoji:locomotive', (path) => `src="${pixel}" data-lazy-src="${path}"`, 'locomotive', true),
      late('noto:canoe', (path) => `src="${pixel}" data-srcset="${path} 1x"`, 'A canoe', true),
      // last, since a WAT that knows no such image would count on without it
      late('noto:helicopter', (path) => `data-src="${path}"`, 'A helicopter', false),
    ])
  })
}

function addSrcset(demo: Demo): void {
  const base = 'http://media.example/sets/'
  demo.page('http://lazy.example/sets.html', { title: 'Picture sets', base, coding: 'gzip' }, (at) => {
    const file = (picture: string) => {
      const name = demo.picture(picture)
      demo.serve(base + name, { file: name })
      return name
    }
    const tram = file('twemoji:tram')
    const ship = file('fluent-emoji-flat:ship')
    const taxi = file('twemoji:taxi')
    return gallery([
      at.img(
        `<img src="${tram}" srcset="${tram} 1x, big/${tram} 2x" alt="A tram">`,
        base + tram,
        'A tram',
        'kept',
        { picture: 'twemoji:tram', why: 'src before srcset' },
      ),
      at.img(
        `<picture><source srcset="${ship}.avif" type="image/avif"><img src="${ship}" alt="A ship"></picture>`,
        base + ship,
        'A ship',
        'kept',
        { picture: 'fluent-emoji-flat:ship' },
      ),
      // without src, so last: a WAT that knows no such image would count on without it
      at.img(`<img srcset="thumb-${taxi} 160w, ${taxi} 640w" alt="A taxi">`, base + taxi, 'A taxi', 'kept', {
        picture: 'twemoji:taxi',
        why: 'the largest of a srcset, below <base>',
        wat: null,
      }),
    ])
  })
}

function addDuplicates(demo: Demo): void {
  demo.page('http://mirror.example/twice.html', { title: 'Seen elsewhere' }, (at) => {
    const copy = (url: string, text: string) =>
      at.img(`<img src="${url}" alt="${escapeAttribute(text)}">`, url, text, 'duplicate')
    const file = demo.picture('noto:alarm-clock')
    const url = `http://mirror.example/${file}`
    demo.serve(url, { file })
    const flag = `http://flags.example/img/round/${demo.picture('circle-flags:pt')}`
    const apple = `http://fruit.example/pictures/${demo.picture('noto:red-apple')}`
    return gallery([
      at.img(`<img src="${url}" alt="An alarm clock">`, url, 'An alarm clock', 'kept', {
        picture: 'noto:alarm-clock',
      }),
      copy(url, 'An alarm clock'),
      copy(url, 'An alarm clock'),
      at.img(`<img src="${url}" alt="alarm clock">`, url, 'alarm clock', 'kept', {
        picture: 'noto:alarm-clock',
        why: 'another text is another pair',
      }),
      copy(flag, 'Flag of Portugal'),
      copy(apple, 'A red apple'),
      at.img(`<img src="${apple}" alt="helicopter">`, apple, 'helicopter', 'similarity', {
        picture: 'noto:red-apple',
        why: 'another text is another pair',
      }),
    ])
  })
}
