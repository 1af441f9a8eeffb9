import { decodeHTMLAttribute } from 'entities/decode'
import { Tokenizer } from 'htmlparser2'
import { MAX_CANDIDATES_PER_PAGE } from '../../protocol/limits.ts'
import { isConsentMeta } from '../../protocol/rules/response-consent.ts'
import { ADDRESS_ATTRIBUTES, chooseAddress } from './choose-address.ts'
import { MAX_RAW_TEXT_CHARS, MAX_RAW_URL_CHARS } from './limits.ts'

/** What a page says about its pictures, as written there: nothing is resolved, normalised or judged yet. */
export interface PageContent {
  /** `<img>` seen */
  imgs: number
  /** href of the first `<base>`, or null */
  base: string | null
  /** `[name, content]` of the `<meta>`s that opt out and bind us, names in lower case */
  metas: [string, string][]
  images: RawImage[]
}

export interface RawImage {
  /** position among all `<img>` of the page */
  ordinal: number
  address: string
  text: string
  /** href of the nearest `rel=license` link before it, or null */
  license: string | null
}

/** Attributes that are read of an element; no other element matters. */
const ATTRIBUTES: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ['img', new Set(['alt', ...ADDRESS_ATTRIBUTES])],
  ['a', new Set(['rel', 'href'])],
  ['area', new Set(['rel', 'href'])],
  ['link', new Set(['rel', 'href'])],
  ['base', new Set(['href'])],
  ['meta', new Set(['name', 'content'])],
])
const LONGEST_NAME = 4
const NOTHING = () => {}

/**
 * Find the pictures of a page. An image is an `<img>` that names a picture and whose alt is not empty; it counts
 * wherever markup is read without scripts, inside `<noscript>` and `<template>` too, as in LAION's and DataComp's
 * extraction from WAT.
 *
 * Works on htmlparser2's tokens: which elements are open is never asked, and keeping track of it makes some
 * pages of a few megabytes take hours.
 */
export function readHtml(html: string): PageContent {
  const page: PageContent = { imgs: 0, base: null, metas: [], images: [] }
  let license: string | null = null
  let element = ''
  let wanted: ReadonlySet<string> | undefined
  let name = ''
  let value = ''
  let attributes = new Map<string, string>()

  function endTag(): void {
    if (wanted === undefined) return
    wanted = undefined
    if (element === 'img') endImage()
    else if (element === 'base') page.base ??= attributes.get('href') ?? null
    else if (element === 'meta') endMeta()
    else if (isLicense(attributes.get('rel')))
      license = attributes.get('href')?.slice(0, MAX_RAW_URL_CHARS) ?? license
    if (attributes.size > 0) attributes = new Map()
  }

  function endImage(): void {
    const ordinal = page.imgs++
    const text = attributes.get('alt')
    if (text === undefined || text === '' || page.images.length >= MAX_CANDIDATES_PER_PAGE) return
    const address = chooseAddress(attributes)
    if (address === null) return
    page.images.push({
      ordinal,
      address: address.slice(0, MAX_RAW_URL_CHARS),
      text: text.slice(0, MAX_RAW_TEXT_CHARS),
      license,
    })
  }

  function endMeta(): void {
    const content = attributes.get('content')
    const bot = attributes.get('name')?.trim().toLowerCase()
    if (content !== undefined && bot !== undefined && isConsentMeta(bot)) page.metas.push([bot, content])
  }

  const tokenizer = new Tokenizer(
    { decodeEntities: false },
    {
      onopentagname(start, end) {
        wanted = undefined
        if (end - start > LONGEST_NAME) return
        element = html.slice(start, end).toLowerCase()
        wanted = ATTRIBUTES.get(element)
      },
      onattribname(start, end) {
        if (wanted === undefined) return
        name = html.slice(start, end).toLowerCase()
        value = ''
      },
      onattribdata(start, end) {
        if (wanted?.has(name)) value = html.slice(start, end)
      },
      onattribend() {
        // the first attribute of a name counts
        if (!wanted?.has(name) || attributes.has(name)) return
        attributes.set(name, value.includes('&') ? decodeHTMLAttribute(value) : value)
      },
      onopentagend: endTag,
      onselfclosingtag: endTag,
      onattribentity: NOTHING,
      oncdata: NOTHING,
      onclosetag: NOTHING,
      oncomment: NOTHING,
      ondeclaration: NOTHING,
      onend: NOTHING,
      onprocessinginstruction: NOTHING,
      ontext: NOTHING,
      ontextentity: NOTHING,
    },
  )
  tokenizer.write(html)
  tokenizer.end()
  return page
}

/** Whether a `rel` names the page's or its pictures' licence. */
export function isLicense(rel: string | undefined): boolean {
  return rel !== undefined && /(?:^|\s)license(?:\s|$)/i.test(rel)
}
