/** What was found of one thing. */
export interface Finding {
  /** `clock`, `disk` */
  check: string
  /** `fail`: it will not work until that is mended; `unknown`: it could not be looked into */
  state: 'ok' | 'warn' | 'fail' | 'unknown'
  /** in words */
  found: string
  /** what to do */
  advice?: string
  /** or what to type: a command of the program's, without its name */
  command?: string
}
