import { byId, el, say } from './element.js'
import { formatDuration, formatPercent } from './numbers.js'

/** Failures that are told: the last ones. */
const FAILURES = 3

/** A line for each segment, audit, copy and model that is at work, and for what has failed. */
export function startAtWork() {
  const rows = new Map()
  return {
    view: 'now',
    pulse({ status, at }) {
      drawRows(rows, describe(status, at))
    },
  }
}

/** @returns {{ key: string, name: string, what: string, share?: number | null, note?: string, isTrouble?: boolean }[]} */
function describe(status, at) {
  const { work, audits, replicas, campaigns, failures } = status
  const nameOf = (campaign) => campaigns.find((one) => one.campaign === campaign)?.name ?? 'a campaign'
  const rows = work.map(({ campaign, segment, phase, stages, since }) => ({
    key: `work ${campaign} ${segment}`,
    name: `Segment ${segment}`,
    what: phase === 'claim' ? 'claimed; it waits whether others did, too' : nameOf(campaign),
    share: shareOf(stages.findLast(({ total }) => total)),
    note: formatDuration(Math.max(0, (at - since) / 1000)),
  }))
  for (const audit of [audits.current, ...audits.demanded].filter((one) => one !== null))
    rows.push({
      key: `audit ${audit.campaign} ${audit.segment}`,
      name: 'Audit',
      what: `segment ${audit.segment} of ${nameOf(audit.campaign)}`,
      share: shareOf(audit),
      note: audit.total > 0 ? '' : 'getting the shard',
    })
  if (replicas.current !== null) {
    const { manifest, done, bytes } = replicas.current
    const share = shareOf({ done, total: bytes })
    rows.push({ key: `copy ${manifest}`, name: 'Copy', what: 'another’s shard, kept in case it goes', share })
  }
  for (const { campaign, name, preparing, trouble } of campaigns)
    if (preparing)
      rows.push({
        key: `model ${campaign}`,
        name: 'Model',
        what: `of ${name}`,
        share: shareOf(preparing),
        note: 'downloading',
      })
    else if (trouble)
      rows.push({
        key: `no model ${campaign}`,
        name: 'Model',
        what: `of ${name}: ${trouble}`,
        isTrouble: true,
      })
  for (const { campaign, segment, code, message } of failures.slice(-FAILURES))
    rows.push({
      key: `failed ${campaign} ${segment}`,
      name: `Segment ${segment}`,
      what: `failed (${code}): ${message}`,
      note: 'left to others',
      isTrouble: true,
    })
  return rows
}

function shareOf(progress) {
  return progress?.total ? Math.min(1, progress.done / progress.total) : null
}

/** Keep each row while it is there: its bar moves rather than blinks. */
function drawRows(rows, shown) {
  const list = byId('work')
  list.hidden = shown.length === 0
  const keys = new Set(shown.map(({ key }) => key))
  for (const [key, { item }] of rows)
    if (!keys.has(key)) {
      item.remove()
      rows.delete(key)
    }
  for (const [i, { key, name, what, share = null, note = '', isTrouble = false }] of shown.entries()) {
    let row = rows.get(key)
    if (row === undefined) {
      row = makeRow(name, isTrouble)
      rows.set(key, row)
    }
    if (list.children[i] !== row.item) list.insertBefore(row.item, list.children[i] ?? null)
    say(row.what, what)
    say(row.note, [share === null ? '' : formatPercent(share), note].filter(Boolean).join(' · '))
    row.bar.style.width = `${100 * (share ?? 0)}%`
    row.track.hidden = share === null
  }
}

function makeRow(name, isTrouble) {
  const what = el('span', { class: 'what' })
  const note = el('span', { class: 'note' })
  const bar = el('span', { class: 'fill' })
  const track = el('span', { class: 'track', 'aria-hidden': 'true' }, bar)
  const item = el('li', { class: isTrouble ? 'trouble' : null }, el('strong', {}, name), what, track, note)
  return { item, what, note, bar, track }
}
