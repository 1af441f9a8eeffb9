import { MAX_LABEL_BYTES } from '../../../protocol/limits.ts'
import { type Html, html } from './html.ts'

/** Why something is to be removed, by the reason of its records. */
const REASONS = [
  ['privacy', 'It shows me, or is private'],
  ['rights', 'I have the rights in it'],
  ['consent', 'It is not for training machines'],
  ['safety', 'It harms, or is illegal'],
  ['quality', 'Picture and text do not fit'],
] as const

/** The fields that every request has. @param suffix - where several forms are on a page, to tell their fields apart */
export function showReasons(suffix = '', chosen = 'privacy'): Html {
  const options = REASONS.map(
    ([reason, label]) =>
      html`<option value="${reason}"${reason === chosen ? html` selected` : html``}>${label}</option>`,
  )
  return html`
<label for="reason${suffix}">Why</label>
<select id="reason${suffix}" name="reason">${options}</select>
<label for="contact${suffix}">How you can be reached (you may leave this out)</label>
<input id="contact${suffix}" name="contact" maxlength="${MAX_LABEL_BYTES}" autocomplete="email"
 aria-describedby="contact-hint${suffix}">
<p class="hint" id="contact-hint${suffix}">Somebody at this node may want to ask you something. It stays here, and is told
to nobody else.</p>`
}

export function hostOf(address: string): string | null {
  return URL.parse(address)?.hostname || null
}
