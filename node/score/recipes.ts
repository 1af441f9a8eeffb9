import type { Thresholds } from '../../protocol/rules/filter.ts'
import { PRESETS } from '../../protocol/rules/presets.ts'

/** A published model: where its files are and what is known of them. */
export interface Recipe {
  /** what `--model` takes */
  name: string
  title: string
  /** `owner/name` at the Hugging Face hub */
  repo: string
  /** the commit, or a branch where none is known */
  revision: string
  /** where files lie in the repository, if not where Optimum has them */
  paths: Readonly<Record<string, string>> | null
  /** about how many bytes a download has, by precision; others may be there as well */
  bytes: Readonly<Record<string, number>>
  /** numbers of an embedding */
  dimension: number
  languages: string
  licence: string
  /** by preset, and within it by language; null where nobody has published any */
  thresholds: Readonly<Record<string, Thresholds>> | null
  /** where the thresholds come from, or why there are none */
  source: string
  /**
   * sha256 by path, as the files' public pages state it (Git LFS object ids). A file without one is taken as it is
   * at the first download; from then on a campaign's manifest fixes it.
   */
  pins: Readonly<Record<string, string>>
}

/** How open_clip's own exports are laid out at the hub. */
export const OPEN_CLIP: Readonly<Record<string, string>> = {
  'onnx/vision_model.onnx': 'visual/model.onnx',
  'onnx/text_model.onnx': 'textual/model.onnx',
  'preprocessor_config.json': 'visual/preprocess_cfg.json',
  'tokenizer.json': 'textual/tokenizer.json',
  'tokenizer_config.json': 'textual/tokenizer_config.json',
}

const UNPUBLISHED = 'nobody has published any: set --threshold'

/** The presets' own model first. */
export const RECIPES: readonly Recipe[] = [
  {
    ...{ name: 'openai-vit-b-32', title: "OpenAI's CLIP ViT-B/32, which scored LAION-400M and LAION-5B" },
    repo: 'Xenova/clip-vit-base-patch32',
    revision: 'd15189d7028b43f1d3e65039190477f6af591c2a',
    paths: null,
    bytes: { fp32: 607_968_381, fp16: 305_304_778, quantized: 155_845_627 },
    ...{ dimension: 512, languages: 'English', licence: 'MIT' },
    thresholds: {
      'laion-400m': PRESETS['laion-400m']!.similarity,
      'laion-5b': PRESETS['laion-5b']!.similarity,
    },
    source:
      'LAION-400M, arXiv 2111.02114, section 2; LAION-5B, arXiv 2210.08402, section 3.2 (there 0.26 is of a multilingual CLIP)',
    pins: {
      'onnx/vision_model.onnx': 'fd6e1402a588279d1723c7534d4bcba5bc0b14b47dfab0e46f8c47b8270d7d40',
      'onnx/vision_model_fp16.onnx': '35c4e0fb0aeee527dcde1693520b214a34424a786babd530f35366bad5844efd',
      'onnx/vision_model_quantized.onnx': '583fd1110a514667812fee7d684952aaf82a99b959760c8d7dca7e0ab9839299',
      'onnx/text_model.onnx': '3f6571f5bad13a97c469c1622e1cfc4d9aef78b79fdbfcff804ca357bfada8cc',
      'onnx/text_model_fp16.onnx': 'df587ffbf248bf20d44fa6e16adc5ebc27ead691860e5333dbdaab5fd6bf3f6e',
      'onnx/text_model_quantized.onnx': '73baab855d406190da9faa498cfedf65f15cf309f4cc7385b7b032e6d08e5c3a',
    },
  },
  {
    ...{ name: 'openai-vit-b-16', title: "OpenAI's CLIP ViT-B/16" },
    repo: 'Xenova/clip-vit-base-patch16',
    revision: '342fdf2f67aded64d138ff074745fb4a5d2bba5f',
    paths: null,
    bytes: { fp32: 601_343_255, quantized: 154_190_228 },
    ...{ dimension: 512, languages: 'English', licence: 'MIT' },
    ...{ thresholds: null, source: UNPUBLISHED },
    pins: {
      'onnx/text_model.onnx': '19f40c7988af119fc50dabfe8015da8595c0372000e2c1f1a6289e35930577aa',
      'onnx/text_model_quantized.onnx': '9106b51e6c663a56b99182ec617c2b3d53577b037e7e24a7717eb78048a0c97a',
      'onnx/vision_model.onnx': 'b5170b47c0ecc667c9af5b42ed460c341377706d1466d177798c65fe49ea1e6b',
      'onnx/vision_model_quantized.onnx': '44eece4fe5fe4e0359a88268a327adf758633a1aade3917690b952bef1501f96',
    },
  },
  {
    ...{ name: 'openai-vit-l-14', title: "OpenAI's CLIP ViT-L/14, which scored DataComp-1B" },
    repo: 'Xenova/clip-vit-large-patch14',
    revision: 'c307790166907339eed5a9a53a249af534102536',
    paths: null,
    bytes: { fp32: 1_710_000_000, fp16: 858_699_231 },
    ...{ dimension: 768, languages: 'English', licence: 'MIT' },
    thresholds: null,
    source: 'DataComp, arXiv 2304.14108, keeps the best 30 % of a pool by it, and no cosine: set --threshold',
    pins: {
      'onnx/vision_model.onnx': 'ff49f8aa57c7abfd26e382eb083e4dbf988505223a9bd3767dbfd4e729206709',
      'onnx/vision_model_fp16.onnx': '6e6b9e280b73bdc432b6c3b1c05f33596bbe5570f6825f1174eaa207fc1d22dc',
      'onnx/text_model.onnx': 'a86051a90491b97e2ea1d0351ef664926735bca7536034384f901915ee91fd69',
      'onnx/text_model_fp16.onnx': '643d385d6adbc4b9067f3f94384cc63a8409accb1bfd414496d17df84b161032',
    },
  },
  {
    ...{ name: 'laion-vit-b-32', title: "LAION's CLIP ViT-B/32, trained on LAION-2B" },
    repo: 'immich-app/ViT-B-32__laion2b-s34b-b79k',
    revision: '19a057a0fb927cf239541300e74237cd56c7ffe2',
    paths: OPEN_CLIP,
    bytes: { fp32: 609_400_000 },
    ...{ dimension: 512, languages: 'English', licence: 'MIT' },
    ...{ thresholds: null, source: UNPUBLISHED },
    pins: {
      'onnx/vision_model.onnx': 'b9ce24b91a8c62ef8d40ea786051709c93140104cbf2b6b4a2cc270df3838f9c',
      'onnx/text_model.onnx': '48c25be37b352398f2533c9426dab6f9340535e14e46f884cc894236a5060722',
    },
  },
  {
    ...{ name: 'laion-vit-l-14', title: "LAION's CLIP ViT-L/14, trained on LAION-2B" },
    ...{ repo: 'immich-app/ViT-L-14__laion2b-s32b-b82k', revision: 'main' },
    paths: OPEN_CLIP,
    bytes: { fp32: 1_715_000_000 },
    ...{ dimension: 768, languages: 'English', licence: 'MIT' },
    ...{ thresholds: null, source: UNPUBLISHED, pins: {} },
  },
  {
    name: 'laion-xlm-roberta-vit-b-32',
    title: "LAION's CLIP ViT-B/32 with XLM-RoBERTa, trained on LAION-5B",
    repo: 'immich-app/XLM-Roberta-Base-ViT-B-32__laion5b_s13b_b90k',
    revision: '111f6ddca817bb6cd8343c3e3dc5ce39d9ba54b0',
    paths: OPEN_CLIP,
    bytes: { fp32: 1_482_000_000 },
    ...{ dimension: 512, languages: 'about 100', licence: 'MIT' },
    ...{ thresholds: null, source: UNPUBLISHED, pins: {} },
  },
  {
    ...{ name: 'siglip2-base-16', title: "Google's SigLIP 2 base, 224 pixels" },
    repo: 'onnx-community/siglip2-base-patch16-224-ONNX',
    revision: 'ba1f3b0843f24bc5417d38e19c37b287d719b2f4',
    paths: null,
    bytes: { fp32: 1_535_000_000, fp16: 785_000_000, quantized: 412_000_000 },
    ...{ dimension: 768, languages: 'about 100', licence: 'Apache-2.0' },
    ...{ thresholds: null, source: UNPUBLISHED },
    pins: {
      'tokenizer.json': 'cb9140fae3ac5122c972d37adf83e1248471a38147ad76f8215c8872c6fd8322',
      'onnx/vision_model.onnx': 'c0573e3f4140c3a7c4e9cc5912bd6b26a033b46a6a8e8af26cbea262b163bcad',
      'onnx/vision_model_fp16.onnx': 'a1959f7bd3993a607e48839f6d01e25b876fe76afda301b028b78eef68aabd95',
      'onnx/vision_model_quantized.onnx': '5f2b401c1a4fc095702a5d45348e17ad46c4f87064085365b43c6e8eaa5c0070',
      'onnx/text_model.onnx': 'baf12d941beabafafb14f7b4adb38dc15be18681b964a84410ec53d9d65e6293',
      'onnx/text_model_fp16.onnx': '711da56ada0a4aa11c7dd3320df741081a3cae4f0ae1b5e5c6d5b294738d0eb0',
      'onnx/text_model_quantized.onnx': '3a0603d3a00c05a80a6ded4743c16aaac7b1e62cdcc7e362e7ce418659b96400',
    },
  },
  {
    ...{ name: 'mobileclip-s2', title: "Apple's MobileCLIP-S2, small and quick" },
    ...{ repo: 'Xenova/mobileclip_s2', revision: 'main' },
    paths: null,
    bytes: { fp32: 399_000_000 },
    ...{ dimension: 512, languages: 'English', licence: 'Apple AMLR, for research only' },
    ...{ thresholds: null, source: UNPUBLISHED },
    pins: {
      'tokenizer.json': '72ed5c96db5729294468543e4bc75fce14ca63f58e37300290189ba1c1e52b85',
      'onnx/vision_model.onnx': 'd28b92d7a3a6ba99bd000cce5c91678c0e279dc934c887a3785908a811872a6c',
      'onnx/text_model.onnx': 'ff82e945c6c652c51df687e10f102a8e43c87d37c9108ff692468be3732f3710',
    },
  },
]

/** @returns the recipe of this name, or of this `owner/name` of the hub */
export function recipeOf(name: string): Recipe | undefined {
  return RECIPES.find((recipe) => recipe.name === name || recipe.repo === name)
}
