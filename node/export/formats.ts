import type { ExportFormat } from '../components.ts'
import { type Cell, type ColumnOf, PAIR_COLUMNS, type Row } from '../shard/shard.ts'
import { laionHash } from './laion-hash.ts'

type Column = ColumnOf<Row>
/** Formats that are Parquet files. */
type TableFormat = Exclude<ExportFormat, 'jsonl' | 'csv'>

export const EXPORT_FORMATS = {
  parquet: '.parquet',
  laion5b: '.parquet',
  datacomp: '.parquet',
  jsonl: '.jsonl',
  img2dataset: '.parquet',
  csv: '.csv',
} as const satisfies Record<ExportFormat, string>

export function isTable(format: ExportFormat): format is TableFormat {
  return Object.hasOwn(TABLES, format)
}

/** Columns of `pairs.parquet` that a format is made from. */
export function sourceColumns(format: ExportFormat): string[] {
  const all = TABLES.parquet.from
  if (isTable(format)) return TABLES[format].from
  return format === 'csv' ? all.filter((name) => name !== 'embedding') : all
}

/** Their columns, and those of `pairs.parquet` they are made from; `model` is the campaign's, where it is known. */
export const TABLES: Record<TableFormat, { from: string[]; columns(model: string | null): Column[] }> = {
  /** The columns of a shard's own `pairs.parquet`. */
  parquet: {
    from: PAIR_COLUMNS.map(({ name }) => name),
    columns: () =>
      PAIR_COLUMNS.map(({ cell: _, ...column }) => ({
        ...column,
        cell: ({ [column.name]: value }) => (value instanceof Date ? value.getTime() : (value as Cell)),
      })),
  },
  /**
   * The metadata of LAION-5B, as in `laion2B-multi` on Hugging Face, and the three columns that its
   * "joined" edition adds (https://laion.ai/blog/laion-5b/). `hash` is LAION's: the first half of
   * MurmurHash3 x64 128 of URL + TEXT, signed, so that both can be joined by it. LICENSE is "?" where
   * none is known. punsafe and pwatermark are those of the campaign's heads, null where it has none;
   * NSFW is null: that word was of LAION's own classifier.
   */
  laion5b: {
    from: [
      ...['uid', 'url', 'text', 'height', 'width', 'license', 'language', 'similarity', 'nsfw', 'watermark'],
    ],
    columns: () => [
      {
        name: 'SAMPLE_ID',
        type: 'int64',
        cell: (row) => BigInt.asIntN(64, BigInt(`0x${(row.uid as string).slice(0, 16)}`)),
      },
      column('URL', 'string', 'url'),
      column('TEXT', 'string', 'text'),
      column('HEIGHT', 'int32', 'height'),
      column('WIDTH', 'int32', 'width'),
      { name: 'LICENSE', type: 'string', cell: (row) => (row.license as string | null) ?? '?' },
      nullable('LANGUAGE', 'string', 'language'),
      missing('NSFW', 'string'),
      column('similarity', 'double', 'similarity'),
      { name: 'hash', type: 'int64', cell: (row) => laionHash(`${row.url}${row.text}`) },
      nullable('pwatermark', 'double', 'watermark'),
      nullable('punsafe', 'double', 'nsfw'),
    ],
  },
  /**
   * The metadata of DataComp's CommonPool (https://arxiv.org/abs/2304.14108) and nothing else. It has scores of
   * two models alone, OpenAI's ViT-B/32 and ViT-L/14: the one the campaign used is filled, the other is null, and
   * so are both for any other model. `face_bboxes` are the corners of faces, left, top, right and bottom, in fractions of
   * the picture's sides; null, not empty, where nobody looked for any.
   */
  datacomp: {
    from: ['uid', 'url', 'text', 'width', 'height', 'similarity', 'sha256', 'face_boxes'],
    columns: (model) => [
      column('uid', 'string', 'uid'),
      column('url', 'string', 'url'),
      column('text', 'string', 'text'),
      column('original_width', 'int64', 'width'),
      column('original_height', 'int64', 'height'),
      score('clip_b32_similarity_score', /clip-vit-base-patch32$/i, model),
      score('clip_l14_similarity_score', /clip-vit-large-patch14$/i, model),
      { name: 'face_bboxes', type: 'boxes', nullable: true, cell: (row) => cornersOf(row.face_boxes) },
      column('sha256', 'string', 'sha256'),
    ],
  },
  /**
   * Input of img2dataset (https://github.com/rom1504/img2dataset) with `--input_format parquet --url_col url
   * --caption_col caption`; `--verify_hash '["sha256","sha256"]'` takes only images that have not changed,
   * `--save_additional_columns '["uid","similarity"]'` keeps the way back to the shard.
   */
  img2dataset: {
    from: ['url', 'text', 'uid', 'similarity', 'sha256'],
    columns: () => [
      column('url', 'string', 'url'),
      column('caption', 'string', 'text'),
      column('uid', 'string', 'uid'),
      column('similarity', 'double', 'similarity'),
      column('sha256', 'string', 'sha256'),
    ],
  },
}

function column(name: string, type: Column['type'], from: string): Column {
  return { name, type, cell: (row) => row[from] as string | number }
}

function nullable(name: string, type: Column['type'], from: string): Column {
  return { name, type, nullable: true, cell: (row) => (row[from] as string | number | null) ?? null }
}

function missing(name: string, type: Column['type']): Column {
  return { name, type, nullable: true, cell: () => null }
}

/** A shard's producer may have written anything. */
function cornersOf(text: unknown): number[][] | null {
  try {
    const boxes: unknown = JSON.parse(text as string)
    if (!Array.isArray(boxes) || !boxes.every(isBox)) return null
    return boxes.map(([x, y, width, height]) => [x, y, x + width, y + height])
  } catch {
    return null
  }
}

function isBox(value: unknown): value is [number, number, number, number, number] {
  return Array.isArray(value) && value.length === 5 && value.every((part) => Number.isFinite(part))
}

function score(name: string, models: RegExp, model: string | null): Column {
  return model !== null && models.test(model.replace(/@.*$/, ''))
    ? nullable(name, 'float', 'similarity')
    : missing(name, 'float')
}
