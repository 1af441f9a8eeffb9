import { nameOfPeer } from '../identity.ts'
import { VERSION } from '../version.ts'
import { looksFor, made, provenance } from './card-origin.ts'
import { CARD_MARK } from './destination.ts'
import type { ExportOptions } from './export.ts'
import type { ExportedFile } from './export-worker.ts'
import { describeFilters } from './filter.ts'
import { EXPORT_FORMATS } from './formats.ts'
import { bytesToHex, code, count, isoTime, lineList, MAX_LINES, plain, table, yaml } from './markdown.ts'
import type { Chosen } from './sources.ts'
import type { Tally } from './tally.ts'

export interface CardFacts {
  tally: Tally
  chosen: Chosen
  options: Pick<ExportOptions, 'format' | 'filters' | 'isFile' | 'cids' | 'rowsPerFile'>
  files: readonly ExportedFile[]
  /** milliseconds since 1970 */
  now: number
}

/**
 * The dataset card, as Hugging Face reads it: a YAML head, then what a reader has to know before using the rows. What
 * strangers chose, names above all, is escaped.
 */
export function writeCard(facts: CardFacts): string {
  return [
    head(facts),
    summary(facts),
    provenance(facts),
    made(facts),
    verification(facts),
    removals(facts),
    licence(facts),
    use(facts),
  ].join('\n')
}

function head({ tally, options }: CardFacts): string {
  const names = [...tally.campaigns.values()].map(({ campaign }) => campaign?.name ?? 'pairs')
  const languages = [...tally.languages].sort((a, b) => b[1] - a[1]).map(([language]) => language)
  return [
    '---',
    `pretty_name: ${yaml(names.length === 1 ? names[0]! : `${names.length} campaigns`)}`,
    'license: unknown',
    ...(languages.length === 0
      ? []
      : ['language:', ...languages.filter((one) => one !== 'others').map((one) => `- ${yaml(one)}`)]),
    'task_categories:',
    '- image-to-text',
    '- text-to-image',
    '- zero-shot-image-classification',
    `size_categories:\n- ${sizeOf(tally.passed)}`,
    'tags:',
    '- image-text-pairs',
    CARD_MARK,
    ...(options.isFile
      ? []
      : [
          'configs:',
          '- config_name: default',
          `  data_files: ${yaml(`*${EXPORT_FORMATS[options.format]}`)}`,
        ]),
    '---',
    '',
  ].join('\n')
}

/** The Hub's own steps. */
function sizeOf(rows: number): string {
  const steps = [1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12]
  const names = ['1K', '10K', '100K', '1M', '10M', '100M', '1B', '10B', '100B', '1T']
  const above = steps.findIndex((step) => rows < step)
  if (above === -1) return 'n>1T'
  return above === 0 ? 'n<1K' : `${names[above - 1]}<n<${names[above]}`
}

function summary({ tally, options, files, now }: CardFacts): string {
  const names = [...tally.campaigns.values()].map(({ campaign }) =>
    plain(campaign?.name ?? 'a campaign whose record is not here'),
  )
  const filters = describeFilters(options.filters)
  const filled = files.filter(({ rows }) => rows > 0)
  return [
    `# ${names.slice(0, 3).join(', ')}${names.length > 3 ? ' and others' : ''}`,
    '',
    `${count(tally.passed)} pairs of an image's address and its alt text, found on the web and scored by nodes of Shoal. The images themselves are not part of it.`,
    '',
    ...table(
      ['what', 'how much'],
      [
        ['pairs here', count(tally.passed)],
        ['pairs looked at', count(tally.rows)],
        ['filters', filters.length === 0 ? 'none' : plain(filters.join('; '))],
        [
          'files',
          `${count(filled.length)}, ${count(filled.reduce((sum, { bytes }) => sum + bytes, 0))} bytes`,
        ],
        ['format', code(options.format)],
        ['written', `${isoTime(now)} by Shoal ${VERSION}`],
        ['images fetched', `${isoTime(tally.producedFrom)} to ${isoTime(tally.producedTo)}`],
      ],
    ),
    '',
  ].join('\n')
}

function verification({ tally, chosen }: CardFacts): string {
  return [
    '## What was checked',
    '',
    "Every block against its CID, and every producer's signature. Other nodes looked at samples of each shard's rows again and signed what they found; the states below follow from these verdicts by each campaign's own policy, as the node that wrote this export knew them. A sample finds forgery by likelihood, it proves no row.",
    '',
    ...table(
      ['state', 'shards'],
      [...tally.states].map(([state, shards]) => [
        state === 'unknown' ? 'unknown: no records of the campaign here' : state,
        count(shards),
      ]),
    ),
    '',
    ...lineList(
      chosen.releases.map(({ read }) => {
        const { quorum, operators, leastStanding } = read.content.policy
        return `release ${code(read.id)} took shards with ${quorum} good verdicts at least, by ${operators === null ? 'any operators' : `${operators.length} listed operators`}, each with ${leastStanding} verified shards of its own or more`
      }),
      MAX_LINES,
    ),
    ...lineList(
      chosen.releases.flatMap(({ read: { id, content } }) =>
        content.attestedBy === null
          ? []
          : `${code(nameOfPeer(content.attestedBy))}, a custodian, signed that the pictures of each shard of release ${code(id)} were looked up in lists of what must not be published; its word comes with the release`,
      ),
      MAX_LINES,
    ),
    '',
  ].join('\n')
}

function removals({ tally, chosen }: CardFacts): string {
  const contacts = [...tally.campaigns.values()].flatMap(({ campaign }) =>
    campaign?.contact ? [plain(campaign.contact)] : [],
  )
  return [
    '## Removals',
    '',
    ...lineList(
      [
        ...chosen.releases.map(({ read: { id, signed } }) => {
          const { seq, root, thisUpdate, nextUpdate } = signed.removals
          return `release ${code(id)}: removals up to ${isoTime(thisUpdate)} were applied (head ${seq}, root ${root === null ? 'none in force' : code(bytesToHex(root))}). **After ${isoTime(nextUpdate)} do not use it any more**: get the campaign's next release`
        }),
        ...(tally.unreleased === 0
          ? []
          : [
              `${count(tally.unreleased)} of the shards are in no release: left out of them is what this node knew to be removed when it wrote this, and **nobody says until when that holds**`,
            ]),
      ],
      MAX_LINES,
    ),
    '',
    `You are in one of the pictures, or own one, and want it removed? Ask at the page ${code('/optout')} of any node's gateway, by ${code('shoal optout')}, or write to ${contacts.length === 0 ? 'the organiser of the campaign' : [...new Set(contacts)].join(' or ')}, and name the address of the image or of the page. Whoever uses this dataset: take the newest release, and drop rows by their ${code('uid')} or address when somebody asks you to.`,
    '',
  ].join('\n')
}

function licence({ tally }: CardFacts): string {
  const isLookedFor = [...tally.campaigns.values()].some(
    ({ campaign }) => campaign !== null && looksFor(campaign) !== null,
  )
  return [
    '## Licence',
    '',
    'Nobody has granted a licence for these rows as a whole. Images and texts belong to those who made them; that they did not opt out is no permission. `license`, where it is told, is what the page said (`rel=license`), unchecked: it may be wrong, or mean something else on the page. What may be done with the addresses, texts and images depends on the law where you are.',
    '',
    `Rows may hold personal data, and texts and images that offend or harm. ${isLookedFor ? 'What was looked for in images is among the rules above; all of it misses some' : 'Nothing looked for unsafe images'}: null in such a column means unknown, not safe.`,
    '',
  ].join('\n')
}

function use({ chosen, options, tally }: CardFacts): string {
  const cids = chosen.named.map(({ cid }) => cid.toString())
  const shown = cids.slice(0, MAX_LINES).join(' ') + (cids.length > MAX_LINES ? ' …' : '')
  const glob = options.isFile ? 'FILE' : `*${EXPORT_FORMATS[options.format]}`
  const campaign = [...tally.campaigns.keys()][0] ?? 'CAMPAIGN'
  const isLines = options.format === 'csv' || options.format === 'jsonl'
  return [
    '## Use it, check it',
    '',
    ...(options.format === 'img2dataset'
      ? [
          '```sh',
          `img2dataset --url_list . --input_format parquet --url_col url --caption_col caption --output_format webdataset --output_folder images --verify_hash '["sha256","sha256"]'`,
          '```',
        ]
      : ['```sql', `SELECT * FROM '${glob}' LIMIT 10; -- DuckDB`, '```']),
    '',
    ...(isLines && options.format === 'csv'
      ? [
          'Texts come from the web as they are, and some begin with `=`, `+`, `-` or `@`: open the file with a program for data, not with a spreadsheet that runs formulas.',
          '',
        ]
      : []),
    'To get the same files again, byte for byte, and to see what stands behind them:',
    '',
    '```sh',
    ...cids.slice(0, 3).map((cid) => `shoal fetch ${cid}`),
    `shoal campaign show ${campaign}`,
    `shoal export ${shown} --format ${options.format}${commandFilters(options)}`,
    '```',
    '',
  ].join('\n')
}

function commandFilters({ filters, rowsPerFile }: CardFacts['options']): string {
  const { minSimilarity, maxSimilarity, languages, minWidth, minHeight, license, domains } = filters
  const options = {
    'min-similarity': minSimilarity,
    'max-similarity': maxSimilarity,
    language: languages?.join(','),
    'min-width': minWidth,
    'min-height': minHeight,
    license: license === undefined ? undefined : `'${license.replaceAll("'", "'\\''")}'`,
    domain: domains?.join(','),
    rows: rowsPerFile ?? undefined,
  }
  return Object.entries(options)
    .map(([name, value]) => (value === undefined ? '' : ` --${name}=${value}`))
    .join('')
}
