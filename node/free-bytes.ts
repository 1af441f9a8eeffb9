/**
 * Give memory back at once, by a view of it that nobody uses any more, through whatever other view. The collector
 * hardly counts what lies outside its heap: until it comes by, hundreds of megabytes gather that nobody needs.
 * Of a view of less than half of its memory others may hold the rest, so that is left to the collector.
 */
export function freeBytes(bytes: Uint8Array): void {
  const { buffer } = bytes
  if (buffer instanceof ArrayBuffer && 2 * bytes.byteLength > buffer.byteLength) buffer.transfer(0)
}
