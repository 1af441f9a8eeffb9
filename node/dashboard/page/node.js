import { byId, el, say } from './element.js'
import { formatBytes, formatDuration, formatThings } from './numbers.js'

/** Who this node is, and where others reach it. */
export function startNode() {
  let drawn = ''
  return {
    view: 'settings',
    pulse({ status }) {
      const { peerId, version, addresses, gateway, seconds, replicas, limits } = status
      const facts = [
        ['Node', el('code', {}, peerId)],
        ['Version', version],
        ['Runs for', formatDuration(seconds)],
        [
          'Reached at',
          el(
            'ul',
            { class: 'plain' },
            ...addresses.map((address) => el('li', {}, el('code', {}, address.replace(/\/p2p\/[^/]+$/, '')))),
          ),
        ],
        [
          'Gateway',
          gateway === null ? 'off' : el('a', { href: gateway, target: '_blank', rel: 'noreferrer' }, gateway),
        ],
        ['Live web', limits.offline ? 'never asked' : 'asked for pictures'],
        [
          'Copies kept for others',
          replicas.shards === 0
            ? 'none yet'
            : `${formatThings(replicas.shards, 'shard')}, ${formatBytes(replicas.bytes)}`,
        ],
      ]
      const key = facts.map(([, value]) => value.textContent ?? value).join('\n')
      if (key === drawn) return
      drawn = key
      byId('node').replaceChildren(
        ...facts.flatMap(([name, value]) => [el('dt', {}, name), el('dd', {}, value)]),
      )
      say(byId('foot'), `Shoal ${version} on this machine. This page asks nothing of any other.`)
    },
  }
}
