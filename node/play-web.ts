/** Milliseconds: a server on this machine that has not answered by then never will. */
const LIMITS = { headersMs: 2_500, totalMs: 5_000 }

/** Where this machine plays the web for a demo, these names lead to it and no other name is asked for outside. */
export function playWeb({ hosts }: { hosts: Readonly<Record<string, string>> }) {
  return { web: { hosts, lookup: findNoHost }, limits: LIMITS }
}

async function findNoHost(host: string): Promise<never> {
  throw Object.assign(new Error(`${host} is not played here`), { code: 'ENOTFOUND' })
}
