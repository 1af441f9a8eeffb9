import { type RequestState, type SubjectState, WELL_KNOWN } from '../../requests/requests.ts'
import { type Html, html } from './html.ts'
import { layOutPage } from './layout.ts'

const NAMES = { pair: 'entry', url: 'picture at', origin: 'site', image: 'picture file' } as const
const PROOFS = {
  dns: 'Proven by the DNS.',
  'well-known': 'Proven by a file on the site.',
  recheck: 'Proven: the site refuses it now.',
} as const

type Found = readonly {
  host: string
  proof: string
  said: { dns: string; wellKnown: string; recheck: string }
}[]

/** @param found - what a look for proofs has come to, or null where none was asked for */
export function statusPage(state: RequestState, found: Found | null = null): string {
  const { request, key, isHere, received, deadline, subjects, unproven, nodes, reason } = state
  return layOutPage(
    'Your request',
    html`
${
  key === null
    ? html`<p>The state of request <code>${request}</code>, by the hashes of what it asks for. Who asked has a page that tells more.</p>`
    : html`<p>Keep this page's address for yourself: whoever has it sees what you asked for. By the name of the request any
node tells its state: <code>${request}</code></p>`
}
${subjects.map(showSubject)}
<dl>
<dt>Reason</dt><dd>${reason}</dd>
${received === null ? null : html`<dt>Received</dt><dd>${day(received)}</dd>`}
${deadline === null ? null : html`<dt>Decided</dt><dd>by ${day(deadline)}</dd>`}
<dt>Told by</dt><dd>${nodes.length === 0 ? 'this node' : nodes.map((node) => html`<code>${node}</code> `)}</dd>
</dl>
${isHere ? html`<p><a class="button" href="/optout/receipt/${request}">Download the signed receipt</a></p>` : html`<p>Another node took this request: it has the receipt.</p>`}
${found === null ? null : showFound(found)}
${isHere && unproven.length > 0 ? showHowTo(state) : null}`,
  )
}

function showSubject({ kind, value, hash, proof, fate, until, campaigns }: SubjectState): Html {
  const several = campaigns.length > 1 ? html` (in ${campaigns.length} campaigns)` : html``
  return html`<section class="note">
<h2>${NAMES[kind]} ${value ?? html`<code>${hash}</code>`}</h2>
<p><strong>${sayFate(fate, until)}</strong>${several}. ${proof === 'none' ? null : PROOFS[proof]}</p>
</section>`
}

function sayFate(fate: SubjectState['fate'], until: number | null): string {
  switch (fate) {
    case 'waiting':
      return 'Nothing is hidden yet: a whole site is, as soon as it is shown to be yours'
    case 'hidden':
      return `Hidden until ${day(until!)}, unless it is removed for good before`
    case 'removed':
      return 'Removed for good'
    case 'refused':
      return `Looked at and not confirmed: hidden until ${day(until!)} only`
    case 'over':
      return 'Not hidden any more: nobody confirmed it in time. Show that the site is yours, or write to the campaign'
  }
}

function showHowTo({ request, key, token, unproven }: RequestState): Html {
  const [first] = unproven
  return html`<h2>Show that ${unproven.length === 1 ? first! : 'the sites'} ${unproven.length === 1 ? 'is' : 'are'} yours</h2>
<p>Do one of these, for each of: ${unproven.join(', ')}. Then press the button.</p>
<ul>
<li>Put a TXT record into the DNS, at <code>_shoal.${first!}</code>:<pre>${token}</pre></li>
<li>Or put a file on the site, at <code>https://${first!}${WELL_KNOWN}</code>, with this line:<pre>${token}</pre></li>
<li>Or refuse it by the site's own <code>robots.txt</code> or <code>tdmrep.json</code>: this node reads them again.</li>
</ul>
<form method="post" action="/optout/status/${request}?key=${key}"><button>Look for the proof now</button></form>`
}

function showFound(found: Found): Html {
  return html`<div role="status" class="note${found.every(({ proof }) => proof !== 'none') ? '' : ' fault'}">
${found.map(
  ({ host, proof, said }) => html`<h3>${host}: ${proof === 'none' ? 'no proof was found' : 'proven'}</h3>
<dl><dt>DNS</dt><dd>${said.dns}</dd><dt>File</dt><dd>${said.wellKnown}</dd><dt>Signals</dt><dd>${said.recheck}</dd></dl>`,
)}</div>`
}

function day(at: number): string {
  return new Date(at).toISOString().slice(0, 10)
}
