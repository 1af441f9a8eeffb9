import { ShoalError } from '../protocol/errors.ts'
import { CONSENT_SIGNALS, type ConsentSignal, REQUIRED_CONSENT } from '../protocol/rules/consent.ts'

/**
 * The opt-out signals that a campaign honours: all there are but for those named.
 *
 * @param without - in any case of letters
 * @throws ShoalError `consent_unknown`; `consent_required` for those that no campaign leaves out
 */
export function chooseConsent(without: readonly string[]): ConsentSignal[] {
  const left = without.map((name) => {
    const signal = CONSENT_SIGNALS.find((one) => one.toLowerCase() === name.trim().toLowerCase())
    if (signal === undefined)
      throw new ShoalError(
        'consent_unknown',
        `${JSON.stringify(name)} is no opt-out signal: --without takes ${OPTIONAL.join(', ')}`,
      )
    if (!OPTIONAL.includes(signal))
      throw new ShoalError(
        'consent_required',
        `${signal} can't be switched off: --without takes ${OPTIONAL.join(', ')}`,
      )
    return signal
  })
  return CONSENT_SIGNALS.filter((signal) => !left.includes(signal))
}

const OPTIONAL = CONSENT_SIGNALS.filter((signal) => !REQUIRED_CONSENT.includes(signal))
