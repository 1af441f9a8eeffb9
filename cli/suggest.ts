/** A command to type next, as this program was called: through npx, through npm in a checkout, else by its name. */
export function suggest(command: string, data: string | undefined): string {
  return `${nameProgram(process.env.npm_lifecycle_event)} ${command}${data === undefined ? '' : ` --data ${quoteForShell(data)}`}`
}

/** @param event - npm's script that this is, if any */
function nameProgram(event: string | undefined): string {
  if (event === 'npx') return 'npx shoal'
  return event === undefined ? 'shoal' : 'npm run -s shoal --'
}

function quoteForShell(word: string): string {
  return /^[\w./:\\@%+=,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}
