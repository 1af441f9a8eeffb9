import { SaxesParser } from 'saxes'
import type { Consent } from './consent.ts'

const PLUS = 'http://ns.useplus.org/ldf/xmp/1.0/'
const RIGHTS = 'http://ns.adobe.com/xap/1.0/rights/'
const RDF = 'http://www.w3.org/1999/02/22-rdf-syntax-ns#'
/** The vocabulary's names stand for themselves, or follow its address. */
const PROHIBITED = /(?:^|[/#])(DMI-PROHIBITED[A-Z-]*)\/?$/i
const VALUE = /(?:^|[/#])(DMI-[A-Z-]+)\/?$/i
/** Elements within elements: editors' histories have some ten. The parser looks through all of them for each name. */
const MAX_DEPTH = 64
/** Text of one property that is kept: values are addresses. */
const MAX_VALUE_CHARS = 2_000

/**
 * What an XMP packet says on mining: the property `DataMining` of PLUS, which IPTC took up, as an element, as an
 * attribute or as a resource. Every value that begins with `DMI-PROHIBITED` refuses. `WebStatement` is recorded.
 * A packet that is no XML refuses where it names such a value at all: its writer meant it.
 */
export function readXmp(packet: string): Consent {
  if (!/DMI-|DataMining|WebStatement/i.test(packet)) return { refused: false, signals: [] }
  const { mining, statement, isBroken } = readProperties(packet)
  const named = [...new Set(mining.flatMap((value) => VALUE.exec(value.trim())?.[1]?.toUpperCase() ?? []))]
  const meant = isBroken ? /DMI-PROHIBITED[A-Z-]*/i.exec(packet)?.[0] : undefined
  return {
    refused: meant !== undefined || mining.some((value) => PROHIBITED.test(value.trim())),
    signals: [
      ...new Set(
        [...named, ...(meant === undefined ? [] : [meant.toUpperCase()])].map((value) => `xmp: ${value}`),
      ),
      ...(statement === null ? [] : [`xmp: WebStatement ${statement}`]),
    ],
  }
}

function readProperties(packet: string) {
  const mining: string[] = []
  let statement: string | null = null
  let isBroken = false
  /** the property whose text is read, and how many elements deep within it the parser is */
  let inside: 'DataMining' | 'WebStatement' | null = null
  let depth = 0
  let open = 0
  let text = ''

  function take(property: typeof inside, value: string): void {
    if (property === 'DataMining') mining.push(value)
    else if (value.trim() !== '') statement ??= value.trim()
  }
  function propertyOf(uri: string, local: string): typeof inside {
    if (uri === PLUS && local === 'DataMining') return local
    return uri === RIGHTS && local === 'WebStatement' ? local : null
  }

  const parser = new SaxesParser({ xmlns: true })
  parser.on('opentag', ({ uri, local, attributes }) => {
    if (++open > MAX_DEPTH) throw new Error('too deep')
    if (inside !== null) depth++
    else {
      inside = propertyOf(uri, local)
      depth = 0
      text = ''
    }
    for (const attribute of Object.values(attributes)) {
      const property = propertyOf(attribute.uri, attribute.local)
      if (property !== null) take(property, attribute.value)
      else if (inside !== null && attribute.uri === RDF && attribute.local === 'resource')
        take(inside, attribute.value)
    }
  })
  parser.on('text', (piece) => {
    if (inside !== null && text.length < MAX_VALUE_CHARS) text += piece.slice(0, MAX_VALUE_CHARS)
  })
  parser.on('closetag', () => {
    open--
    if (inside === null) return
    // an item of a list is a value of its own
    if (text.trim() !== '') take(inside, text)
    text = ''
    if (depth-- === 0) inside = null
  })
  parser.on('error', (error) => {
    throw error
  })
  try {
    parser.write(packet.replace(/^\ufeff/, '')).close()
  } catch {
    isBroken = true
  }
  return { mining, statement, isBroken }
}
