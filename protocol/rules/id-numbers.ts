import { passesLuhn } from './luhn.ts'

/** How a country writes the numbers of its people, and what their check digits say; the pattern alone where it has none. */
interface IdNumber {
  pattern: RegExp
  /** @param digits - the number in upper case, without what only divides it */
  isValid?(digits: string): boolean
}

/** Neither letter nor digit before and after, nor a part of a decimal number. */
const alone = (pattern: string) =>
  new RegExp(`(?<![\\p{L}\\p{N}]|\\d[.,-])(?:${pattern})(?![\\p{L}\\p{N}]|[.,-]\\d)`, 'giu')

/** Months and days as people's numbers begin with: year, month, day. */
const BORN = '\\d\\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\\d|3[01])'

const ID_NUMBERS: readonly IdNumber[] = [
  // United States, social security: area, group and serial that were ever given (SSA, "SSN Randomization", 2011)
  { pattern: alone('(?!000|666|9)\\d{3}-(?!00)\\d\\d-(?!0000)\\d{4}') },
  // United Kingdom, national insurance (HMRC, NIM39110)
  {
    pattern: alone(
      '(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\\d\\d ?\\d\\d ?\\d\\d ?[A-D]',
    ),
  },
  // France, NIR: a key of two digits that completes it to 97 (INSEE); Corsica's letters stand for 19 and 18
  {
    pattern: alone('[12] ?\\d\\d ?(?:0[1-9]|1[0-2]|[2-9]\\d) ?(?:\\d\\d|2[AB]) ?\\d{3} ?\\d{3} ?\\d\\d'),
    isValid: (id) =>
      97n - (BigInt(id.slice(0, 13).replace('2A', '19').replace('2B', '18')) % 97n) === BigInt(id.slice(13)),
  },
  // Spain, DNI and NIE: a letter by the remainder of 23 (Real Decreto 1553/2005)
  {
    pattern: alone('(?:\\d{8}|[XYZ]-?\\d{7})-?[A-HJ-NP-TV-Z]'),
    isValid: (id) =>
      'TRWAGMYFPDXBNJZSQVHLCKE'[
        Number(id.slice(0, -1).replace(/^[XYZ]/, (x) => String('XYZ'.indexOf(x)))) % 23
      ] === id.at(-1),
  },
  // Italy, codice fiscale (Decreto ministeriale 23 December 1976)
  { pattern: alone('[A-Z]{6}\\d\\d[ABCDEHLMPRST]\\d\\d[A-Z]\\d{3}[A-Z]') },
  // Brazil, CPF: two digits modulo 11 (Receita Federal)
  {
    pattern: alone('\\d{3}\\.\\d{3}\\.\\d{3}-\\d\\d'),
    isValid: (id) => [9, 10].every((place) => Number(id[place]) === checkCpf(id.slice(0, place))),
  },
  // India, Aadhaar: Verhoeff's digit, the first not 0 or 1 (UIDAI)
  { pattern: alone('[2-9]\\d{3}[ -]\\d{4}[ -]\\d{4}'), isValid: passesVerhoeff },
  // China, resident identity: a date, and ISO 7064 modulo 11-2 (GB 11643-1999)
  {
    pattern: alone('[1-9]\\d{5}(?:19|20)\\d\\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\\d|3[01])\\d{3}[\\dX]'),
    isValid: (id) =>
      [...id].reduce((sum, char, i) => sum + (char === 'X' ? 10 : Number(char)) * (2 ** (17 - i) % 11), 0) %
        11 ===
      1,
  },
  // Poland, PESEL: a date whose month tells the century, and weights 1, 3, 7, 9 (Ustawa o ewidencji ludności)
  {
    pattern: alone('\\d\\d(?:[02468][1-9]|[13579][0-2])(?:0[1-9]|[12]\\d|3[01])\\d{5}'),
    isValid: (id) =>
      [...id].reduce((sum, char, i) => sum + Number(char) * [1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1][i]!, 0) % 10 ===
      0,
  },
  // Sweden, personnummer: a date and Luhn's digit over the last ten (Skatteverket, SKV 704)
  { pattern: alone(`(?:19|20)?${BORN}[-+]\\d{4}`), isValid: (id) => passesLuhn(id.slice(-10)) },
  // Finland, henkilötunnus: the remainder of 31 (Digi- ja väestötietovirasto)
  {
    pattern: alone('(?:0[1-9]|[12]\\d|3[01])(?:0[1-9]|1[0-2])\\d\\d[-+A-FU-Y]\\d{3}[\\dA-FHJ-NPR-Y]'),
    isValid: (id) =>
      '0123456789ABCDEFHJKLMNPRSTUVWXY'[Number(id.slice(0, 6) + id.slice(-4, -1)) % 31] === id.at(-1),
  },
  // Korea, resident registration: a date, then a digit for century and sex
  { pattern: alone(`${BORN}-[1-8]\\d{6}`) },
  // Mexico, CURP (RENAPO): letters of names, a date, sex and state
  { pattern: alone(`[A-Z][AEIOUX][A-Z]{2}${BORN}[HMX][A-Z]{2}[B-DF-HJ-NP-TV-Z]{3}[A-Z\\d]\\d`) },
]

/**
 * Put a word in the place of every identity number: those of the United States, the United Kingdom, France, Spain, Italy,
 * Brazil, India, China, Poland, Sweden, Finland, Korea and Mexico.
 */
export function redactIdNumbers(text: string, word: string): string {
  let redacted = text
  for (const { pattern, isValid } of ID_NUMBERS)
    redacted = redacted.replace(pattern, (match) => {
      const id = match.toUpperCase().replace(/[ .+-]/g, '')
      return isValid === undefined || isValid(id) ? word : match
    })
  return redacted
}

function checkCpf(digits: string): number {
  const sum = [...digits].reduce((sum, digit, i) => sum + Number(digit) * (digits.length + 1 - i), 0)
  return sum % 11 < 2 ? 0 : 11 - (sum % 11)
}

/** The dihedral group of ten, and the permutation that is applied once more at each place (Verhoeff 1969). */
const VERHOEFF_PERMUTED = permutations()

function permutations(): number[][] {
  const rows = [[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]]
  const once = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4]
  for (let i = 1; i < 8; i++) rows.push(rows[i - 1]!.map((value) => once[value]!))
  return rows
}

function multiply(a: number, b: number): number {
  if (a < 5) return b < 5 ? (a + b) % 5 : 5 + ((a + b) % 5)
  return b < 5 ? 5 + ((a - b) % 5) : (a - b + 10) % 5
}

function passesVerhoeff(digits: string): boolean {
  let check = 0
  for (let i = 0; i < digits.length; i++)
    check = multiply(check, VERHOEFF_PERMUTED[i % 8]![Number(digits[digits.length - 1 - i])]!)
  return check === 0
}
