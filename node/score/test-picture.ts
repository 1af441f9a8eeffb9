/**
 * Pictures that are the same bytes on every machine, for trying out a model: bands and a lattice, another one for
 * each number, RGB interleaved.
 */
export function testPicture(number: number, width: number, height: number): Uint8Array {
  const picture = new Uint8Array(3 * width * height)
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let channel = 0; channel < 3; channel++) {
        const band = x * (number + 1) + y * (channel + 2 * number + 1) + channel * 85
        picture[at++] = band ^ ((x >> (3 + (number % 3))) * (y >> 4) * (channel + 1))
      }
    }
  }
  return picture
}
