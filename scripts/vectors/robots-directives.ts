const SOURCE = 'x-robots-tag'

/** What each value says is written by hand. */
export function robotsDirectiveCases(): unknown[] {
  const words = ['noai', 'noimageai', 'noindex', 'noimageindex', 'none', 'NoAI', 'NOINDEX']
  const nothing = [
    ...['', 'all', 'index, follow', 'nofollow', 'noarchive', 'noaiming', 'max-snippet:5', ',,;', ':'],
    ...['max-image-preview: none', 'max-image-preview:none, max-snippet:-1', 'unavailable_after: none'],
    'otherbot: max-image-preview: none',
  ]
  const names = ['robots', 'ROBOTS', ' Robots ', 'gptbot', 'CCBot', 'shoal', 'Applebot-Extended']
  const otherNames = ['googlebot', 'bingbot', 'description', '', '*']
  return [
    ...words.map((word) => refused([word], word.toLowerCase())),
    ...nothing.map((value) => free([value])),

    refused(['noai, max-snippet: 5'], 'noai'),
    refused(['max-snippet: 5, noai'], 'noai'),
    refused(['max-image-preview:large, noai'], 'noai'),
    refused(['max-image-preview: large, NoAI'], 'noai'),
    refused(['noai max-snippet: 5'], 'noai'),
    refused(['max-snippet: 5 noai'], 'noai'),
    refused(['noindex nofollow'], 'noindex'),
    refused(['nofollow;noai'], 'noai'),
    refused(['unavailable_after: 25 Jun 2010 15:00:00 PST, noai'], 'noai'),
    refused(['unavailable_after: Friday, 25-Jun-2027 15:00:00 UTC, noai'], 'noai'),
    refused(['max-newthing: 3, noai'], 'noai'),
    refused(['noai, noindex, noai'], 'noai', 'noindex'),
    refused(['GPTBot: noai'], 'gptbot: noai'),
    refused(['shoal: noimageai'], 'shoal: noimageai'),
    refused(['*: noai'], '*: noai'),
    refused(['otherbot: nofollow, GPTBot: noai'], 'gptbot: noai'),

    free(['otherbot: noai, noimageai'], 'otherbot: noai', 'otherbot: noimageai'),
    free(['googlebot: noindex'], 'googlebot: noindex'),
    free(['googlebot: nofollow, noindex'], 'googlebot: noindex'),
    free(['otherbot: max-snippet: 5, noai'], 'otherbot: noai'),
    refused(['otherbot: nofollow', 'noai'], 'noai'),
    free(['otherbot: noindex', 'all'], 'otherbot: noindex'),

    ...names.map((metaName) => ({ comment: `meta name ${JSON.stringify(metaName)}`, metaName, binds: true })),
    ...otherNames.map((metaName) => ({
      ...{ comment: `meta name ${JSON.stringify(metaName)}`, metaName, binds: false },
    })),
  ]
}

function refused(values: string[], ...seen: string[]) {
  return said(values, true, seen)
}

function free(values: string[], ...seen: string[]) {
  return said(values, false, seen)
}

function said(values: string[], isRefused: boolean, seen: string[]) {
  const signals = seen.map((signal) => `${SOURCE}: ${signal}`)
  return { comment: JSON.stringify(values), source: SOURCE, values, refused: isRefused, signals }
}
