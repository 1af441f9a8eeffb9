import { showReasons } from './form.ts'
import { html } from './html.ts'
import { layOutPage } from './layout.ts'

const KINDS = [
  ['url', 'Pictures, by their addresses'],
  ['origin', 'Whole sites, by their names, as example.org'],
  ['pair', 'Single entries, by their uids'],
  ['image', 'Picture files, by their sha256'],
] as const

/** The form by which anybody asks for something to be removed. @param fault - what was wrong with the last try */
export function optoutPage(
  asked: { kind?: string; values?: string; reason?: string } = {},
  fault: string | null = null,
): string {
  const kinds = KINDS.map(
    ([kind, label]) =>
      html`<option value="${kind}"${kind === asked.kind ? html` selected` : html``}>${label}</option>`,
  )
  return layOutPage(
    'Have something removed',
    html`
${fault === null ? null : html`<p class="note fault" role="alert">${fault}</p>`}
<p>Pictures and entries are hidden within a minute, on every node of the campaigns that this node takes part in, for 30 days.
Within 28 days somebody who is in charge of the campaign looks at it, and it is removed for good, or shown again. You need
prove nothing for that. If you show that the site is yours, it is more certain, and all of the site can be removed.</p>
<p>If you do not know the addresses: <a href="/collected">look what was collected</a>.</p>
<form method="post" action="/optout">
<label for="kind">What is to be removed</label>
<select id="kind" name="kind">${kinds}</select>
<label for="values">Which, one a line, 16 at most</label>
<textarea id="values" name="values" required maxlength="33000" autocapitalize="none" spellcheck="false">${asked.values ?? ''}</textarea>
${showReasons('', asked.reason)}
<button>Ask for it to be removed</button>
</form>
<h2>What happens then</h2>
<p>You get a page of your own with the state of your request, and a signed receipt. Any node of the network tells you the
state. What others have downloaded already can not be called back: tools that are updated learn of it, a
file on somebody's disk does not.</p>`,
  )
}
