/**
 * Every failure that a person or another program may meet carries a stable code.
 * Codes are part of the interface: they are never renamed, the messages may be.
 */
export class ShoalError extends Error {
  readonly code: string
  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'ShoalError'
    this.code = code
  }
}
