import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import { findDataDir } from '../../node/paths.ts'
import { TAGS } from '../../protocol/rules/tags.ts'
import type { Context } from '../declarations.ts'
import { formatThings } from '../numbers.ts'
import { suggest } from '../suggest.ts'

export async function run({ args, options, output }: Context): Promise<void> {
  const { calibrate } = await import('../../node/calibrate-tags.ts')
  const out = resolve(options.out ?? 'tags.json')
  const { chosen, file, pictures, unread } = await calibrate({
    ...{ dataDir: findDataDir(options.data), labels: resolve(args[0]!), out },
    model: options.model ?? null,
    precision: options.precision ?? null,
    ...{ threads: options.threads ?? availableParallelism(), offline: options.offline },
    onPicture: (done) => output.live([`${formatThings(done, 'picture')} scored`]),
  })
  output.endProgress()
  for (const { image, reason } of unread) output.print(`left out: ${image}: ${reason}`)
  output.heading(`${formatThings(pictures, 'picture')} by ${file.model.repo}`)
  output.table(
    [
      { title: 'tag' },
      ...['threshold', 'precision', 'recall', 'with', 'without'].map((title) => ({
        title,
        align: 'right' as const,
      })),
    ],
    TAGS.map((tag) => {
      const { threshold, precision, recall, positives, negatives } = chosen[tag]
      const share = (value: number | null) => (value === null ? 'unknown' : value.toFixed(2))
      return [
        ...[tag, threshold === null ? 'none' : threshold.toFixed(4), share(precision), share(recall)],
        ...[String(positives), String(negatives)],
      ]
    }),
  )
  if (TAGS.some((tag) => chosen[tag].threshold === null))
    output.print('A tag without a threshold is not told: too few pictures, or no better than guessing.')
  output.print(out)
  output.print(`Use it: ${suggest(`campaign create … --tags ${options.out ?? 'tags.json'}`, options.data)}`)
  output.emit({ out, pictures, unread, tags: chosen })
}
