import type { Safety } from '../protocol/records/safety.ts'
import type { Scorer } from './components.ts'
import { readTags } from './look/look.ts'
import { type HeadFile, readHead } from './score/score.ts'

/** What is to be looked for in pictures, as it lies on this machine. */
export interface SafetyRequest {
  /** a file of thresholds for the model, see `readTags` */
  tags?: string | null | undefined
  /** directories, see `readHead` */
  heads?: readonly string[] | undefined
}

/** @throws ShoalError as `readTags`, `readHead` */
export async function chooseSafety(
  { tags, heads = [] }: SafetyRequest,
  model: Scorer['model'],
): Promise<{ safety: Safety; files: HeadFile[] }> {
  const files = await Promise.all(heads.map(readHead))
  const rules = tags ? await readTags(tags, model) : null
  return { safety: { tags: rules, heads: files.map(({ head }) => head) }, files }
}
