// Runs in the browser: a picture is hashed there, and its hashes alone are sent.
import { sha256 } from '/pages/hashes/sha2.js'
import { hashPdq } from '/pages/pdq.js'

/** PDQ looks at 512 pixels a side; beyond this a browser may have no memory for the canvas. */
const MAX_SIDE = 2048
/** Below this PDQ's authors advise against comparing. */
const LEAST_QUALITY = 50

const form = document.querySelector('#picture')
const file = form.querySelector('input[type=file]')
const button = form.querySelector('button')
const said = form.querySelector('[role=status]')

file.disabled = false
said.textContent = ''
file.addEventListener('change', async () => {
  button.disabled = true
  form.elements.sha256.value = ''
  form.elements.pdq.value = ''
  const [chosen] = file.files
  if (!chosen) return
  said.textContent = 'Hashing the picture on this device…'
  try {
    form.elements.sha256.value = hexOf(sha256(new Uint8Array(await chosen.arrayBuffer())))
    form.elements.pdq.value = await pdqOf(chosen).catch(() => '')
    said.textContent = `Hashed on this device: the file is ${form.elements.sha256.value.slice(0, 16)}…${
      form.elements.pdq.value === '' ? '. Only this very file can be found, not copies of it that look the same.' : ', what it shows is ' + form.elements.pdq.value.slice(0, 16) + '…'
    }`
    button.disabled = false
  } catch {
    said.textContent = 'This file can not be read.'
  }
})

async function pdqOf(chosen) {
  const picture = await createImageBitmap(chosen)
  const scale = Math.min(1, MAX_SIDE / Math.max(picture.width, picture.height))
  const width = Math.max(1, Math.round(picture.width * scale))
  const height = Math.max(1, Math.round(picture.height * scale))
  const canvas = Object.assign(document.createElement('canvas'), { width, height })
  const context = canvas.getContext('2d', { willReadFrequently: true })
  // what is transparent is black to the crawl
  context.fillRect(0, 0, width, height)
  context.drawImage(picture, 0, 0, width, height)
  const { data } = context.getImageData(0, 0, width, height)
  const rgb = new Uint8Array(width * height * 3)
  for (let at = 0, to = 0; at < data.length; at += 4) {
    rgb[to++] = data[at]
    rgb[to++] = data[at + 1]
    rgb[to++] = data[at + 2]
  }
  const { hash, quality } = hashPdq(rgb, width, height)
  return quality < LEAST_QUALITY ? '' : hash
}

function hexOf(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
