import { hash } from 'node:crypto'
import { base58btc } from 'multiformats/bases/base58'
import type { CID } from 'multiformats/cid'
import { create } from 'multiformats/hashes/digest'
import { sha256 } from 'multiformats/hashes/sha2'
import { ShoalError } from '../../protocol/errors.ts'

/**
 * The rule that blocks a block, whatever codec it is asked for by. Where it is secret which one is meant, the rule has a
 * hash of its hash: it can be compared with what is asked for, and not asked for.
 */
export function ruleFor(block: CID, isSecret: boolean): string {
  if (!isSecret) return `/ipfs/${block}`
  const name = base58btc.baseEncode(block.multihash.bytes)
  return `//${base58btc.baseEncode(create(sha256.code, hash('sha256', name, 'buffer')).bytes)}`
}

/**
 * A denylist that IPFS gateways read, which has these rules in force. What has been in one is kept, so that a gateway that
 * watches the file needs only what is appended: of rules on the same block the last one counts, and `!` takes one back.
 *
 * @param before - what the file has; null: it is new
 * @param author - who says so
 * @returns what is to be appended, and how much of it
 * @throws ShoalError `denylist_foreign` where the file is no denylist
 * @see https://specs.ipfs.tech/compact-denylist-format/
 */
export function extendDenylist(
  before: string | null,
  wanted: ReadonlySet<string>,
  author: string,
): { text: string; added: number; takenBack: number } {
  const inForce = before === null ? new Set<string>() : readRules(before)
  const over = [...inForce].filter((rule) => !wanted.has(rule)).sort()
  const added = [...wanted].filter((rule) => !inForce.has(rule)).sort()
  // first what is over: a block may be named by another rule from now on
  const lines = [...over.map((rule) => `!${rule}`), ...added]
  const head = before === null ? headOf(author) : before === '' || before.endsWith('\n') ? '' : '\n'
  return {
    text: `${head}${lines.map((line) => `${line}\n`).join('')}`,
    ...{ added: added.length, takenBack: over.length },
  }
}

function headOf(author: string): string {
  return [
    'version: 1',
    'name: Shoal removals',
    'description: Blocks with rows that people had removed from datasets of image addresses and texts',
    `author: ${JSON.stringify(author)}`,
    'hints:',
    '  gateway_status: "410"',
    '---',
    '',
  ].join('\n')
}

/** Of files that this program wrote, and somebody may have added to: blocks alone are named there, none of their paths. */
function readRules(text: string): Set<string> {
  const end = /^---$/m.exec(text)
  if (end === null)
    throw new ShoalError(
      'denylist_foreign',
      'the file is there and no denylist: name another, or one that is not there',
    )
  const rules = new Set<string>()
  for (const line of text.slice(end.index).split('\n')) {
    const [, negated, rule] = /^(!?)(\/(?:ipfs\/[^/\s]+|\/\w+))(?:\s|$)/.exec(line) ?? []
    if (rule === undefined) continue
    if (negated === '!') rules.delete(rule)
    else rules.add(rule)
  }
  return rules
}
