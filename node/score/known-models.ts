import { ShoalError } from '../../protocol/errors.ts'
import type { ModelFile } from './model-files.ts'

/** The OpenAI model whose cosines LAION published its thresholds for, as converted to ONNX. */
const PRESETS_MODEL = 'Xenova/clip-vit-base-patch32'

/**
 * sha256 of published files by `owner/name` and path, as their public pages state it (Git LFS object ids).
 * A file that is named here and hashes to something else is refused.
 */
const PINS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  [PRESETS_MODEL]: {
    'onnx/vision_model.onnx': 'fd6e1402a588279d1723c7534d4bcba5bc0b14b47dfab0e46f8c47b8270d7d40',
    'onnx/vision_model_fp16.onnx': '35c4e0fb0aeee527dcde1693520b214a34424a786babd530f35366bad5844efd',
    'onnx/text_model_fp16.onnx': 'df587ffbf248bf20d44fa6e16adc5ebc27ead691860e5333dbdaab5fd6bf3f6e',
    'onnx/text_model_quantized.onnx': '73baab855d406190da9faa498cfedf65f15cf309f4cc7385b7b032e6d08e5c3a',
  },
  'Xenova/clip-vit-base-patch16': {
    'onnx/text_model.onnx': '19f40c7988af119fc50dabfe8015da8595c0372000e2c1f1a6289e35930577aa',
    'onnx/text_model_quantized.onnx': '9106b51e6c663a56b99182ec617c2b3d53577b037e7e24a7717eb78048a0c97a',
    'onnx/vision_model.onnx': 'b5170b47c0ecc667c9af5b42ed460c341377706d1466d177798c65fe49ea1e6b',
    'onnx/vision_model_quantized.onnx': '44eece4fe5fe4e0359a88268a327adf758633a1aade3917690b952bef1501f96',
  },
  'Xenova/mobileclip_s2': {
    'onnx/vision_model.onnx': 'd28b92d7a3a6ba99bd000cce5c91678c0e279dc934c887a3785908a811872a6c',
    'onnx/text_model.onnx': 'ff82e945c6c652c51df687e10f102a8e43c87d37c9108ff692468be3732f3710',
  },
}

/** @returns the sha256 that a published file must have, or undefined where it is not known */
export function pinOf(repo: string, path: string): string | undefined {
  return PINS[repo]?.[path]
}

/** @throws ShoalError `model_hash` where a file of a known repository is not the published one */
export function checkPins(repo: string, files: ModelFile[], directory: string): void {
  for (const { path, sha256 } of files) {
    const pin = pinOf(repo, path)
    if (pin === undefined || pin === sha256) continue
    const hashes = `sha256 ${sha256}; ${repo}'s has ${pin}`
    throw new ShoalError('model_hash', `${directory}: ${path} has ${hashes}. Delete it to download it again`)
  }
}

/** Whether the presets' thresholds were published for this model: its image tower is known, its text tower not another. */
export function isPresetsModel(files: ModelFile[]): boolean {
  const pins = PINS[PRESETS_MODEL] ?? {}
  const towers = files.filter(({ path }) => /^onnx\/(vision|text)_model\w*\.onnx$/.test(path))
  const isKnown = towers.some(({ path, sha256 }) => path.includes('vision') && pins[path] === sha256)
  return isKnown && towers.every(({ path, sha256 }) => pins[path] === undefined || pins[path] === sha256)
}
