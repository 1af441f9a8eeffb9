import { post } from './ask.js'
import { byId, el, say } from './element.js'

const MB = 1e6
const GB = 1e9

/** Bandwidth, disk, hours, segments and threads, as they are now and as they are wanted. */
export function startLimits({ onRefused }) {
  const form = byId('limits')
  const [from, to] = [byId('from'), byId('to')]
  from.append(el('option', { value: '' }, 'any time'), ...hours(0, 23))
  to.append(...hours(1, 24))
  let isTouched = false
  let now = null

  form.addEventListener('input', () => {
    isTouched = true
    say(byId('limits-said'), '')
    to.disabled = from.value === ''
  })
  form.addEventListener('submit', async (event) => {
    event.preventDefault()
    const changes = read()
    const button = form.querySelector('button')
    button.disabled = true
    try {
      const { limits, isSaved } = await post('/api/limits', changes)
      now = { ...now, ...limits }
      isTouched = false
      say(
        byId('limits-said'),
        isSaved ? 'They hold now, and after the next start as well.' : 'They hold until the node stops.',
      )
    } catch (error) {
      say(byId('limits-said'), error.message)
      if (error.status === 401) onRefused()
    } finally {
      button.disabled = false
    }
  })

  function read() {
    const amount = (id, unit) => (byId(id).value === '' ? null : Math.round(Number(byId(id).value) * unit))
    const threads = Number(byId('threads').value)
    return {
      hours: from.value === '' ? null : `${from.value}-${to.value}`,
      bytesPerSecond: amount('bandwidth', MB),
      diskBytes: amount('disk', GB),
      segments: Number(byId('segments').value),
      ...(threads === now?.threads ? {} : { threads }),
    }
  }

  function draw({ hours: at, bytesPerSecond, diskBytes, segments, threads }) {
    from.value = at === null ? '' : String(at.from)
    to.value = String(at === null ? 24 : at.to || 24)
    to.disabled = at === null
    byId('bandwidth').value = bytesPerSecond === null ? '' : String(bytesPerSecond / MB)
    byId('disk').value = diskBytes === null ? '' : String(diskBytes / GB)
    byId('segments').value = String(segments)
    byId('threads').value = String(threads)
  }

  return {
    view: 'settings',
    pulse({ status }) {
      // what somebody is about to change is left alone
      if (
        isTouched ||
        form.contains(document.activeElement) ||
        JSON.stringify(status.limits) === JSON.stringify(now)
      )
        return
      now = status.limits
      draw(now)
    },
  }
}

function hours(first, last) {
  return Array.from({ length: last - first + 1 }, (_, i) =>
    el('option', { value: String(first + i) }, `${String(first + i).padStart(2, '0')}:00`),
  )
}
