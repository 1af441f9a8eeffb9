import { decode } from '@ipld/dag-cbor'
import type { Outcome } from '../../protocol/outcomes.ts'
import type { CandidateOutcome, Gate, Page, Pair } from '../components.ts'
import { orderedKey, type Store, startingWith } from '../store/store.ts'
import { maskRow, openMasks } from './mask.ts'
import { drop, findAllArchived, hasArchived, type Settled } from './queue.ts'

/** Rows handed on at once: few enough to be held in memory, many enough to be worth a message. */
const ROWS_PER_BATCH = 500

export interface Rows {
  pairs: Pair[]
  outcomes: CandidateOutcome[]
}

/** Settled before anything is fetched. */
const UNFETCHED: ReadonlySet<Outcome> = new Set(['duplicate', 'duplicate_elsewhere'] as const)

/**
 * All rows of a run that is through, in the segment's order. Both tables are walked once, side by side.
 *
 * @param gate - what it names by now is masked as if it had named it before
 */
export async function* readRows(
  store: Store,
  run: Uint8Array,
  gate: Gate | null = null,
): AsyncGenerator<Rows> {
  const masks = await openMasks(store, run, gate)
  await using settled = store.outcomes.iterator(startingWith(run))
  let next = await settled.next()
  let rows: Rows = { pairs: [], outcomes: [] }
  const isInArchive = await hasArchived(store, run)
  for await (const [pageKey, bytes] of store.pages.iterator(startingWith(run))) {
    const { candidates, ...page } = decode<Page>(bytes)
    const urls = candidates.map(({ url }) => url)
    const places = isInArchive ? await findAllArchived(store, run, urls) : []
    for (const [index, candidate] of candidates.entries()) {
      let end = candidate.outcome === null ? null : drop(candidate.outcome)
      if (end === null) {
        if (next === undefined || Buffer.compare(next[0], orderedKey(pageKey, index)) !== 0) {
          throw new Error(`candidate ${index} of ${page.url} has no outcome: the run is not through`)
        }
        end = decode<Settled>(next[1])
        next = await settled.next()
      }
      const { outcome, detail, similarity, sha256, pdq } = end
      const place = candidate.outcome === null && !UNFETCHED.has(outcome) ? places[index] : null
      const where = {
        url: candidate.url,
        pageUrl: page.url,
        warcPath: page.warcPath,
        warcOffset: page.warcOffset,
        warcLength: page.warcLength,
        imageOrdinal: candidate.ordinal,
      }
      const row: CandidateOutcome = {
        ...where,
        ...{ outcome, detail, similarity, sha256, pdq },
        ...{ sourceOffset: page.sourceOffset, sourceLength: page.sourceLength },
        ...{ imageOffset: place?.warcOffset ?? null, imageLength: place?.warcLength ?? null },
      }
      const mask = masks.find(page, candidate, end)
      rows.outcomes.push(mask === null ? row : maskRow(row, mask))
      if (mask === null && end.pair !== null && similarity !== null && sha256 !== null) {
        const { embedding, signals, signalsAt, ...pair } = end.pair
        rows.pairs.push({
          ...where,
          ...pair,
          text: candidate.text,
          language: candidate.language,
          license: candidate.license,
          ...{ similarity, sha256, pdq },
          signals: [...page.signals, ...signals],
          signalsAt: [...page.signals.map(() => page.date ?? pair.fetchedAt), ...signalsAt],
          embedding: new Uint16Array(embedding.slice().buffer),
        })
      }
      if (rows.outcomes.length === ROWS_PER_BATCH) {
        yield rows
        rows = { pairs: [], outcomes: [] }
      }
    }
  }
  if (rows.outcomes.length > 0) yield rows
}
