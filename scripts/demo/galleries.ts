/** The ordinary pages: shops, galleries and albums whose captions mostly say what the picture shows. */
import { type Demo, gallery } from './page.ts'

export function addGalleries(demo: Demo): void {
  addFlags(demo)
  addFood(demo)
  addAnimals(demo)
  addOutdoors(demo)
  addThings(demo)
}

function addFlags(demo: Demo): void {
  const pictures = 'http://img.flags.example/round/'
  demo.page(
    'http://flags.example/europe.html',
    { title: 'Flags of Europe', pictures: 'http://flags.example/img/round/', link: 'relative' },
    (at) => `<p>Every flag here was drawn as a circle. Click one to read about its history.</p>
${gallery([
  at.right('circle-flags:pt', 'Flag of Portugal'),
  at.right('circle-flags:gr', 'The flag of Greece'),
  at.right('circle-flags:se', 'Flag of Sweden on a pole'),
  at.right('circle-flags:ch', 'Flag of Switzerland'),
  at.right('circle-flags:is', 'The flag of Iceland'),
  at.right('circle-flags:fi', 'Flag of Finland on a pole'),
  at.wrong('circle-flags:it', 'Click here to enlarge the picture'),
])}
<p>Flags are in the public domain; the drawings are not ours alone: see the credits.</p>`,
  )
  demo.page('http://flags.example/americas.html', { title: 'Flags of the Americas', pictures }, (at) =>
    gallery([
      at.right('circle-flags:br', 'The flag of Brazil'),
      at.right('circle-flags:ca', 'Flag of Canada on a pole'),
      at.right('circle-flags:mx', 'Flag of Mexico'),
      at.right('circle-flags:jm', 'The flag of Jamaica'),
      at.right('circle-flags:cu', 'Flag of Cuba'),
      at.wrong('circle-flags:us', 'Our summer opening hours'),
    ]),
  )
  demo.page(
    'http://flags.example/asia/list.html',
    { title: 'Flags of Asia', pictures: 'http://flags-cdn.example/asia/', link: 'scheme-relative' },
    (at) =>
      gallery([
        at.right('circle-flags:np', 'Flag of Nepal'),
        at.right('circle-flags:bt', 'The flag of Bhutan'),
        at.right('circle-flags:lk', 'The flag of Sri Lanka'),
        at.right('circle-flags:kz', 'Flag of Kazakhstan'),
        at.wrong('circle-flags:sa', 'A bicycle leaning on a wall'),
        at.wrong('circle-flags:tr', 'sunflower'),
      ]),
  )
  demo.page(
    'http://flags.example/south/index.html',
    {
      title: 'Flags of Africa and Oceania',
      pictures: 'http://flags-cdn.example/south/',
      base: 'http://flags-cdn.example/',
      link: 'relative',
    },
    (at) =>
      gallery([
        at.right('circle-flags:za', 'Flag of South Africa', { why: '<base> leads to another host' }),
        at.right('circle-flags:ke', 'The flag of Kenya'),
        at.right('circle-flags:et', 'Flag of Ethiopia'),
        at.right('circle-flags:au', 'The flag of Australia'),
        at.right('circle-flags:nz', 'Flag of New Zealand'),
        at.wrong('circle-flags:ug', 'soccer ball'),
      ]),
  )
}

function addFood(demo: Demo): void {
  demo.page(
    'http://fruit.example/',
    {
      title: 'Fresh fruit, delivered',
      pictures: 'http://fruit.example/pictures/',
      link: 'root',
      coding: 'gzip',
    },
    (at) => `<p>Picked in the morning, at your door by noon.</p>
${gallery([
  at.right('noto:red-apple', 'A red apple'),
  at.right('twemoji:pear', 'A pear'),
  at.right('noto:tangerine', 'Fresh tangerine'),
  at.right('noto:lemon', 'Fresh lemon'),
  at.right('fluent-emoji-flat:banana', 'Fresh banana'),
  at.right('noto:pineapple', 'Fresh pineapple'),
  at.right('noto:strawberry', 'The strawberry in the morning'),
  at.wrong('twemoji:cherries', 'Free delivery from Monday to Friday'),
])}`,
  )
  demo.page(
    'http://fruit.example/vegetables.html',
    { title: 'Vegetables of the season', pictures: 'http://img.fruit.example/veg/', coding: 'chunked' },
    (at) =>
      gallery([
        at.right('noto:eggplant', 'Fresh eggplant'),
        at.right('noto:broccoli', 'Fresh broccoli'),
        at.right('twemoji:carrot', 'Fresh carrot'),
        at.right('twemoji:hot-pepper', 'A hot pepper'),
        at.right('noto:potato', 'A potato'),
        at.right('fluent-emoji-flat:avocado', 'An avocado'),
        at.wrong('noto:tomato', 'violin'),
      ]),
  )
  demo.page(
    'http://bakery.test/menu.html',
    { title: 'From our oven', pictures: 'http://img.bakery.test/', coding: 'br' },
    (at) =>
      gallery([
        at.right('noto:croissant', 'A croissant'),
        at.right('twemoji:baguette-bread', 'Baguette bread in the morning'),
        at.right('twemoji:pretzel', 'A pretzel'),
        at.right('noto:doughnut', 'A doughnut'),
        at.right('twemoji:cookie', 'A cookie'),
        at.right('noto:birthday-cake', 'Birthday cake'),
        at.wrong('fluent-emoji-flat:pie', 'fire engine'),
        at.wrong('noto:shortcake', 'We are closed on Sundays'),
      ]),
  )
  demo.page(
    'http://bakery.test/drinks.html',
    { title: 'Drinks', pictures: 'http://bakery.test/drinks/', link: 'relative', coding: 'gzip-chunked' },
    (at) =>
      gallery([
        at.right('noto:hot-beverage', 'hot beverage, freshly brewed'),
        at.right('noto:cocktail-glass', 'The cocktail glass in the morning'),
        at.right('noto:glass-of-milk', 'A glass of milk'),
        at.right('noto:tropical-drink', 'Tropical drink'),
        at.wrong('twemoji:wine-glass', 'elephant'),
      ]),
  )
}

function addAnimals(demo: Demo): void {
  demo.page(
    'http://zoo.example/mammals.html',
    { title: 'Mammals of our zoo', pictures: 'http://img.zoo.example/mammals/' },
    (at) =>
      gallery([
        at.right('noto:tiger-face', 'The face of a tiger'),
        at.right('fluent-emoji-flat:lion', 'A lion'),
        at.right('fluent-emoji-flat:koala', 'A koala'),
        at.right('noto:panda', 'A panda'),
        at.right('noto:cat-face', 'Cat face'),
        at.wrong('noto:fox', 'Tickets can be bought at the gate'),
        at.wrong('noto:horse-face', 'light bulb'),
      ]),
  )
  demo.page(
    'http://zoo.example/birds-and-insects.html',
    { title: 'Birds and insects', pictures: 'http://zoo.example/i/', link: 'root' },
    (at) =>
      gallery([
        at.right('fluent-emoji-flat:penguin', 'A penguin'),
        at.right('twemoji:eagle', 'An eagle'),
        at.right('noto:owl', 'An owl'),
        at.right('noto:butterfly', 'A butterfly'),
        at.right('noto:honeybee', 'A honeybee'),
        at.right('twemoji:duck', 'A duck'),
        at.wrong('noto:bat', 'glass of milk'),
      ]),
  )
  demo.page(
    'http://zoo.example/sea.html',
    { title: 'Under water', pictures: 'http://aquarium.example/' },
    (at) =>
      gallery([
        at.right('noto:octopus', 'An octopus'),
        at.right('noto:crab', 'A crab'),
        at.right('noto:tropical-fish', 'Tropical fish'),
        at.right('noto:dolphin', 'A dolphin'),
        at.right('fluent-emoji-flat:turtle', 'A turtle'),
        at.wrong('noto:blowfish', 'racing car'),
      ]),
  )
}

function addOutdoors(demo: Demo): void {
  demo.page(
    'http://garden.example/plants.html',
    { title: 'In the garden', pictures: 'http://garden.example/photos/', link: 'relative' },
    (at) => `<p>What grew here this year.</p>
${gallery([
  at.right('noto:sunflower', 'A sunflower'),
  at.right('noto:chestnut', 'A chestnut'),
  at.right('noto:hibiscus', 'A hibiscus'),
  at.right('noto:cactus', 'The cactus in the morning'),
  at.right('noto:palm-tree', 'A palm tree'),
  at.right('twemoji:evergreen-tree', 'Evergreen tree'),
  at.right('noto:maple-leaf', 'The maple leaf in the morning'),
  at.right('noto:four-leaf-clover', 'A four leaf clover'),
  at.wrong('fluent-emoji-flat:mushroom', 'telephone'),
])}
<p>Questions? Write to the gardeners at the address on the <a href="/about.html">about page</a>.</p>`,
  )
  demo.page(
    'http://sky.example/today.html',
    { title: 'Weather today', pictures: 'http://img.sky.example/' },
    (at) =>
      gallery([
        at.right('noto:snowflake', 'A snowflake'),
        at.right('fluent-emoji-flat:cloud-with-rain', 'Cloud with rain'),
        at.right('fluent-emoji-flat:full-moon', 'The full moon'),
        at.right('noto:crescent-moon', 'A crescent moon'),
        at.right('twemoji:volcano', 'The volcano in the morning'),
        at.wrong('noto:umbrella', 'broccoli'),
      ]),
  )
  demo.page(
    'http://transport.example/road.html',
    { title: 'On the road', pictures: 'http://img.transport.example/road/' },
    (at) =>
      gallery([
        at.right('noto:ambulance', 'An ambulance on duty'),
        at.right('noto:fire-engine', 'A fire engine'),
        at.right('noto:taxi', 'The taxi in the morning'),
        at.right('noto:police-car', 'A police car'),
        at.right('noto:automobile', 'An automobile'),
        at.right('twemoji:motor-scooter', 'A motor scooter'),
        at.wrong('noto:bus', 'Fares and timetables'),
        at.wrong('noto:motorcycle', 'strawberry'),
      ]),
  )
  demo.page(
    'http://transport.example/rail-and-air.html',
    { title: 'By rail and by air', pictures: 'http://transport.example/air/', link: 'relative' },
    (at) =>
      gallery([
        at.right('noto:locomotive', 'The locomotive in the morning'),
        at.right('noto:tram', 'A tram'),
        at.right('twemoji:helicopter', 'A helicopter'),
        at.right('noto:airplane', 'An airplane'),
        at.right('twemoji:rocket', 'A rocket'),
        at.right('twemoji:ship', 'A ship'),
        at.right('fluent-emoji-flat:speedboat', 'A speedboat'),
        at.wrong('noto:anchor', 'hamburger'),
      ]),
  )
}

function addThings(demo: Demo): void {
  demo.page(
    'http://toys.test/shelf.html',
    {
      title: 'The toy shelf',
      pictures: 'http://toys.test/p/',
      link: 'root',
      head: '<meta name="robots" content="index, follow, max-snippet:-1, max-image-preview:large">',
    },
    (at) => `<p>These directives allow an index to show previews: they refuse nothing.</p>
${gallery([
  at.right('noto:teddy-bear', 'A teddy bear'),
  at.right('noto:balloon', 'A balloon'),
  at.right('noto:wrapped-gift', 'The wrapped gift in the morning'),
  at.right('fluent-emoji-flat:snowman', 'A snowman'),
  at.right('noto:basketball', 'basketball'),
  at.right('noto:crown', 'A crown'),
  at.wrong('noto:crystal-ball', 'locomotive'),
])}`,
  )
  demo.page(
    'http://shop.example/sale.html',
    { title: 'Sale', pictures: 'http://img.shop.example/stock/' },
    (at) => `<p>Our templates fill in the same caption for everything.</p>
${gallery([
  at.wrong('noto:hammer', 'Image coming soon'),
  at.wrong('noto:scissors', 'Returns within thirty days'),
  at.wrong('noto:candle', 'Buy now and save ten percent'),
  at.wrong('noto:key', 'Image not available'),
  at.right('noto:camera', 'A camera'),
  at.right('noto:laptop', 'laptop'),
  at.right('noto:gem-stone', 'A gem stone'),
])}`,
  )
  demo.page(
    'http://music.example/instruments.html',
    { title: 'Instruments for hire', pictures: 'http://music.example/img/', link: 'relative' },
    (at) => `<p>Pictures under a <a rel="license" href="/licence.html">free licence</a>.</p>
${gallery([
  at.right('noto:guitar', 'A guitar', { license: 'http://music.example/licence.html' }),
  at.right('noto:saxophone', 'A saxophone', { license: 'http://music.example/licence.html' }),
  at.right('noto:musical-keyboard', 'A musical keyboard', { license: 'http://music.example/licence.html' }),
  at.wrong('twemoji:drum', 'penguin', { license: 'http://music.example/licence.html' }),
])}`,
  )
}
