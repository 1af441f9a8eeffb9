import type { Hit, SearchResult } from '../../search/search.ts'
import { hostOf, showReasons } from './form.ts'
import { type Html, html } from './html.ts'
import { layOutPage } from './layout.ts'

/** What can be looked for, by the form's value, and what that is to `shoal search`. */
export const LOOKUPS = {
  domain: { kind: 'domain', label: 'A site, as example.org' },
  url: { kind: 'url', label: 'The address of a picture or of a page' },
  uid: { kind: 'hash', label: 'A uid, or a hash of a picture (md5, sha256, PDQ)' },
} as const

export type Lookup = keyof typeof LOOKUPS

export function showLookup(asked: { by: Lookup; value: string } = { by: 'domain', value: '' }): Html {
  const choices = Object.entries(LOOKUPS).map(
    ([by, { label }]) =>
      html`<option value="${by}"${by === asked.by ? html` selected` : html``}>${label}</option>`,
  )
  return html`
<form method="post" action="/collected" id="words">
<fieldset><legend>By words</legend>
<label for="by">What you know</label>
<select id="by" name="by">${choices}</select>
<label for="value">Its name</label>
<input id="value" name="value" required maxlength="2000" autocapitalize="none" autocomplete="off" spellcheck="false"
 value="${asked.value}">
<button>Look it up</button>
</fieldset></form>
<form method="post" action="/collected" id="picture">
<fieldset><legend>By a picture of yours</legend>
<p class="hint">The picture stays with you: this device makes two short numbers of it, its hashes, and sends these alone.</p>
<label for="file">A picture on this device</label>
<input id="file" type="file" accept="image/jpeg,image/png,image/webp,image/gif" disabled>
<input type="hidden" name="by" value="picture"><input type="hidden" name="sha256"><input type="hidden" name="pdq">
<p class="hint" role="status">This needs JavaScript. Without it, make the sha256 of the file yourself, and look that up
above: <code>sha256sum photo.jpg</code></p>
<button disabled>Look for it</button>
</fieldset></form>`
}

export function collectedPage(): string {
  return layOutPage(
    'Have I been collected?',
    html`<p>Look whether a picture, a page or a site is in what lies on this node, see who collected it and when, and have it
removed. Other nodes may hold more: ask several.</p>${showLookup()}`,
    '/pages/hash-picture.js',
  )
}

/** @param most - hits that are shown */
export function foundPage(
  { hits, shards, rows }: Pick<SearchResult, 'hits' | 'shards' | 'rows'>,
  asked: Parameters<typeof showLookup>[0],
  most: number,
): string {
  const title =
    hits.length === 0 ? 'Nothing was found' : `${hits.length} pair${hits.length === 1 ? '' : 's'} found`
  const more =
    hits.length < most ? null : html`<p class="note">There may be more: these are the first ${most}.</p>`
  return layOutPage(
    title,
    html`
<p role="status">Looked in ${rows} pairs of ${shards} shard${shards === 1 ? '' : 's'} on this node.${
      hits.length === 0
        ? html` What is not here may be at another node, and what was removed is not shown.`
        : html``
    }</p>
${hits.map(showHit)}${more}
<h2>Look for something else</h2>${showLookup(asked)}`,
    '/pages/hash-picture.js',
  )
}

function showHit(hit: Hit, place: number): Html {
  const { text, url, page, producer, campaign, fetchedAt, signals, license, match, also } = hit
  const host = hostOf(url)
  const choice = (value: string, label: string, checked = false) => {
    const mark = checked ? html` checked` : html``
    return html`<label class="choice"><input type="radio" name="what" value="${value}"${mark}><span>${label}</span></label>`
  }
  return html`<article class="found" aria-labelledby="hit-${place}">
<h2 id="hit-${place}">${text}</h2>
<dl>
<dt>Picture</dt><dd>${url}</dd>
<dt>On the page</dt><dd>${page}</dd>
<dt>Collected</dt><dd>${fetchedAt === null ? 'at a time this node does not know' : minute(fetchedAt)}</dd>
<dt>By</dt><dd><code>${producer}</code></dd>
<dt>For</dt><dd>campaign <code>${campaign}</code></dd>
<dt>Signals seen</dt><dd>${signals.length === 0 ? 'no opt-out signal' : signals.join('; ')}</dd>
${license === null ? null : html`<dt>Licence</dt><dd>${license}</dd>`}
${match?.startsWith('pdq') ? html`<dt>Alike</dt><dd>it looks like your picture (${match})</dd>` : null}
${also.length === 0 ? null : html`<dt>Also in</dt><dd>${also.length} other shard${also.length === 1 ? '' : 's'}</dd>`}
</dl>
<details><summary>Have it removed</summary>
<form method="post" action="/optout">
<fieldset><legend>What is to be removed</legend>
${choice(`url ${url}`, 'this picture at this address, wherever it was found', true)}
${choice(`image ${hit.sha256}`, 'this very file, at whatever address')}
${choice(`pair ${hit.uid}`, 'this one entry')}
${host === null ? null : choice(`origin ${host}`, `all of ${host}: you will be asked to show that it is yours`)}
</fieldset>
${showReasons(`-${place}`)}
<button>Ask for it to be removed</button>
</form></details>
</article>`
}

function minute(at: number): string {
  return `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`
}
