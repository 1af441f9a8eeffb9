import { ShoalError } from '../../protocol/errors.ts'

/** What is asked for; of a CAR, as it will be told in its content type. */
export type Format = { type: 'raw' } | { type: 'car'; dups: boolean }

const RAW = 'application/vnd.ipld.raw'
const CAR = 'application/vnd.ipld.car'

/**
 * `format=` first, else the best that `Accept` names (RFC 9110, 12.5.1), by
 * https://specs.ipfs.tech/http-gateways/trustless-gateway/ of 2026-03. `car-version`, `car-order` and `car-dups` go before
 * the parameters of a media type.
 *
 * @throws ShoalError `format_missing` where neither names one that is verifiable, `format_unknown`, `car_variant`
 */
export function chooseFormat(query: URLSearchParams, accept: string | undefined): Format {
  const format = query.get('format')
  if (format !== null && format !== 'raw' && format !== 'car')
    throw new ShoalError('format_unknown', `format=${clip(format)} is not given here: ask for raw or car`)
  const ranges = parseAccept(accept ?? '')
  if (format === 'raw') return { type: 'raw' }
  if (format === 'car') {
    const named = ranges.find((range) => range.type === CAR && isKnown(range.parameters))
    return readVariant(query, named?.parameters ?? new Map())
  }
  const best = ranges.filter(({ type }) => type === RAW || type === CAR)
  for (const { type, parameters } of best) {
    if (type === RAW) return { type: 'raw' }
    if (isKnown(withQuery(query, parameters))) return readVariant(query, parameters)
  }
  if (best.length > 0) throw variantError(best[0]!.parameters)
  throw new ShoalError(
    'format_missing',
    `nothing is rendered here: ask for ?format=raw, ?format=car, or Accept: ${RAW} or ${CAR}`,
  )
}

/** As the answer tells it. */
export function contentTypeOf(format: Format): string {
  return format.type === 'raw' ? RAW : `${CAR}; version=1; order=dfs; dups=${format.dups ? 'y' : 'n'}`
}

type Parameters = ReadonlyMap<string, string>

function readVariant(query: URLSearchParams, parameters: Parameters): Format {
  const all = withQuery(query, parameters)
  if (!isKnown(all)) throw variantError(all)
  return { type: 'car', dups: all.get('dups') === 'y' }
}

function withQuery(query: URLSearchParams, parameters: Parameters): Parameters {
  const all = new Map(parameters)
  for (const name of ['version', 'order', 'dups']) {
    const value = query.get(`car-${name}`)
    if (value !== null) all.set(name, value)
  }
  return all
}

/** Depth first satisfies who takes any order. */
function isKnown(parameters: Parameters): boolean {
  const { version = '1', order = 'unk', dups = 'n' } = Object.fromEntries(parameters)
  return version === '1' && ['dfs', 'unk', ''].includes(order) && ['y', 'n'].includes(dups)
}

function variantError(parameters: Parameters): ShoalError {
  const asked = [...parameters].map(([name, value]) => `${name}=${value}`).join('; ')
  return new ShoalError(
    'car_variant',
    `a CAR of ${clip(asked)} is not given here: ask for version=1, order=dfs or unk, dups=y or n`,
  )
}

/** The media ranges that are accepted at all, best first; of equals, as they are written. */
function parseAccept(header: string): { type: string; parameters: Parameters; quality: number }[] {
  return header
    .split(',')
    .map((range) => {
      const [type = '', ...rest] = range.split(';').map((part) => part.trim())
      const parameters = new Map<string, string>()
      for (const part of rest) {
        const [name = '', value = ''] = part.split('=', 2)
        parameters.set(
          name.trim().toLowerCase(),
          value
            .trim()
            .replace(/^"(.*)"$/, '$1')
            .toLowerCase(),
        )
      }
      const quality = Number(parameters.get('q') ?? 1)
      parameters.delete('q')
      return { type: type.toLowerCase(), parameters, quality }
    })
    .filter(({ quality }) => quality > 0)
    .sort((a, b) => b.quality - a.quality)
}

const clip = (text: string) => JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text)
