/** A command to type next, as this program was called: through npm in a checkout, else by its name. */
export function suggest(command: string, data: string | undefined): string {
  const program = process.env.npm_lifecycle_event === undefined ? 'shoal' : 'npm run -s shoal --'
  return `${program} ${command}${data === undefined ? '' : ` --data ${quoteForShell(data)}`}`
}

function quoteForShell(word: string): string {
  return /^[\w./:\\@%+=,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}
