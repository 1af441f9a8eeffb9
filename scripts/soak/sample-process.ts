import { readdir, readFile } from 'node:fs/promises'

/** What a process holds, as the system sees it. */
export interface Sample {
  /** milliseconds since the soak began */
  at: number
  rssMiB: number
  /** of that, what is the process's own: pages of files, such as the database's tables, are the system's to take back */
  ownMiB: number
  /** open files and sockets */
  fds: number
  threads: number
}

/** @returns null where it has ended */
export async function sampleProcess(pid: number, at: number): Promise<Sample | null> {
  try {
    const [status, fds] = await Promise.all([
      readFile(`/proc/${pid}/status`, 'utf8'),
      readdir(`/proc/${pid}/fd`),
    ])
    const read = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1])
    return {
      at,
      rssMiB: read('VmRSS') / 1024,
      ownMiB: read('RssAnon') / 1024,
      fds: fds.length,
      threads: read('Threads'),
    }
  } catch {
    return null
  }
}
