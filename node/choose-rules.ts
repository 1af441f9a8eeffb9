import { ShoalError } from '../protocol/errors.ts'
import type { FilterRules } from '../protocol/rules/filter.ts'
import { PRESETS } from '../protocol/rules/presets.ts'
import type { CrawlRequest, Scorer } from './components.ts'

/** @throws ShoalError `preset_unknown` */
export function findPreset(name: string): FilterRules {
  const rules = Object.hasOwn(PRESETS, name) ? PRESETS[name] : undefined
  if (rules !== undefined) return rules
  throw new ShoalError('preset_unknown', `${name} is no preset: take ${Object.keys(PRESETS).join(', ')}`)
}

/**
 * The preset's rules with the thresholds that fit the model: those given by hand, else the model's own,
 * else the preset's where the model is the one they were published for.
 *
 * @throws ShoalError `preset_unknown`, `threshold_unknown`
 */
export function chooseRules(
  { preset, threshold }: Pick<CrawlRequest, 'preset' | 'threshold'>,
  { thresholds, model }: Pick<Scorer, 'thresholds' | 'model'>,
): FilterRules {
  const rules = findPreset(preset)
  if (threshold !== null) return { ...rules, similarity: { default: threshold, languages: {} } }
  if (thresholds === 'preset' || rules.similarity.default === -1) return rules
  if (thresholds === null) {
    throw new ShoalError(
      'threshold_unknown',
      `${preset} states its cosines for OpenAI's CLIP, and ${model.repo} brings none of its own: set --threshold, or add a shoal.json to the model`,
    )
  }
  return { ...rules, similarity: thresholds }
}
