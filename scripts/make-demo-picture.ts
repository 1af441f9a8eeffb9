import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Draws what `npm start` prints at its end as `docs/images/demo.svg`. */
const OUT = new URL('../docs/images/demo.svg', import.meta.url)
const LINE = 18
const CHARACTER = 8.43

const dir = await mkdtemp(join(tmpdir(), 'shoal-picture-'))
// the next steps are for who has just run it
const lines = (await run())
  .replace(/\nNext\n.*$/s, '')
  .trimEnd()
  .replaceAll(dir, '~/.local/share/shoal')
  .split('\n')
await rm(dir, { recursive: true, force: true })
await writeFile(OUT, draw(['$ npm start', '', ...lines]))

function run(): Promise<string> {
  const main = fileURLToPath(new URL('../cli/main.ts', import.meta.url))
  const child = spawn(process.execPath, [main, 'demo', '--data', dir], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (part) => (text += part))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (status) =>
      status === 0 ? resolve(text) : reject(new Error(`shoal demo ended with ${status}`)),
    )
  })
}

function draw(rows: string[]): string {
  const width = Math.ceil(Math.max(...rows.map((row) => row.length)) * CHARACTER) + 24
  const height = rows.length * LINE + 24
  const text = rows.map((row, i) => `<text x="12" y="${24 + i * LINE}">${toXml(row)}</text>`)
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">
<title>What npm start prints</title>
<rect width="100%" height="100%" rx="8" fill="#0d1b24"/>
<g fill="#d7e3ea" font-family="ui-monospace,SFMono-Regular,Menlo,DejaVu Sans Mono,monospace" font-size="14" xml:space="preserve">
${text.join('\n')}
</g>
</svg>
`
}

function toXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
