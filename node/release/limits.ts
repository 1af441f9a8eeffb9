import { PROFILE_COLUMNS } from '../../protocol/rules/profiles.ts'

/** Bytes by which a row is known while a release is made: the half of a sha256, or an md5. */
export const KEY_BYTES = 16
export const KEY_WORDS = KEY_BYTES / 4
/** A key, and the row's place among all of the release, from 0, in two words of which the lower comes first. */
export const ENTRY_WORDS = KEY_WORDS + 2
export const ENTRY_BYTES = 4 * ENTRY_WORDS
/** Rows of a row group of a file that is written anew, as shards have. */
export const PAIRS_ROW_GROUP = 4_096
/** What becomes of a row before duplicates are looked for. */
export const LEFT = 0
export const REMOVED = 1
export const UNFIT = 2
/** The columns by which a row is named, by which it is removed, and by which a profile leaves it out. */
export const SCANNED = [
  ...['uid', 'url', 'text', 'hash', 'page_url', 'warc_path', 'warc_offset', 'image_ordinal', 'sha256'],
  ...['md5', 'pdq'],
  ...PROFILE_COLUMNS,
]
