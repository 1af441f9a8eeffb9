/** The shell commands of a page, a block each, in its order. */
export function readBlocks(text: string): { line: number; script: string }[] {
  return [...text.matchAll(/^```sh\n([\s\S]*?)^```/gm)].map((block) => ({
    line: text.slice(0, block.index).split('\n').length + 1,
    script: block[1]!,
  }))
}
