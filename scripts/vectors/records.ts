import { cidOf, encode } from '../../protocol/codec.ts'
import type { Kind } from '../../protocol/domains.ts'
import { seal } from '../../protocol/envelope.ts'
import { type Campaign, DEFAULT_AUDIT, makeCampaign, pipelineId } from '../../protocol/records/campaign.ts'
import { type Manifest, makeManifest } from '../../protocol/records/manifest.ts'
import type { Shard } from '../../protocol/records/shard.ts'
import { CONSENT_SIGNALS } from '../../protocol/rules/consent.ts'
import { PRESETS } from '../../protocol/rules/presets.ts'
import { SAFETY_FAULTS, safetyFields } from './safety.ts'
import { bytes, dagJsonOf, hex, signerOf } from './spelling.ts'

const organiser = signerOf(1)
const producer = signerOf(2)
const file = cidOf(Buffer.from('crawl-data/a.warc.gz\n'), 'raw')
const block = cidOf(encode({ any: 'block' }))

export async function campaignCases(): Promise<unknown[]> {
  const valid = async (comment: string, change: (campaign: Campaign) => void) => {
    const campaign = campaignFields()
    change(campaign)
    const { key: _, ...fields } = campaign
    const record = await makeCampaign(fields, organiser)
    return {
      comment,
      envelope: hex(record.bytes),
      id: record.id.toString(),
      pipelineId: pipelineId(campaign.pipeline).toString(),
      value: dagJsonOf(campaign),
    }
  }
  // biome-ignore lint/suspicious/noExplicitAny: a fault may be of any type
  const invalid = async (comment: string, change: (campaign: any) => void, error = 'campaign_field') => {
    const campaign = campaignFields()
    change(campaign)
    return sealed(comment, 'campaign', campaign, error)
  }
  return [
    await valid('two sources, anybody may work', () => {}),
    await valid('listed operators', (c) => {
      c.trust = { mode: 'listed', operators: [producer.publicKey, organiser.publicKey] }
    }),
    await valid('files of the organiser, one language rule, a name in any script', (c) => {
      c.name = 'ひなた 🪁'
      c.sources = [{ kind: 'warc', base: '', list: file, count: 1, parts: 1 }]
      c.pipeline.rules = PRESETS['datacomp-basic'] as Campaign['pipeline']['rules']
    }),
    await valid('as many segments as there can be', (c) => {
      c.sources = [
        { kind: 'wat', base: '', list: file, count: 2_097_151, parts: 1024 },
        { kind: 'wat', base: '', list: file, count: 1023, parts: 1 },
      ]
    }),

    await valid('tags by the embedding, a head on pixels, one on embeddings, one that finds faces', (c) => {
      c.pipeline.safety = safetyFields()
    }),

    await sealed('wrong domain: a shard is no campaign', 'shard', shardFields(), 'campaign_kind', producer),
    await sealed('wrong key: signed by another', 'campaign', campaignFields(), 'campaign_key', producer),
    await invalid('unknown field', (c) => Object.assign(c, { reward: 1 }), 'campaign_unknown_field'),
    await invalid(
      'unknown field, deep inside',
      (c) => Object.assign(c.pipeline.rules.image, { blur: 1 }),
      'campaign_unknown_field',
    ),
    await invalid(
      'unknown field: a stage of safety',
      (c) => Object.assign(c.pipeline.safety, { nsfw: true }),
      'campaign_unknown_field',
    ),
    await invalid('missing field', (c) => delete c.contact),
    await sealed('not a map', 'campaign', [1, 2], 'campaign_field'),
    await sealed('non-canonical body', 'campaign', bytes('a2 6162 01 6161 02'), 'codec_not_canonical'),
    await invalid('a list where a map belongs', (c) => (c.pipeline.safety = [])),
    await invalid('an empty name', (c) => (c.name = '')),
    await invalid('oversize: a name of 201 bytes', (c) => (c.name = 'é'.repeat(100).concat('e'))),
    await invalid('a name that moves the cursor', (c) => (c.name = 'a\u001b[2Jb')),
    await invalid('a name that turns the direction', (c) => (c.name = 'a\u202eb')),
    await invalid('a contact that adds a header', (c) => (c.contact = 'a@example.org\r\nX-A: b')),
    await invalid('a contact that ends the comment of a user agent', (c) => (c.contact = 'a@example.org)')),
    await invalid('a contact that is neither e-mail nor https', (c) => (c.contact = 'me')),
    await valid("no contact, the organiser's own files alone", (c) => {
      c.contact = null
      c.sources = [{ kind: 'warc', base: '', list: file, count: 1, parts: 1 }]
    }),
    await invalid('no contact where others take part', (c) => (c.contact = null)),
    await invalid('no sources', (c) => (c.sources = [])),
    await invalid('oversize: 17 sources', (c) => (c.sources = Array(17).fill(c.sources[0]))),
    await invalid('a source of another kind', (c) => (c.sources[0].kind = 'zip')),
    await invalid('a base that is no web address', (c) => (c.sources[0].base = 'file:///etc/')),
    await invalid('a base with credentials', (c) => (c.sources[0].base = 'https://me:you@example.org/')),
    await invalid('a base with a query', (c) => (c.sources[0].base = 'https://example.org/?a=/')),
    await invalid('a base that ends amid a name', (c) => (c.sources[0].base = 'https://example.org/crawl')),
    await invalid('a list that is no file', (c) => (c.sources[0].list = block)),
    await invalid('no entries', (c) => (c.sources[0].count = 0)),
    await invalid('a part of an entry', (c) => (c.sources[0].parts = 0.5)),
    await invalid('oversize: 1,025 parts', (c) => (c.sources[0].parts = 1025)),
    await invalid('oversize: more segments than there can be', (c) => {
      c.sources = [{ ...c.sources[0], count: 2_097_152, parts: 1024 }]
    }),
    await invalid('an integer beyond 2^53', (c) => (c.pipeline.model.files[0].bytes = 2n ** 60n)),
    await invalid('a model without files', (c) => (c.pipeline.model.files = [])),
    await invalid('a model path that climbs out', (c) => (c.pipeline.model.files[0].path = 'onnx/../../a')),
    await invalid('a model path from the root', (c) => (c.pipeline.model.files[0].path = '/etc/passwd')),
    await invalid('a model path of Windows', (c) => (c.pipeline.model.files[0].path = 'C:\\a')),
    await invalid('a model file twice', (c) => c.pipeline.model.files.push(c.pipeline.model.files[0])),
    await invalid('a hash in capitals', (c) => (c.pipeline.model.files[0].sha256 = 'AB'.repeat(32))),
    await invalid('robots.txt left out', (c) => (c.pipeline.consent = ['X-Robots-Tag', 'meta robots'])),
    await invalid('X-Robots-Tag left out', (c) => (c.pipeline.consent = ['robots.txt'])),
    await invalid('a signal nobody knows', (c) => c.pipeline.consent.push('smoke')),
    await invalid('a signal twice', (c) => (c.pipeline.consent[2] = 'robots.txt')),
    await invalid('rules: a cosine above 1', (c) => (c.pipeline.rules.similarity.default = 1.5)),
    await invalid(
      'rules: a language that is none',
      (c) => (c.pipeline.rules.similarity.languages = { EN: 0.3 }),
    ),
    await invalid('rules: a language named like a prototype', (c) => {
      c.pipeline.rules.similarity.languages = JSON.parse('{"__proto__":0.3}')
    }),
    await invalid('rules: texts longer than the longest', (c) => (c.pipeline.rules.text.minChars = 2001)),
    await invalid('rules: no language allowed', (c) => (c.pipeline.rules.text.languages = [])),
    await invalid('rules: a format nobody decodes', (c) => c.pipeline.rules.image.formats.push('tiff')),
    await invalid(
      'rules: a pattern for an extension',
      (c) => (c.pipeline.rules.url.refusedExtensions = ['.*']),
    ),
    await invalid('rules: an aspect below 1', (c) => (c.pipeline.rules.image.maxAspect = 0.5)),
    ...(await Promise.all(
      SAFETY_FAULTS.map(([comment, change, error]) =>
        invalid(comment, ({ pipeline }) => change((pipeline.safety = safetyFields())), error),
      ),
    )),
    await invalid('no verifiers', (c) => (c.audit.verifiers = 0)),
    await invalid('a tolerance below nothing', (c) => (c.audit.tolerances.full = -0.001)),
    await invalid('listed, and nobody is', (c) => (c.trust.mode = 'listed')),
    await invalid('open, and operators listed', (c) => (c.trust.operators = [producer.publicKey])),
    await invalid('an operator twice', (c) => {
      c.trust = { mode: 'listed', operators: [producer.publicKey, producer.publicKey] }
    }),
    await invalid('an operator with a short key', (c) => {
      c.trust = { mode: 'listed', operators: [producer.publicKey.subarray(1)] }
    }),
  ]
}

export function manifestCases(): unknown[] {
  const valid = (comment: string, change: Partial<Manifest>) => {
    const manifest = { ...manifestFields(), ...change }
    const { bytes, cid } = makeManifest(manifest)
    return { comment, bytes: hex(bytes), cid: cid.toString(), value: dagJsonOf(manifest) }
  }
  // biome-ignore lint/suspicious/noExplicitAny: a fault may be of any type
  const invalid = (comment: string, change: (manifest: any) => void, error = 'manifest_field') => {
    const manifest = manifestFields()
    change(manifest)
    return { comment, bytes: hex(encode(manifest)), error }
  }
  return [
    valid('ten candidates, two pairs', {}),
    valid('one that replaces another', { previous: block }),

    invalid('unknown field', (m) => Object.assign(m, { price: 1 }), 'manifest_unknown_field'),
    invalid('unknown field: an outcome nobody knows', (m) => (m.counts.eaten = 0), 'manifest_unknown_field'),
    invalid('missing field', (m) => delete m.software),
    invalid('outcomes that are not all candidates', (m) => (m.counts.similarity = 7)),
    invalid('more pairs than were kept', (m) => {
      m.counts.pairs = 3
      m.files[0].rows = 3
    }),
    invalid('pairs.parquet with other rows than pairs', (m) => (m.files[0].rows = 3)),
    invalid('outcomes.parquet with other rows than candidates', (m) => (m.files[1].rows = 3)),
    invalid('no outcomes.parquet', (m) => (m.files[1].name = 'others.parquet')),
    invalid('a file twice', (m) => m.files.push(m.files[0])),
    invalid('a file that lies elsewhere', (m) => m.files.push({ ...m.files[0], name: '../a' })),
    invalid('a hidden file', (m) => m.files.push({ ...m.files[0], name: '.profile' })),
    invalid('a file that is a map', (m) => (m.files[0].cid = block)),
    invalid('it ends before it starts', (m) => (m.produced.finishedAt = 0)),
    invalid('a software that moves the cursor', (m) => (m.software = 'shoal\r')),
  ]
}

export async function sealed(comment: string, kind: Kind, value: unknown, error: string, signer = organiser) {
  const body = value instanceof Uint8Array ? value : encode(value)
  return { comment, envelope: hex((await seal(kind, body, signer)).bytes), error }
}

export function campaignFields(): Campaign {
  return {
    name: 'Kites of 2024',
    contact: 'https://shoal.example/contact',
    sources: [
      { kind: 'warc', base: 'https://data.commoncrawl.org/', list: file, count: 3, parts: 4 },
      { kind: 'wat', base: 'https://crawl.example:8080/a/b/', list: file, count: 2, parts: 1 },
    ],
    pipeline: {
      model: {
        repo: 'shoal-mini',
        files: [
          { path: 'onnx/vision_model.onnx', sha256: 'ab'.repeat(32), bytes: 4_000_000 },
          { path: 'tokenizer.json', sha256: 'cd'.repeat(32), bytes: 100_000 },
        ],
      },
      rules: structuredClone(PRESETS['laion-5b'] as Campaign['pipeline']['rules']),
      consent: [...CONSENT_SIGNALS],
      safety: { tags: null, heads: [] },
    },
    audit: structuredClone(DEFAULT_AUDIT),
    trust: { mode: 'open', operators: [] },
    custodians: [],
    key: organiser.publicKey,
  }
}

export function shardFields(): Shard {
  const { cid } = makeManifest(manifestFields())
  return {
    campaign: block,
    segment: 5,
    peer: producer.publicKey,
    manifest: cid,
    rows: 2,
    seq: 0,
    previous: null,
  }
}

function manifestFields(): Manifest {
  return {
    campaign: block,
    segment: 5,
    pipeline: pipelineId(campaignFields().pipeline),
    files: [
      { name: 'pairs.parquet', cid: file, bytes: 5000, rows: 2 },
      { name: 'outcomes.parquet', cid: file, bytes: 700, rows: 10 },
    ],
    counts: {
      records: 30,
      responses: 9,
      htmlPages: 8,
      badRecords: 1,
      imgs: 25,
      candidates: 10,
      pairs: 2,
      text_short: 1,
      duplicate: 1,
      similarity: 6,
      kept: 2,
    },
    deviceClass: 'cpu/fp32',
    software: 'shoal/0.1.0',
    previous: null,
    produced: { startedAt: 1_760_000_000_000, finishedAt: 1_760_000_060_000 },
  }
}
