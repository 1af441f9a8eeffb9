import { styleText } from 'node:util'
import { COMMANDS, type Command, TOPICS } from './declarations.ts'
import { describeOption, firstWords } from './describe.ts'
import { OPTIONS } from './options.ts'
import { layOut, widthOf } from './table.ts'

/** What the whole program is shown with. */
const EXAMPLES = [
  '',
  'demo',
  'start --threads 2 --hours 22-6 --bandwidth 2MB --disk 50GB',
  'crawl segment.warc.gz --offline',
  'help campaigns',
]

/** Commands that `help` and `--help` tell of: one, those that begin with a word, or a topic's. */
type About = { command: string } | { title: string; commands: readonly string[] }

/** @returns null for what is neither a command, nor the first word of one, nor a topic */
export function findHelp(words: string): About | null {
  if (Object.hasOwn(COMMANDS, words)) return { command: words }
  const below = Object.keys(COMMANDS).filter((name) => name.startsWith(`${words} `))
  if (below.length > 0) return { title: `shoal ${words}`, commands: below }
  const topic = Object.hasOwn(TOPICS, words) ? TOPICS[words] : undefined
  return topic ? { title: topic.title, commands: Object.keys(topic.commands) } : null
}

/**
 * @param about - a command, the first word of some, a topic, or null: the program
 * @param stream - where it is to be shown
 */
export function showHelp(about: string | null, stream: NodeJS.WriteStream): void {
  const width = widthOf(stream)
  const found = about === null ? null : findHelp(about)
  const lines =
    found === null
      ? helpOfAll(width)
      : 'command' in found
        ? helpOfCommand(found.command, COMMANDS[found.command]!, width)
        : helpOfSome(found.title, found.commands, width)
  for (const [i, line] of lines.entries()) {
    // headings stand at the margin
    const isHeading = /^\S/.test(line) && (i === 0 || lines[i - 1] === '')
    stream.write(`${isHeading ? styleText('bold', line, { stream }) : line}\n`)
  }
}

function helpOfAll(width: number): string[] {
  return [
    ...['Usage', ...examples(['<command> [options]'])],
    ...Object.values(TOPICS).flatMap(({ title, commands }) => [
      '',
      title,
      ...listCommands(Object.keys(commands), width),
    ]),
    ...[
      '',
      'Options',
      ...indented(
        ['-h, --help', '-v, --version'].map((each) => [each, OF_ALL[each]!]),
        width,
      ),
    ],
    ...['', 'Examples', ...examples(EXAMPLES)],
    ...['', 'More', ...indented(MORE, width)],
  ]
}

const OF_ALL: Readonly<Record<string, string>> = {
  '-h, --help': 'Explain the program, or a command',
  '-v, --version': 'Print the version',
}
const MORE = [
  ['shoal help COMMAND', 'what a command does, its options, examples'],
  ['shoal help TOPIC', `${Object.keys(TOPICS).join(', ')}`],
  ['shoal completion SHELL', 'have the shell complete all of this'],
]

function helpOfSome(title: string, commands: readonly string[], width: number): string[] {
  const all = commands.flatMap((name) => COMMANDS[name]!.examples.slice(0, 1))
  return [
    ...[title, ...listCommands(commands, width)],
    ...['', 'Examples', ...examples(all)],
    ...['', 'More', ...indented([['shoal help COMMAND', 'its options, and more examples']], width)],
  ]
}

function helpOfCommand(name: string, command: Command, width: number): string[] {
  const options = command.options.map((option) => [`--${option}`, describeOption(OPTIONS[option])])
  const below = Object.keys(COMMANDS).filter((other) => other.startsWith(`${name} `))
  return [
    ...['Description', ...indented([[command.describe.replace(/([^.])$/, '$1.')]], width)],
    ...['', 'Usage', ...examples([`${name} ${command.usage} [options]`.replace(/ {2,}/g, ' ')])],
    ...(below.length > 0 ? ['', 'See also', ...listCommands(below, width)] : []),
    ...['', 'Options', ...indented([...options, ['-h, --help', 'Explain the command']], width)],
    ...['', 'Examples', ...examples(command.examples)],
  ]
}

function listCommands(names: readonly string[], width: number): string[] {
  return indented(
    names.map((name) => [name, firstWords(COMMANDS[name]!.describe)]),
    width,
  )
}

/** As they are typed: they are not broken, for somebody may copy them. */
function examples(some: readonly string[]): string[] {
  return some.map((example) => `  $ shoal ${example}`.trimEnd())
}

function indented(rows: readonly (readonly string[])[], width: number): string[] {
  const columns = (rows[0] ?? []).map(() => ({ title: '' }))
  return layOut(columns, rows, width - 2).map((line) => `  ${line}`)
}
