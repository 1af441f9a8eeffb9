/**
 * The path of the WARC that a WAT describes. A WAT names its WARC's file alone; Common Crawl keeps the two in sibling
 * folders, `…/wat/NAME.warc.wat.gz` and `…/warc/NAME.warc.gz`, so a WAT named with its folder tells the WARC's.
 *
 * @param watName - the WAT as the campaign names it
 * @param warcFile - the file name inside the WAT
 */
export function warcPathOf(watName: string, warcFile: string): string {
  const match = /^(.*\/)?wat\/([^/]+)\.warc\.wat\.gz$/.exec(watName)
  return match !== null && warcFile === `${match[2]}.warc.gz` ? `${match[1] ?? ''}warc/${warcFile}` : warcFile
}
