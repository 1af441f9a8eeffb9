import { redactIdNumbers } from './id-numbers.ts'
import { passesLuhn } from './luhn.ts'

/** What takes the place of something personal: it reads as a word, and says what is missing. */
const REDACTED = {
  email: '[e-mail]',
  phone: '[phone]',
  card: '[card]',
  iban: '[iban]',
  id: '[id]',
} as const

/** What stands beside a number may be a number itself, and gone the first time. Texts made to take long end here. */
const MAX_TIMES = 4

/** Fewer digits are no number of a person's. */
const LEAST_DIGITS = 6

const LETTER = '\\p{L}\\p{M}\\p{N}'
/** RFC 5322's dot-atom and RFC 6531's letters, at `@` or at what people write for it. `logo@2x.png` is a file. */
const EMAIL = new RegExp(
  `[${LETTER}!#$%&'*+/=?^_\`{|}~.-]{1,64}(?:@| ?[([]at[)\\]] ?)(?:[${LETTER}-]{1,63}\\.){1,8}(?!(?:png|jpe?g|gif|webp|svg|avif|bmp|ico|tiff?|heic)(?![${LETTER}]))\\p{L}[${LETTER}-]{1,62}`,
  'giu',
)
/** Digits in groups: what stands before or after them must not belong to them. */
const DIGITS = /(?<![\p{L}\p{N}.,])\d(?:[ -]?\d){12,}(?![\p{L}\p{N}])/gu
/** ITU-T E.164: a plus and up to 15 digits, grouped as anybody likes. */
const INTERNATIONAL = /(?<![\p{L}\p{N}+])\+[ (]{0,2}[1-9](?:[ .\-/()]{0,3}\d){7,14}(?!\d)/gu
/** As North America writes it: neither area nor exchange begins with 0 or 1. */
const AMERICAN =
  /(?<![\p{L}\p{N}.+-])(?:1[ .-])?(?:\([2-9]\d\d\) ?|[2-9]\d\d[ .-])[2-9]\d\d[.-]\d{4}(?![\p{L}\p{N}]|[.,-]\d)/gu
/** A mobile number of mainland China, which nobody divides. */
const CHINESE = /(?<![\p{L}\p{N}.,+-])1[3-9]\d{9}(?![\p{L}\p{N}]|[.,-]\d)/gu
/** With the trunk's 0 and then groups, ten or eleven digits in all: `01 23 45 67 89`, `(020) 7946 0018`, `0171/1234567`. */
const TRUNK =
  /(?<![\p{L}\p{N}.,+-])(?:0[1-9](?:[ .-]\d\d){4}|\(0\d{1,4}\)[ /-]{0,3}\d(?:[ -]?\d){4,8}|0[1-9]\d{1,3}[ /-]{1,3}\d(?:[ -]?\d){5,7})(?![\p{L}\p{N}]|[.,-]\d)/gu
/** What a number is that such a word stands before. */
const CALLED =
  /(?<![\p{L}\p{N}])((?:tele?(?:ph?on\p{L}{0,2}|f[oó]n\p{L}{0,2})?|t[ée]l[ée]phone|phone|fax|mobile?|handy|cell|whats ?app|viber|тел(?:ефон)?|факс|电话|電話|手机|전화|โทร)[.:]{0,2} ?(?:(?:no|nr|number)\.?:? ?)?)(\+?\(?\d(?:[ .\-/()]{0,3}\d){5,14})(?!\d)/giu

/**
 * Take what leads to a person out of a text, again until nothing changes: e-mail addresses, telephone numbers, numbers of payment cards and of bank
 * accounts, and national identity numbers, of those countries that `redactIdNumbers` knows. Numbers that carry check digits are
 * known by them, so that prices, years, sizes and article numbers stay. It finds no names and no addresses of houses.
 * Applying it to what it gives changes nothing, but in texts with rows of numbers made for that.
 *
 * @param text - normalised
 */
export function redact(text: string): string {
  let redacted = text
  for (let i = 0; i < MAX_TIMES; i++) {
    const before = redacted
    redacted = redactOnce(before)
    if (redacted === before) break
  }
  return redacted
}

function redactOnce(text: string): string {
  let redacted = text
  if (/@|[([]at[)\]]/i.test(text)) redacted = redacted.replace(EMAIL, REDACTED.email)
  if (countDigits(redacted) < LEAST_DIGITS) return redacted
  redacted = redactIbans(redacted)
  redacted = redacted.replace(DIGITS, redactCards)
  redacted = redactIdNumbers(redacted, REDACTED.id)
  redacted = redacted.replace(INTERNATIONAL, REDACTED.phone)
  redacted = redacted.replace(CALLED, `$1${REDACTED.phone}`)
  for (const pattern of [AMERICAN, TRUNK, CHINESE]) redacted = redacted.replace(pattern, REDACTED.phone)
  return redacted
}

function countDigits(text: string): number {
  let count = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code >= 0x30 && code <= 0x39) count++
  }
  return count
}

/** First digits of cards that are in use, and how many digits those have (ISO/IEC 7812; the schemes' published ranges). */
const CARDS: readonly [RegExp, least: number, most: number][] = [
  [/^4/, 16, 19],
  [/^(?:5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720)/, 16, 16],
  [/^3[47]/, 15, 15],
  [/^3(?:0[0-5]|[68])/, 14, 14],
  [/^35(?:2[89]|[3-8])/, 16, 19],
  [/^(?:6011|64[4-9]|65)/, 16, 19],
  [/^62/, 16, 19],
  [/^(?:50|5[6-9]|6[0378])/, 16, 19],
]
const MOST_CARD_DIGITS = 19

/** Cards among groups of digits, of which those before and after may be anything. */
function redactCards(run: string): string {
  const groups = run.split(/([ -])/)
  for (let from = 0; from < groups.length; from += 2) {
    let digits = ''
    for (let to = from; to < groups.length; to += 2) {
      digits += groups[to]
      if (digits.length > MOST_CARD_DIGITS) break
      // people divide such numbers into fours, or fours and sixes
      const isDivided = to === from || groups[to - 2]!.length >= 4
      if (!isDivided) break
      if (isCard(digits)) groups.splice(from, to - from + 1, REDACTED.card)
    }
  }
  return groups.join('')
}

function isCard(digits: string): boolean {
  return (
    CARDS.some(
      ([pattern, least, most]) => digits.length >= least && digits.length <= most && pattern.test(digits),
    ) && passesLuhn(digits)
  )
}

/** Characters of an account's number, by country (ISO 13616, SWIFT's registry). */
const IBANS: Readonly<Record<string, number>> = readLengths(
  `AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 EE20 EG29 ES24 FI18 FO18 FR27
  GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27
  MD24 ME22 MK19 MR27 MT31 MU30 NL18 NO15 PK24 PL28 PS29 PT25 QA29 RO24 RS22 SA24 SC31 SE24 SI19 SK24 SM27 ST25 SV28 TL23
  TN24 TR26 UA29 VA22 VG24 XK20`,
)

function readLengths(list: string): Record<string, number> {
  return Object.fromEntries(list.split(/\s+/).map((entry) => [entry.slice(0, 2), Number(entry.slice(2))]))
}

function redactIbans(text: string): string {
  let redacted = ''
  let done = 0
  for (const { index, 0: start } of text.matchAll(/(?<![\p{L}\p{N}])[A-Z]{2}\d{2}(?=[ -]?[A-Z\d])/gu)) {
    if (index < done) continue
    const end = endOfIban(text, index, IBANS[start.slice(0, 2)] ?? 0)
    if (end === null) continue
    redacted += text.slice(done, index) + REDACTED.iban
    done = end
  }
  return redacted + text.slice(done)
}

/** @returns where so many characters end that make a valid number, groups apart or not; or null */
function endOfIban(text: string, from: number, length: number): number | null {
  let compact = ''
  let at = from
  for (; compact.length < length && at < text.length; at++) {
    const char = text[at]!
    if (/[A-Z\d]/.test(char)) compact += char
    else if (!/[ -]/.test(char) || /[ -]/.test(text[at - 1]!)) return null
  }
  if (length === 0 || compact.length < length || /[\p{L}\p{N}]/u.test(text[at] ?? '')) return null
  let rest = 0
  for (const char of compact.slice(4) + compact.slice(0, 4))
    for (const digit of String(Number.parseInt(char, 36))) rest = (10 * rest + Number(digit)) % 97
  return rest === 1 ? at : null
}
