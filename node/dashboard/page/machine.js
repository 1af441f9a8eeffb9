import { byId, el, say } from './element.js'
import { formatBytes, formatCount, formatPercent } from './numbers.js'

/** Processor, memory, network and the devices that score. */
export function startMachine() {
  const list = byId('machine')
  const gauges = new Map()
  /** by device, when and how busy it was seen last */
  let before = { at: 0, busy: new Map() }
  let names = ''

  function gauge(key, label, { value, share, note = null, isTrouble = false }) {
    let one = gauges.get(key)
    if (one === undefined) {
      const amount = el('span', { class: 'amount' })
      const fill = el('span', { class: 'fill' })
      const track = el('span', { class: 'track', 'aria-hidden': 'true' }, fill)
      const said = el('span', { class: 'note quiet' })
      const group = el(
        'div',
        { class: share === null ? 'small' : null },
        el('dt', {}, label),
        el('dd', {}, amount, track, said),
      )
      one = { group, amount, fill, track, said }
      gauges.set(key, one)
      list.append(group)
    }
    say(one.amount, value)
    one.track.hidden = share === null
    if (share !== null) one.fill.style.width = `${100 * Math.min(1, Math.max(0, share))}%`
    say(one.said, note ?? '')
    one.said.hidden = note === null
    one.group.classList.toggle('trouble', isTrouble)
  }

  return {
    view: 'now',
    pulse({ at, cpu, cores, memory, devices, served, status }) {
      const wanted = devices.map(({ device }) => device).join()
      if (wanted !== names) {
        list.replaceChildren()
        gauges.clear()
        names = wanted
      }
      gauge('cpu', 'Processor', { value: `${cpu.toFixed(1)} of ${cores} cores`, share: cpu / cores })
      const seconds = (at - before.at) / 1000
      const busy = new Map()
      for (const [i, { device, busySeconds, pairs, batch, trouble }] of devices.entries()) {
        const key = `${device} ${i}`
        busy.set(key, busySeconds)
        const last = before.busy.get(key)
        const share =
          last === undefined || seconds <= 0 || seconds > 10
            ? null
            : Math.min(1, Math.max(0, (busySeconds - last) / seconds))
        gauge(key, `Scoring on ${nameDevice(device)}`, {
          value: share === null ? 'busy' : `${formatPercent(share)} busy`,
          ...{ share: share ?? 0, isTrouble: trouble !== null },
          note: trouble ?? `${formatCount(pairs)} pairs, up to ${batch} at once`,
        })
      }
      before = { at, busy }
      gauge('memory', 'Memory', { value: formatBytes(memory), share: null })
      gauge('served', 'Given', { value: `${formatBytes(served)}/s`, share: null })
      gauge('peers', 'Peers', { value: formatCount(status.peers), share: null })
    },
  }
}

/** @param {string} device `cpu`, `cuda:1` */
function nameDevice(device) {
  const [kind, number] = device.split(':')
  const name =
    { cpu: 'the CPU', webgpu: 'WebGPU', cuda: 'CUDA', dml: 'DirectML', coreml: 'Core ML' }[kind] ?? device
  return number === undefined ? name : `${name} ${number}`
}
