const laion = {
  text: { minChars: 5, maxChars: 2000, minWords: 1, languages: null },
  url: { maxChars: 2000, refusedExtensions: ['svg', 'gif'] },
  image: {
    ...{ minBytes: 5000, maxPixels: 89_478_484, minSide: 1, maxAspect: null },
    formats: ['jpeg', 'png', 'webp'],
  },
}

/** The numbers of the published rules, written by hand. */
export function presetCases(): unknown[] {
  return [
    { comment: 'laion-400m', rules: { ...laion, similarity: { default: 0.3, languages: {} } } },
    { comment: 'laion-5b', rules: { ...laion, similarity: { default: 0.26, languages: { en: 0.28 } } } },
    {
      comment: 'datacomp-basic',
      rules: {
        text: { minChars: 6, maxChars: 2000, minWords: 3, languages: ['en'] },
        url: laion.url,
        image: { ...laion.image, minSide: 200, maxAspect: 3 },
        similarity: { default: -1, languages: {} },
      },
    },
  ]
}
