import { digestOfRecord } from '../../node/ledger/record-id.ts'
import { makeRows, PAGE_ROWS, type RowFields } from '../../node/ledger/rows.ts'
import { orderedKey, type Store, type Write } from '../../node/store/store.ts'

/** Bytes of a record that is none, only as long as one: neither an opening nor a tally reads those. */
export const RECORD_BYTES = 420

/** Put records into a ledger's tables, beside its doors: half a million signatures would take minutes. */
export async function fillLedger(
  store: Store,
  peers: readonly Uint8Array[],
  records: Iterable<{ bytes: Uint8Array; fieldsOf: (digest: Uint8Array) => RowFields }>,
): Promise<void> {
  await store.batch(
    peers.map((value, peer) => ({ type: 'put', sublevel: store.peers, key: numberKey(peer), value })),
  )
  const rows = makeRows()
  let writes: Write[] = []
  const flush = async () => {
    const page = Math.ceil(rows.end() / PAGE_ROWS) - 1
    await store.batch([
      ...writes,
      { type: 'put', sublevel: store.rows, key: numberKey(page), value: rows.page(page) },
    ])
    writes = []
  }
  for (const { bytes, fieldsOf } of records) {
    const digest = digestOfRecord(bytes)
    rows.take(fieldsOf(digest))
    writes.push({ type: 'put', sublevel: store.records, key: digest, value: bytes })
    if (rows.end() % PAGE_ROWS === 0) await flush()
  }
  if (writes.length > 0) await flush()
}

function numberKey(number: number): Uint8Array {
  return orderedKey(new Uint8Array(), number)
}
