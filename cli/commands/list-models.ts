import { type KnownModel, manageModels } from '../../node/manage-models.ts'
import { findDataDir } from '../../node/paths.ts'
import type { Context } from '../declarations.ts'
import { formatBytes, formatThings } from '../numbers.ts'
import { suggest } from '../suggest.ts'
import { layOut, shorten } from '../table.ts'

const KINDS: Readonly<Record<KnownModel['kind'], string>> = {
  embedded: 'a part of Shoal',
  downloaded: 'downloaded',
  imported: 'imported',
  campaign: "a campaign's",
  recipe: 'known, not here',
}

export async function run({ options, output }: Context): Promise<void> {
  const models = await manageModels(findDataDir(options.data)).list()
  const here = models.filter(({ kind }) => kind !== 'recipe')
  const absent = models.filter(({ kind }) => kind === 'recipe')
  for (const model of here) show(model)
  if (absent.length > 0) output.print('\nKnown, and not here:')
  for (const model of absent) show(model)
  output.print(`${formatThings(here.length, 'model')} here, ${formatBytes(sum(here))}`)
  if (absent[0]) output.print(`Get one: ${suggest(`model pull ${absent[0].name}`, options.data)}`)
  output.emit({ models })

  function show(model: KnownModel): void {
    output.heading(shorten(model.name, 78))
    const { dimension, languages, licence } = model
    const about = [languages, dimension === null ? null : `${dimension} numbers`, licence].filter(Boolean)
    const facts = [
      ...(model.title === null ? [] : [['', shorten(model.title, 200)]]),
      ['is', `${KINDS[model.kind]}, ${formatBytes(model.bytes)}`],
      ...(model.trouble === null ? [] : [['trouble', model.trouble]]),
      ...(model.precisions.length === 0 ? [] : [['precisions', model.precisions.join(', ')]]),
      ...(about.length === 0 ? [] : [['for', about.join(', ')]]),
      ...(model.repo === null
        ? []
        : [
            ['from', model.repo.split('@')[0]!],
            ['revision', model.repo.split('@')[1]!],
          ]),
      ['cosines', describeThresholds(model)],
    ]
    for (const line of layOut([{ title: '' }, { title: '' }], facts, 78)) output.print(`  ${line}`)
  }
}

function describeThresholds({ thresholds, source }: KnownModel): string {
  if (thresholds.length === 0) return source
  const parts = thresholds.map(({ preset, default: least, languages }) => {
    const others = Object.entries(languages).map(([language, cosine]) => `${cosine} ${language}`)
    const all = [...others, others.length > 0 ? `${least} others` : `${least}`].join(', ')
    return preset === null ? all : `${preset} ${all}`
  })
  return `${parts.join('; ')} (${source})`
}

function sum(models: readonly KnownModel[]): number {
  return models.reduce((bytes, model) => bytes + model.bytes, 0)
}
