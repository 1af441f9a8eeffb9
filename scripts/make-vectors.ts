/**
 * Write `protocol/vectors/*.json`: what every implementation of Shoal must agree on, valid and invalid.
 * The same on every run: keys come from fixed seeds, and Ed25519 signatures are deterministic.
 *
 * `node scripts/make-vectors.ts`
 */
import { writeFile } from 'node:fs/promises'
import { admitCases } from './vectors/admit.ts'
import { agreeCases } from './vectors/agree.ts'
import { assignVerifierCases } from './vectors/assign-verifiers.ts'
import { attestationCases } from './vectors/attestation.ts'
import { backoffCases } from './vectors/backoff.ts'
import { claimCases } from './vectors/claim.ts'
import { codecCases } from './vectors/codec.ts'
import { consentCases } from './vectors/consent.ts'
import { envelopeCases } from './vectors/envelope.ts'
import { feedCases } from './vectors/feed.ts'
import { framingCases } from './vectors/framing.ts'
import { headCases } from './vectors/head.ts'
import { nameCases } from './vectors/names.ts'
import { presetCases } from './vectors/presets.ts'
import { quorumCases } from './vectors/quorum.ts'
import { receiptCases } from './vectors/receipt.ts'
import { campaignCases, manifestCases } from './vectors/records.ts'
import { redactCases } from './vectors/redact.ts'
import { releaseCases, releaseContentCases, releasePageCases } from './vectors/release.ts'
import { removalCases, removeCases } from './vectors/removal.ts'
import { requestCases } from './vectors/requests.ts'
import { robotsDirectiveCases } from './vectors/robots-directives.ts'
import { filterCases, segmentCases } from './vectors/rules.ts'
import { sampleCases } from './vectors/sample.ts'
import { shardCases } from './vectors/shard.ts'
import { assignCases, selectCases } from './vectors/share.ts'
import { standingCases } from './vectors/standing.ts'
import { conversationCases } from './vectors/sync-conversation.ts'
import { fingerprintCases } from './vectors/sync-fingerprints.ts'
import { syncMessageCases } from './vectors/sync-messages.ts'
import { tagCases } from './vectors/tags.ts'
import { uidCases } from './vectors/uid.ts'
import { verdictCases } from './vectors/verdict.ts'

const SPELLING = 'Bytes are lower-case hex; values are DAG-JSON.'
const ZEROS = '`zeros` is how many zero bytes follow the given ones.'
const PIECES = 'Bytes in pieces are a list of lower-case hex and of numbers: so many zero bytes.'
const RECORD =
  'Open `envelope`, then decode its body: the result is `value`, and the CID of the envelope `id`, or the code is `error`.'

/** @returns the text of each vector file, by its name */
export async function makeVectors(): Promise<Record<string, string>> {
  return {
    'codec.json': print(`Decode \`bytes\`: ${SPELLING} ${ZEROS} \`cid\` is that of the bytes.`, codecCases()),
    'envelope.json': print(
      `Open \`envelope\`: ${SPELLING} ${ZEROS} \`message\` is what was signed.`,
      await envelopeCases(),
    ),
    'campaign.json': print(`${RECORD} ${SPELLING} \`pipelineId\` names the pipeline.`, await campaignCases()),
    'attestation.json': print(`${RECORD} ${SPELLING}`, await attestationCases()),
    'backoff.json': print(`${RECORD} ${SPELLING}`, await backoffCases()),
    'feed.json': print(`${RECORD} ${SPELLING}`, await feedCases()),
    'claim.json': print(`${RECORD} ${SPELLING}`, await claimCases()),
    'shard.json': print(`${RECORD} ${SPELLING}`, await shardCases()),
    'verdict.json': print(
      `${RECORD} ${SPELLING} \`proofMessage\` is what the proof is a signature of.`,
      await verdictCases(),
    ),
    'receipt.json': print(`${RECORD} ${SPELLING} \`bases\` are those of its removals.`, await receiptCases()),
    'redact.json': print('Redact `text`: the result is `redacted`.', redactCases()),
    'release.json': print(`${RECORD} ${SPELLING}`, await releaseCases()),
    'release-content.json': print(`Decode \`bytes\`: ${SPELLING}`, releaseContentCases()),
    'release-page.json': print(`Decode \`bytes\`: ${SPELLING}`, releasePageCases()),
    'removal.json': print(`${RECORD} ${SPELLING}`, await removalCases()),
    'head.json': print(`${RECORD} ${SPELLING}`, await headCases()),
    'remove.json': print(
      'What a removal of this `kind` and `name` has as `hash`, null for what is none; or, of the envelopes `removals`, in any order, at `now`: `root`, and whether `row` is `removed`.',
      await removeCases(),
    ),
    'sample.json': print(
      'Draw `sample` by `proof` from `frames`, for a campaign of so many `samples`; or find the `byte` of a segment from `start` to `end` that `place` means.',
      await sampleCases(),
    ),
    'agree.json': print(
      "Compare `said` with `read` from the page, or with the image `seen`, under `terms`: `agreement`, null where the page leaves it to the image. The similarity 'NaN' is no number. Or whether `accusation` `holds`, for whoever finds `own`.",
      agreeCases(),
    ),
    'assign-verifiers.json': print(
      'Choose `count` `verifiers` of the shard of `producer` for `segment` among `peers`, at `epoch`; or the `delay` of a `rank`; or the `epoch` of `now`.',
      assignVerifierCases(),
    ),
    'quorum.json': print(
      'Decide the `state` of a shard by `ballots`, in any order, under `terms`: `liars`, and `rechecks`, the rows of frame `kept` that the next verifier looks at, in the order given; or how many are `needed`; or what is `usual` of `shares`; or which `votes` each of the `verdicts` (bodies, in DAG-JSON) casts. Peers are numbers.',
      await quorumCases(),
    ),
    'standing.json': print(
      'Tally `shards`, in any order: the `states` of each, and `standings` of those peers that have any, all others none. Peers are places in `peers`, `operators` keys.',
      standingCases(),
    ),
    'manifest.json': print(`Decode \`bytes\`: ${SPELLING}`, manifestCases()),
    'filter.json': print(
      'Apply `rule` under the rules of `preset` to `input`: it gives `output`.',
      filterCases(),
    ),
    'admit.json': print(
      'Open `envelope`, decode its body, and admit it at `now` to a node that knows `campaign`, `newest` (an envelope), `recentClaims`, `recentBackoffs`, `recentRemovals`, `negated` and `newestHead` (envelopes), `sameSeq` and, for a verdict, `audited`, where it came by `way`: it comes to `verdict` and `code`, and takes the place of `replaces`.',
      await admitCases(),
    ),
    'assign.json': print(
      'Weigh `peer` for `segment`: `weight`; or find its `owner` among `peers`.',
      assignCases(),
    ),
    'select.json': print(
      'Who holds `segment` at `now`, by these claims and shards in any order: `holding`; or what `precedence` the peer has.',
      selectCases(),
    ),
    'names.json': print(
      'The records of `campaign` are gossiped under `topic`; the claimants of `segment` are providers of `key`. A topic with `error` is no campaign’s.',
      nameCases(),
    ),
    'presets.json': print('The rules that `comment` names.', presetCases()),
    'robots-directives.json': print(
      'Read `values` of a header or meta element, seen at `source`: `refused` and `signals`; or whether `metaName` `binds`.',
      robotsDirectiveCases(),
    ),
    'consent.json': print(
      'Apply `rule` to `input`: it gives `output`. Patterns and paths are spelt alike before they are compared; a response is weighed under the signals `honoured`.',
      consentCases(),
    ),
    'tags.json': print(
      'The `texts` of a tag; or score `embedding` by embeddings of `positive` and `neutral` texts: `score`; or the `outcome` that `tags` have; or in which `profiles` a `row` is.',
      tagCases(),
    ),
    'uid.json': print('The pair has `uid`, the head of the sha256 of `block`.', uidCases()),
    'requests.json': print(
      `Read \`message\`, the question of a request of this \`kind\`: \`value\`, or the code \`error\`. ${PIECES}`,
      requestCases(),
    ),
    'framing.json': print(
      `Write \`message\` to a stream: \`frame\`, whose beginning is \`length\`. One with \`error\` ends the stream. ${PIECES}`,
      framingCases(),
    ),
    'sync-fingerprints.json': print(
      'Add `digests` and `gone`, then subtract `gone`: `fingerprints` by bucket, all others zero; `buckets` are those of `digests`.',
      fingerprintCases(),
    ),
    'sync-messages.json': print(
      `Read \`message\`, a request, or the answer to the request \`ask\`: \`value\`, in DAG-JSON but for bytes, or the code \`error\`. ${PIECES}`,
      syncMessageCases(),
    ),
    'sync-conversation.json': print(
      `Two ledgers that hold the envelopes \`asker\` and \`answerer\` of \`campaign\` at \`now\` say \`steps\`, and then both hold \`after\`. ${PIECES}`,
      await conversationCases(),
    ),
    'segment.json': print('Count the segments of `sources`, and locate `index`.', segmentCases()),
  }
}

function print(about: string, cases: unknown[]): string {
  return `${JSON.stringify({ about, cases }, null, 1)}\n`
}

if (import.meta.main) {
  for (const [name, text] of Object.entries(await makeVectors())) {
    await writeFile(new URL(`../protocol/vectors/${name}`, import.meta.url), text)
  }
}
