import { type Html, html } from './html.ts'

/**
 * Nothing but what this very place serves, and no page of others around it: what is shown comes from pages that anybody
 * writes. https://www.w3.org/TR/CSP3/
 */
const POLICY = [
  ...["default-src 'none'", "style-src 'self'", "script-src 'self'", "form-action 'self'", "base-uri 'none'"],
  "frame-ancestors 'none'",
].join('; ')

export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': POLICY,
  'x-content-type-options': 'nosniff',
  // with `no-referrer` browsers would not say where a form comes from
  'referrer-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
  'x-robots-tag': 'noindex',
}

/** A whole page. @param script - the address of a module it runs, or null */
export function layOutPage(title: string, body: Html, script: string | null = null): string {
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title} – Shoal</title>
<link rel="stylesheet" href="/pages/style.css">
${script === null ? null : html`<script type="module" src="${script}"></script>`}
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
<header><nav aria-label="Pages">
<a href="/collected">Have I been collected?</a>
<a href="/optout">Have something removed</a>
</nav></header>
<main id="main">
<h1>${title}</h1>
${body}
</main>
<footer><p>This is one node of <strong>Shoal</strong>, a network of volunteers that collect addresses of pictures with the
texts beside them. It keeps no record of what is looked up here, and these pages ask nothing of any other site.</p></footer>
</body>
</html>
`
  return page.html
}
