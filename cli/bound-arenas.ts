/** glibc's own default is eight a core. More than two gave no speed in measurements, and 100 MiB of memory in use. */
const ARENAS = '2'

/**
 * Start the program anew, in the same process, with few of glibc's memory arenas: each thread that decodes or scores
 * would otherwise keep one of its own, and what is freed there is of no use to the others. glibc reads the variable
 * at the start alone. One that the caller has set stays; where there is no `execve` (Windows), or another C library,
 * nothing changes.
 */
export function boundArenas(): void {
  if (process.platform !== 'linux' || process.execve === undefined || process.env.MALLOC_ARENA_MAX) return
  process.execve(process.execPath, [process.execPath, ...process.execArgv, ...process.argv.slice(1)], {
    ...process.env,
    MALLOC_ARENA_MAX: ARENAS,
  })
}
