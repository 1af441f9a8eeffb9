import { join } from 'node:path'
import { ShoalError } from '../../../protocol/errors.ts'
import { checkHead } from '../../../protocol/records/safety.ts'
import { readJson } from '../model-config.ts'
import { hashFile } from '../model-files.ts'
import type { HeadFile } from './heads-worker.ts'

/** What describes a head in its directory: the fields of a campaign's head, of which `file` is the graph's name there. */
const DESCRIPTION = 'head.json'

/**
 * A head from a directory: `head.json`, and the ONNX file that it names.
 *
 * @throws ShoalError `head_missing_file`, `model_config` for JSON that can't be read, `head_field`, `head_unknown_field`
 */
export async function readHead(directory: string): Promise<HeadFile> {
  const path = join(directory, DESCRIPTION)
  const { file, ...fields } = await readJson(path, {})
  if (Object.keys(fields).length === 0)
    throw new ShoalError(
      'head_missing_file',
      `${path} is missing: a head is a directory with it and an ONNX file, as docs/safety.md shows`,
    )
  if (typeof file !== 'string' || !/^[\w-][\w.-]*$/.test(file))
    throw new ShoalError('head_field', `${path}: "file" is no name of a file beside it`)
  const graph = join(directory, file)
  const { sha256, bytes } = await hashFile(graph).catch((cause: Error) => {
    throw new ShoalError('head_missing_file', `${graph} can't be read (${cause.message})`, { cause })
  })
  try {
    return { head: checkHead({ ...fields, file: { sha256, bytes } }), path: graph }
  } catch (cause) {
    const { code, message } = cause as ShoalError
    throw new ShoalError(code, `${path}: ${message}`, { cause })
  }
}
