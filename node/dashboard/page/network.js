import { get } from './ask.js'
import { byId, el, say, table } from './element.js'
import { formatCount, formatDuration, formatThings, shortPeer } from './numbers.js'
import { nameState } from './shard-state.js'

const SHARDS = 15
/** Rows of a table. */
const MOST = 50
const OFFENCES = {
  shard_forged: 'forged a shard',
  shard_fork: 'signed two shards as one',
  verdict_fork: 'signed two verdicts as one',
  accused_falsely: 'accused falsely',
  passed_forged: 'passed what was forged',
}

/** Peers, audits, shards and what nodes have earned. */
export function startNetwork() {
  let names = new Map()
  const drawn = new Map()

  /** Draw only what is another than before: what is selected stays so. */
  function draw(id, data, make) {
    const key = JSON.stringify([data, [...names]])
    if (drawn.get(id) === key) return
    drawn.set(id, key)
    byId(id).replaceChildren(...[make()].flat())
  }

  return {
    view: 'network',
    everyMs: 3_000,
    pulse({ status }) {
      names = new Map(status.campaigns.map(({ campaign, name }) => [campaign, name]))
      say(
        byId('network-said'),
        status.peers === 0 ? 'No peer is connected.' : `${formatThings(status.peers, 'peer')} connected.`,
      )
      const { waiting, done, seconds, current, failures } = status.audits
      draw('audits', [waiting, done, Math.round(seconds), current?.segment, failures.length], () => [
        tiles([
          [formatCount(done), 'done since the start'],
          [formatCount(waiting), 'wait their turn'],
          [done === 0 ? '–' : formatDuration(seconds / done), 'each takes'],
        ]),
        el(
          'p',
          { class: 'quiet' },
          current
            ? `Now at work: segment ${current.segment} of ${names.get(current.campaign) ?? 'a campaign'}.`
            : 'Nodes check each other’s shards, so that nobody has to be believed.',
        ),
        failures.length === 0
          ? ''
          : el(
              'p',
              { class: 'trouble' },
              `${formatThings(failures.length, 'shard')} could not be audited and will be tried again.`,
            ),
      ])
    },
    async look() {
      const [peers, standings, shards] = await Promise.all([
        get('/api/peers'),
        get('/api/standings'),
        get(`/api/shards?lines=${SHARDS}`),
      ])
      draw(
        'standing',
        standings.filter(({ own }) => own),
        () => drawOwn(standings.filter(({ own }) => own)),
      )
      draw(
        'peers',
        peers.map(({ latency, ...peer }) => [peer, latency === null ? null : Math.round(latency / 5)]),
        () => drawPeers(peers),
      )
      draw('shards', shards, () => drawShards(shards))
      draw('standings', standings, () => drawStandings(standings))
    },
  }

  function drawOwn(records) {
    if (records.length === 0) return empty('It begins with the first shard that others have checked.')
    const sum = (of) => records.reduce((all, record) => all + of(record), 0)
    const offences = records.flatMap((record) => record.offences)
    return [
      tiles([
        [formatCount(sum(({ shards }) => shards.verified ?? 0)), 'shards verified'],
        [formatCount(sum(({ shards }) => shards.unaudited ?? 0)), 'not judged yet'],
        [formatCount(Math.max(...records.map(({ needed }) => needed))), 'verifiers for the next'],
      ]),
      offences.length === 0
        ? el('p', { class: 'quiet' }, 'Nothing is held against this node.')
        : el(
            'p',
            { class: 'trouble' },
            `Held against this node: ${offences.map(({ code }) => OFFENCES[code] ?? code).join(', ')}.`,
          ),
    ]
  }

  function drawShards(shards) {
    if (shards.length === 0) return empty('None yet.')
    return table(
      'The shards that came or were judged last',
      [
        { label: 'Segment' },
        { label: 'Campaign', class: 'roomy' },
        { label: 'By' },
        { label: 'Verdicts', class: 'number roomy' },
        { label: 'State' },
      ],
      shards.map(({ segment, campaign, producer, own, state, needed, good }) => [
        formatCount(segment),
        names.get(campaign) ?? shortPeer(campaign),
        who(producer, own),
        `${good} of ${needed}`,
        chip(nameState(state)),
      ]),
    )
  }

  function drawStandings(records) {
    if (records.length === 0) return empty('Nobody has earned any yet.')
    return table(
      'What nodes have earned',
      [
        { label: 'Node' },
        { label: 'Campaign', class: 'roomy' },
        { label: 'Verified in a row', class: 'number' },
        { label: 'Verifiers needed', class: 'number roomy' },
        { label: 'Held against it' },
      ],
      records
        .slice(0, MOST)
        .map(({ peer, own, campaign, valid, needed, offences }) => [
          who(peer, own),
          names.get(campaign) ?? shortPeer(campaign),
          formatCount(valid),
          formatCount(needed),
          offences.length === 0
            ? el('span', { class: 'quiet' }, 'nothing')
            : chip([offences.map(({ code }) => OFFENCES[code] ?? code).join(', '), 'bad']),
        ]),
    )
  }
}

function drawPeers(peers) {
  if (peers.length === 0)
    return empty('No peer is connected. One that nobody reaches from outside still works: it calls others.')
  return table(
    'Peers that are connected',
    [
      { label: 'Peer' },
      { label: 'Calls itself', class: 'roomy' },
      { label: 'Round trip', class: 'number' },
      { label: 'Who called', class: 'roomy' },
      { label: 'For', class: 'number' },
    ],
    peers
      .slice(0, MOST)
      .map(({ id, agent, latency, direction, relayed, since }) => [
        who(id, false),
        (agent ?? '').slice(0, 40) || null,
        latency === null ? null : `${Math.round(latency)} ms`,
        `${direction === 'inbound' ? 'it did' : 'we did'}${relayed ? ', by a relay' : ''}`,
        formatDuration(Math.max(0, (Date.now() - since) / 1000)),
      ]),
  )
}

function who(peer, own) {
  return el(
    'span',
    { class: 'peer', title: peer },
    el('code', {}, shortPeer(peer)),
    own ? el('span', { class: 'chip own' }, 'you') : null,
  )
}

function chip([text, kind]) {
  return el('span', { class: `chip ${kind}` }, text)
}

function empty(text) {
  return el('p', { class: 'empty' }, text)
}

/** @param {[string, string][]} facts */
export function tiles(facts) {
  return el(
    'dl',
    { class: 'tiles' },
    ...facts.map(([value, label]) => el('div', {}, el('dt', {}, label), el('dd', {}, value))),
  )
}
