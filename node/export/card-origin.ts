import { OUTCOMES, type Outcome } from '../../protocol/outcomes.ts'
import type { Campaign } from '../../protocol/records/campaign.ts'
import { CONSENT_SIGNALS } from '../../protocol/rules/consent.ts'
import { TAGS } from '../../protocol/rules/tags.ts'
import { nameOfPeer } from '../identity.ts'
import type { CardFacts } from './card.ts'
import { code, count, lineList, MAX_LINES, plain, table } from './markdown.ts'

/** Where the rows come from. */
export function provenance({ tally, chosen, options }: CardFacts): string {
  const campaigns = [...tally.campaigns]
    .slice(0, MAX_LINES)
    .map(([cid, { campaign, shards }]) => [
      code(cid),
      campaign === null ? 'not known here' : plain(campaign.name),
      campaign === null ? 'not known here' : code(nameOfPeer(campaign.key)),
      campaign?.contact ? plain(campaign.contact) : 'none told',
      count(shards),
    ])
  return [
    '## Where it comes from',
    '',
    `${count(tally.shards)} shards, each the signed result of one segment of Common Crawl or of other archives. ${
      options.isFile
        ? 'They are'
        : '`shards.tsv` lists them, with the files that their rows went to. They are'
    } of:`,
    '',
    ...table(['campaign', 'name', 'organiser', 'contact', 'shards'], campaigns),
    '',
    'Exported were:',
    '',
    ...lineList(
      chosen.named.map(({ cid, read }) =>
        read === null
          ? `shard ${code(cid)}`
          : `release ${code(cid)}, number ${read.content.number}, profile ${code(read.content.profile)}, signed by ${code(nameOfPeer(read.signed.peer))}; its content is ${code(read.signed.release)}`,
      ),
      MAX_LINES,
    ),
    '',
    'Producers, and how many shards are theirs:',
    '',
    ...lineList(counts(tally.producers), MAX_LINES),
    '',
    ...['Hardware and software:', ''],
    ...lineList([...counts(tally.deviceClasses), ...counts(tally.software)], MAX_LINES),
    '',
  ].join('\n')
}

/** By which rules they were chosen. */
export function made({ tally }: CardFacts): string {
  const outcomes = (Object.keys(OUTCOMES) as Outcome[])
    .filter((name) => tally.outcomes[name])
    .map((name) => [code(name), count(tally.outcomes[name]!), OUTCOMES[name]])
  const rules = [...tally.campaigns.values()].flatMap(({ campaign }) =>
    campaign === null ? [] : describeRules(campaign),
  )
  return [
    '## How it was made',
    '',
    `Of ${count(tally.candidates)} images with alt text in these segments:`,
    '',
    ...table(['outcome', 'candidates', 'meaning'], outcomes),
    '',
    `Afterwards ${count(tally.duplicates)} pairs fell as duplicates of other shards, ${count(tally.removed)} by removals, ${count(tally.unfit)} by the profile of their release, and ${count(tally.rows - tally.passed)} by the filters above.`,
    '',
    ...rules.slice(0, MAX_LINES),
  ].join('\n')
}

/** What a campaign looks for in its pictures, by the model's embedding or by heads; null where it is nothing. */
export function looksFor({ pipeline: { safety } }: Campaign): string | null {
  const tags = TAGS.filter((tag) => (safety.tags?.thresholds[tag] ?? null) !== null)
  const heads = safety.heads.map(({ name }) => plain(name))
  return [...tags, ...heads].join(', ') || null
}

function describeRules(campaign: Campaign): string[] {
  const { name, pipeline, audit } = campaign
  const { model, rules, consent } = pipeline
  const ignored = CONSENT_SIGNALS.filter((signal) => !consent.includes(signal))
  const { text, url, image, similarity } = rules
  const languages = Object.entries(similarity.languages).map(([language, least]) => `${language} ${least}`)
  return [
    `### Rules of ${plain(name)}`,
    '',
    ...lineList(
      [
        `model: ${plain(model.repo)}`,
        ...model.files.map(({ path, sha256 }) => `${code(path)}, sha256 ${code(sha256)}`),
        `similarity, the cosine of its embeddings of image and text: at least ${similarity.default}${languages.length === 0 ? '' : `; ${plain(languages.join(', '))}`}`,
        `text: ${text.minChars} to ${text.maxChars} characters, at least ${text.minWords} words; languages: ${text.languages === null ? 'all' : plain(text.languages.join(', '))}`,
        `address: at most ${url.maxChars} characters; refused endings: ${plain(url.refusedExtensions.join(', ') || 'none')}`,
        `image: ${image.formats.join(', ')}; at least ${image.minBytes} bytes and ${image.minSide} pixels a side, at most ${image.maxPixels} pixels${image.maxAspect === null ? '' : `, sides at most ${image.maxAspect} to 1`}`,
        `opt-outs heeded: ${consent.join(', ')}; recorded and not heeded: ${ignored.join(', ') || 'none'}`,
        `looked for in images: ${looksFor(campaign) ?? 'nothing'}`,
        `audit: ${audit.verifiers} verifiers a shard, ${audit.samples} rows each`,
      ],
      MAX_LINES,
    ),
    '',
  ]
}

function counts(map: ReadonlyMap<string, number>): string[] {
  return [...map].sort((a, b) => b[1] - a[1]).map(([name, shards]) => `${code(name)}: ${count(shards)}`)
}
