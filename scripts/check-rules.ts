import { posix } from 'node:path'

/** The rules of the house that no other tool checks, as functions of a file's path and text. */

export interface Finding {
  /** in the repository, with forward slashes */
  path: string
  line: number
  /** what is wrong, and what to do */
  message: string
}

export const MAX_LINES = 300

/** Longer files, each with its reason. */
export const LONG_FILES: Readonly<Record<string, string>> = {
  'node/components.ts': 'what passes between parts is read in one place',
  'scripts/train-shoal-mini/evaluate.mjs': 'one report, whose tables share their data',
  'test/node/crawl/warc.test.ts': 'every fault of an archive is made by the same few functions',
  'test/node/gateway/gateway.test.ts': 'the cases of one specification, asked of one directory',
  'test/node/images/decode.test.ts': 'every picture is made by the same few functions',
}

/** Packages that compute and nothing else: no files, sockets, clock or randomness. */
const PURE_PACKAGES = [
  ...['@ipld/dag-cbor', '@noble/curves', '@noble/hashes', 'cborg', 'multiformats', 'saxes'],
  ...['structured-headers', 'valibot'],
]

/** What would make two nodes disagree, or take protocol/ out of a browser. */
const IMPURE: readonly [RegExp, string][] = [
  [/\bDate\.now\b|\bnew Date\(\s*\)|\bDate\(\s*\)|\bperformance\.now\b/, 'the clock'],
  [/\bMath\.random\b|\bgetRandomValues\b|\brandomUUID\b|\brandomBytes\b/, 'randomness'],
  [/\bfetch\(|\bWebSocket\b|\bXMLHttpRequest\b/, 'the network'],
  [/\bset(?:Timeout|Interval|Immediate)\(/, 'timers'],
  [/\bprocess\.|\bBuffer\b/, "Node's own globals"],
]

/** Says nothing about its contents, so everything ends up in it. */
const EMPTY_NAME = /^(?:utils?|commons?|helpers?|types?|index|misc)\.(?:ts|mts|mjs|js)$/

/** Layers that a layer's files may import. Tests and scripts may import everything. */
const ARROWS: Readonly<Record<string, readonly string[]>> = {
  protocol: ['protocol'],
  node: ['node', 'protocol'],
  cli: ['cli', 'node', 'protocol'],
}

/** @param path - in the repository, with forward slashes */
export function checkFile(path: string, text: string): Finding[] {
  const code = blankComments(text)
  return [
    ...checkName(path),
    ...checkLength(path, text),
    ...checkNotes(path, text),
    ...checkSyntax(path, code),
    ...checkImports(path, code),
    ...checkPurity(path, code),
    ...checkSuites(path, code),
  ]
}

function checkName(path: string): Finding[] {
  const name = posix.basename(path)
  return EMPTY_NAME.test(name)
    ? [{ path, line: 1, message: `${name} says nothing: name the file after the thing or the act in it` }]
    : []
}

function checkLength(path: string, text: string): Finding[] {
  const lines = countLines(text)
  const excused = Object.hasOwn(LONG_FILES, path)
  if (lines > MAX_LINES && !excused)
    return [{ path, line: lines, message: `${lines} lines: divide it, or give its reason in LONG_FILES` }]
  if (lines <= MAX_LINES && excused)
    return [{ path, line: 1, message: `only ${lines} lines: take it out of LONG_FILES` }]
  return []
}

function checkNotes(path: string, text: string): Finding[] {
  // spelt apart, since this file is checked as well
  const note = new RegExp(`\\b(?:${['TO', 'DO'].join('')}|${['FIX', 'ME'].join('')}|X{3})\\b`)
  return findLines(text, note).map((line) => ({ path, line, message: 'unfinished: do it, or open an issue' }))
}

function checkSyntax(path: string, code: string): Finding[] {
  if (!path.endsWith('.ts')) return []
  const rules: [RegExp, string][] = [
    [
      /^\s*(?:export\s+)?(?:declare\s+)?(?:const\s+)?enum\s+\w/,
      'an enum: use a union of literals, or `as const`',
    ],
    [/^\s*(?:export\s+)?(?:declare\s+)?(?:namespace|module)\s+\w/, 'a namespace: use a module'],
    [/^\s*(?:export\s+)?interface\s+I[A-Z]/, 'an I before the name of an interface: leave it out'],
  ]
  return rules.flatMap(([pattern, message]) =>
    findLines(code, pattern).map((line) => ({ path, line, message })),
  )
}

function checkImports(path: string, code: string): Finding[] {
  const layer = path.split('/')[0]!
  const allowed = ARROWS[layer]
  return findImports(code).flatMap(({ specifier, line }) => {
    const message = specifier.startsWith('.')
      ? judgeNeighbour(path, posix.join(posix.dirname(path), specifier), allowed)
      : judgePackage(layer, specifier)
    return message === null ? [] : [{ path, line, message }]
  })
}

function judgeNeighbour(path: string, target: string, allowed: readonly string[] | undefined): string | null {
  const layer = target.split('/')[0]!
  if (allowed === undefined) return null
  if (target.includes('/') && !allowed.includes(layer))
    return `${path.split('/')[0]}/ imports ${layer}/: the arrows are cli → node → protocol`
  const [, part] = /^node\/([^/]+)\//.exec(target) ?? []
  if (part === undefined || path.startsWith(`node/${part}/`) || target === `node/${part}/${part}.ts`)
    return null
  return `${target} lies behind a door: import node/${part}/${part}.ts`
}

function judgePackage(layer: string, specifier: string): string | null {
  if (layer !== 'protocol') return null
  if (PURE_PACKAGES.some((name) => specifier === name || specifier.startsWith(`${name}/`))) return null
  return `protocol/ imports ${specifier}: let the caller pass it in, or add it to PURE_PACKAGES if it only computes`
}

function checkPurity(path: string, code: string): Finding[] {
  if (!path.startsWith('protocol/')) return []
  return IMPURE.flatMap(([pattern, what]) =>
    findLines(code, pattern).map((line) => ({
      path,
      line,
      message: `protocol/ uses ${what}: let the caller pass it in`,
    })),
  )
}

/** uvu runs a suite only if told to: a forgotten `.run()` is a test that never fails. */
function checkSuites(path: string, code: string): Finding[] {
  if (!/\.(test|slow|long|interop)\.ts$/.test(path)) return []
  const suites = [...code.matchAll(/^\s*(?:const|let)\s+(\w+)\s*=\s*suite\b/gm)].map(([, name]) => name!)
  if (/^import\s*\{[^}]*\btest\b[^}]*\}\s*from\s*'uvu'/m.test(code)) suites.push('test')
  const only = findLines(code, /^\s*\w+\.only\(/).map((line) => ({
    path,
    line,
    message: 'only() leaves the other tests out: take it away',
  }))
  if (suites.length === 0)
    return [...only, { path, line: 1, message: 'no suite of uvu: make one, or rename the file' }]
  const idle = suites.filter((name) => !new RegExp(`\\b${name}\\.run\\(\\)`).test(code))
  return [
    ...only,
    ...idle.map((name) => ({ path, line: 1, message: `${name}.run() is missing: its tests never run` })),
  ]
}

function findImports(code: string): { specifier: string; line: number }[] {
  const found: { specifier: string; line: number }[] = []
  for (const match of code.matchAll(/\b(?:from|import)\s*\(?\s*(['"])([^'"\n]+)\1/g))
    found.push({ specifier: match[2]!, line: countLines(code.slice(0, match.index)) })
  return found
}

function findLines(text: string, pattern: RegExp): number[] {
  return text.split('\n').flatMap((line, i) => (pattern.test(line) ? [i + 1] : []))
}

/** Comments become spaces, so that lines keep their numbers. */
function blankComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\/|(?<![:'"`\\/\w])\/\/[^\n]*/g, (comment) =>
    comment.replace(/[^\n]/g, ' '),
  )
}

/**
 * npm leaves out of the lock file what the registry does not hand out, builds for other platforms for instance,
 * and `npm ci` then refuses the lock file everywhere.
 */
export function checkLock(path: string, text: string): Finding[] {
  const { packages } = JSON.parse(text) as { packages: Record<string, { optionalDependencies?: object }> }
  const locked = new Set(Object.keys(packages).map((place) => place.replace(/^.*node_modules\//, '')))
  return Object.entries(packages).flatMap(([place, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies)
      .filter((name) => !locked.has(name))
      .map((name) => ({
        path,
        line: findLines(text, new RegExp(`^ {4}"${place}"`))[0] ?? 1,
        message: `${name} is missing, which ${place} asks for: npm ci will refuse; pin a version whose builds can all be had`,
      })),
  )
}

export function countLines(text: string): number {
  return text.replace(/\n$/, '').split('\n').length
}
