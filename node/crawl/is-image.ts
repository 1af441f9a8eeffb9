/** Magic bytes of what a campaign may take: JPEG, PNG, GIF, WebP. */
const MAGICS = [/^\xff\xd8\xff/, /^\x89PNG\r\n\x1a\n/, /^GIF8[79]a/, /^RIFF[\s\S]{4}WEBP/]

/** Whether a response's body is a picture, by its header or, where that is wrong or missing, by its first bytes. */
export function isImage(contentType: string, body: Buffer): boolean {
  if (/^\s*image\//i.test(contentType)) return true
  const head = body.toString('latin1', 0, 16)
  return MAGICS.some((magic) => magic.test(head))
}
