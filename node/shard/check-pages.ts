import { parquetHeader } from 'hyparquet/src/column.js'

/**
 * Read the heads of a column chunk's pages. The Parquet reader makes room for as many values as they promise, outside of
 * what bounds a thread's memory, before it looks whether there are any.
 *
 * @param most - values that the chunk may have, and its dictionary
 * @throws Error where pages promise more
 */
export function checkPages(chunk: Uint8Array, most: number): void {
  const view = new DataView(chunk.buffer, chunk.byteOffset, chunk.byteLength)
  const reader = { view, offset: 0 }
  let values = 0
  // the reader as well leaves the last byte alone
  while (reader.offset < view.byteLength - 1) {
    const head = parquetHeader(reader)
    const { data_page_header: v1, data_page_header_v2: v2, dictionary_page_header: dictionary } = head
    const nulls = v2?.num_nulls ?? 0
    values += count(v1?.num_values) + count(v2?.num_values)
    if (values > most || count(dictionary?.num_values) > most || count(nulls) > count(v2?.num_values))
      throw new Error('it has a page of more values than rows')
    reader.offset += count(head.compressed_page_size)
  }
}

function count(value: number | undefined = 0): number {
  if (!Number.isSafeInteger(value) || value < 0) throw new Error('it has a page of negative size')
  return value
}
