/** A test file of which something failed. */
export interface FileResult {
  name: string
  /** the names of tests with their messages' first lines, or what else is known */
  faults: string[]
}

const MAX_FAULT_CHARS = 240
const MAX_FAULTS = 6

/**
 * Read what uvu printed, without colours. Of a `before` hook that throws uvu says nothing and ends well: such a suite is
 * known by fewer tests passed than there are, and no test that failed.
 *
 * @param names - the files, in their order
 * @param end - how the process ended: `exit code 0`, or a signal
 * @returns the files of which something failed, and whether the run came to its end; one that did not failed in the last
 */
export function readSuite(
  output: string,
  names: readonly string[],
  end: string,
): { files: FileResult[]; ended: boolean } {
  const known = new Set(names)
  const files = new Map<string, string[]>()
  const lines = output.split('\n')
  let current = names[0] ?? ''
  /** tests of the suite last counted that did not pass, and whose failures have not come yet */
  let missing = 0
  let ended = false
  const add = (fault: string) => {
    const faults = files.get(current) ?? []
    if (faults.length < MAX_FAULTS) faults.push(fault.slice(0, MAX_FAULT_CHARS))
    files.set(current, faults)
  }
  const closeSuite = () => {
    if (missing > 0) add(`${missing} tests never ran: a hook of their suite threw`)
    missing = 0
  }
  for (const [i, line] of lines.entries()) {
    const fail = /^\s*FAIL\s+(.*)$/.exec(line)
    const count = /\((\d+) \/ (\d+)\)\s*$/.exec(line)
    if (fail) {
      missing--
      add(`${fail[1]!.trim()}: ${(lines[i + 1] ?? '').trim()}`)
    } else if (count) {
      closeSuite()
      missing = Number(count[2]) - Number(count[1])
    } else if (known.has(line.trim())) {
      closeSuite()
      current = line.trim()
    } else if (/^\s*Total:\s+\d+/.test(line)) {
      closeSuite()
      ended = true
    }
  }
  if (!ended) add(`the run broke off (${end}): ${lastWords(lines)}`)
  else if (end !== 'exit code 0' && files.size === 0)
    add(`${end}, though no test failed: ${lastWords(lines)}`)
  return { files: [...files].map(([name, faults]) => ({ name, faults })), ended }
}

function lastWords(lines: readonly string[]): string {
  return lines
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .slice(-3)
    .join(' | ')
}
