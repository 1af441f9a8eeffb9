/** Control characters, line ends, and what turns the writing direction or is invisible; emoji's joiners may stay. */
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}\s\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff]+/gu

/** One line that a terminal shows as it is, whoever wrote it. */
export function cleanLine(text: string): string {
  return text.replace(UNPRINTABLE, ' ').trim()
}
