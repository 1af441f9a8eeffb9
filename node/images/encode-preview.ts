import sharp from 'sharp'
import type { CropGeometry } from '../components.ts'

/** Pixels of a side, at most. */
const SIDE = 224

/**
 * A small JPEG of what a model saw.
 *
 * @param crop - RGB, interleaved; it must stay as it is until this settles
 */
export function encodePreview(
  crop: Uint8Array,
  { width, height }: Pick<CropGeometry, 'width' | 'height'>,
): Promise<Buffer> {
  return sharp(crop, { raw: { width, height, channels: 3 } })
    .resize({ width: SIDE, height: SIDE, fit: 'inside', withoutEnlargement: true })
    .jpeg({ quality: 75 })
    .toBuffer()
}
