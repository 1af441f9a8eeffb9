import { type ModelCheck, manageModels } from '../../node/manage-models.ts'
import { findDataDir } from '../../node/paths.ts'
import { ShoalError } from '../../protocol/errors.ts'
import type { Context } from '../declarations.ts'
import { formatBytes, formatThings } from '../numbers.ts'
import { layOut } from '../table.ts'

export async function run({ args, options, output }: Context): Promise<void> {
  const models = manageModels(findDataDir(options.data))
  const { precision, threads, device } = options
  const check = await models.check(args[0] ?? null, { precision, threads, device })
  output.heading(`${args[0] ?? 'shoal-mini'}, ${check.precision}`)
  const lines = [
    ['opens', `${check.dimension} numbers an embedding, on ${check.deviceClass}`],
    ['files', describeFiles(check)],
    ['golden', describeGolden(check)],
    ['crops', describeCrops(check)],
    ['tokens', describeTokens(check)],
    ['cosines', describeThresholds(check)],
  ]
  for (const line of layOut([{ title: '' }, { title: '' }], lines)) output.print(line)
  output.emit(check)
  if (check.faults.length > 0)
    throw new ShoalError(
      'model_off',
      `${check.directory}: ${check.faults.join('; ')}. Its scores would not be those of others`,
    )
  output.print('Nothing is wrong with it.')
}

function describeFiles({ files }: ModelCheck): string {
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0)
  const known = files.filter(({ isPublished }) => isPublished).length
  return `${formatThings(files.length, 'file')}, ${formatBytes(bytes)}; ${known === 0 ? 'no published hash of them is known' : `${known} have the published hash, of the others none is known`}`
}

function describeGolden({ golden }: ModelCheck): string {
  if (golden === null) return 'it brings no golden pairs'
  return `${formatThings(golden.pairs, 'pair')}, at most ${golden.most.toPrecision(2)} off`
}

function describeCrops({ crops }: ModelCheck): string {
  if (crops === null) return 'there is no reference for the size or the kernel that it wants'
  const tell = ({ pictures, mean, most }: typeof crops.shrunk, how: string) =>
    `${formatThings(pictures, 'picture')} ${how}, ${mean.toFixed(2)} of 255 off Pillow's on average, at most ${most}`
  const parts = [tell(crops.shrunk, 'shrunk')]
  if (crops.enlarged.pictures > 0) parts.push(tell(crops.enlarged, 'enlarged'))
  return parts.join('; ')
}

function describeTokens({ tokens }: ModelCheck): string {
  if (tokens === null) return 'there is no reference for its tokeniser'
  const right = tokens.texts - tokens.wrong.length
  return `${right} of ${formatThings(tokens.texts, 'text')} as ${tokens.of} has them`
}

function describeThresholds({ thresholds }: ModelCheck): string {
  if (thresholds === null) return 'none is known: set --threshold'
  if (thresholds === 'preset') return 'those of the presets, which were published for it'
  const others = Object.entries(thresholds.languages).map(([language, cosine]) => `, ${language} ${cosine}`)
  return `${thresholds.default}${others.join('')}`
}
