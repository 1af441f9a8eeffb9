const long = (length: number) => 'https://a.example/'.padEnd(length, 'x')

/** What each rule says is written by hand: the published rules, not the code, decide. */
export function filterCases(): unknown[] {
  const url = cases('judgeUrl')
  const text = cases('judgeText')
  const language = cases('judgeLanguage')
  const file = cases('judgeFile')
  const image = cases('judgeImage')
  const least = cases('leastSimilarity')
  const datacomp = 'datacomp-basic'
  return [
    url('an ordinary address', 'https://a.example/b.jpg', null),
    url('plain http', 'http://a.example/b.jpg', null),
    url('capitals in the scheme', 'HTTPS://a.example/b.jpg', null),
    url('data:', 'data:image/png;base64,AAAA', 'url_scheme'),
    url('javascript:', 'javascript:void(0)', 'url_scheme'),
    url('ftp:', 'ftp://a.example/b.jpg', 'url_scheme'),
    url('relative', '/b.jpg', 'url_invalid'),
    url('nothing', '', 'url_invalid'),
    url('https without a host', 'https:b.jpg', 'url_invalid'),
    url('2,000 characters', long(2000), null),
    url('2,001 characters', long(2001), 'url_long'),
    url('svg', 'https://a.example/b.svg', 'url_extension'),
    url('gif in capitals', 'https://a.example/b.GIF', 'url_extension'),
    url('gif before a query', 'https://a.example/b.gif?w=1', 'url_extension'),
    url('gif before a fragment', 'https://a.example/b.gif#c', 'url_extension'),
    url('gif in the query', 'https://a.example/b?c=d.gif', null),
    url('gif in a folder', 'https://a.example/b.gif/c', null),
    url('gif in the host', 'https://a.gif', null),
    url('an extension that begins like gif', 'https://a.example/b.giffy', null),

    text('4 characters', 'kite', 'text_short'),
    text('5 characters', 'kites', null),
    text('4 characters of two code units each', '🪁🪁🪁🪁', 'text_short'),
    text('5 characters of two code units each', '🪁🪁🪁🪁🪁', null),
    text('no characters', '', 'text_short'),
    text('2,000 characters', 'a'.repeat(2000), null),
    text('2,001 characters', 'a'.repeat(2001), 'text_long'),
    text('2,000 characters of two code units each', '🪁'.repeat(2000), null),
    text('5 characters for DataComp', 'a b c', 'text_short', datacomp),
    text('6 characters, 3 words for DataComp', 'a b cd', null, datacomp),
    text('2 words for DataComp', 'red kites', 'text_words', datacomp),
    text('3 words for DataComp', 'three red kites', null, datacomp),
    text('words parted by a space of any kind', 'three\u3000red\u00a0kites', null, datacomp),

    language('any language for LAION', 'de', null),
    language('unknown language for LAION', null, null),
    language('English for DataComp', 'en', null, datacomp),
    language('German for DataComp', 'de', 'language', datacomp),
    language('unknown language for DataComp', null, 'language', datacomp),

    file('4,999 bytes', 4999, 'image_small'),
    file('5,000 bytes', 5000, null),

    image('an ordinary picture', { format: 'jpeg', width: 640, height: 480 }, null),
    image('PNG', { format: 'png', width: 640, height: 480 }, null),
    image('WebP', { format: 'webp', width: 640, height: 480 }, null),
    image('GIF', { format: 'gif', width: 640, height: 480 }, 'image_format'),
    image('one pixel for LAION', { format: 'png', width: 1, height: 1 }, null),
    image('89,478,484 pixels', { format: 'jpeg', width: 22_369_621, height: 4 }, null),
    image('89,478,485 pixels', { format: 'jpeg', width: 17_895_697, height: 5 }, 'image_pixels'),
    image('199 high for DataComp', { format: 'jpeg', width: 300, height: 199 }, 'image_side', datacomp),
    image('199 wide for DataComp', { format: 'jpeg', width: 199, height: 300 }, 'image_side', datacomp),
    image('200 by 600 for DataComp', { format: 'jpeg', width: 200, height: 600 }, null, datacomp),
    image('601 by 200 for DataComp', { format: 'jpeg', width: 601, height: 200 }, 'image_aspect', datacomp),
    image('long for LAION', { format: 'jpeg', width: 6000, height: 20 }, null),

    least('LAION-400M', 'en', 0.3, 'laion-400m'),
    least('LAION-400M, unknown language', null, 0.3, 'laion-400m'),
    least('LAION-5B, English', 'en', 0.28),
    least('LAION-5B, German', 'de', 0.26),
    least('LAION-5B, unknown language', null, 0.26),
    least('LAION-5B, a language named like a method', 'toString', 0.26),
    least('DataComp has none', 'en', -1, datacomp),
  ]
}

function cases(rule: string) {
  return (what: string, input: unknown, output: string | number | null, preset = 'laion-5b') => ({
    comment: `${rule}: ${what}`,
    rule,
    preset,
    input,
    output,
  })
}

export function segmentCases(): unknown[] {
  const one = [{ count: 3, parts: 1 }]
  const mixed = [
    { count: 3, parts: 4 },
    { count: 2, parts: 1 },
    { count: 1, parts: 5 },
  ]
  const lies = (source: number, entry: number, part: number) => ({ source, entry, part })
  return [
    { comment: 'the first', sources: one, count: 3, index: 0, place: lies(0, 0, 0) },
    { comment: 'the last of whole files', sources: one, count: 3, index: 2, place: lies(0, 2, 0) },
    {
      comment: 'parts of a file follow each other',
      sources: mixed,
      count: 19,
      index: 3,
      place: lies(0, 0, 3),
    },
    { comment: 'then comes the next file', sources: mixed, count: 19, index: 4, place: lies(0, 1, 0) },
    { comment: 'the last of a source', sources: mixed, count: 19, index: 11, place: lies(0, 2, 3) },
    { comment: 'the first of the next source', sources: mixed, count: 19, index: 12, place: lies(1, 0, 0) },
    { comment: 'the last source', sources: mixed, count: 19, index: 14, place: lies(2, 0, 0) },
    { comment: 'the last of all', sources: mixed, count: 19, index: 18, place: lies(2, 0, 4) },
    {
      comment: 'the last there can be',
      sources: [{ count: 2_097_151, parts: 1024 }],
      count: 2_147_482_624,
      index: 2_147_482_623,
      place: lies(0, 2_097_150, 1023),
    },
    { comment: 'one beyond the last', sources: mixed, count: 19, index: 19, error: 'segment_range' },
    { comment: 'below the first', sources: mixed, count: 19, index: -1, error: 'segment_range' },
    { comment: 'between two', sources: mixed, count: 19, index: 0.5, error: 'segment_range' },
  ]
}
