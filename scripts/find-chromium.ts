import { existsSync } from 'node:fs'

/** Where systems put it. */
const PLACES = [
  ...['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'].map(
    (name) => `/usr/bin/${name}`,
  ),
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
]

/** @returns the path of this machine's Chromium, or of the one that CHROMIUM names; undefined where there is none */
export function findChromium(): string | undefined {
  return [process.env.CHROMIUM, ...PLACES].find((place) => place !== undefined && existsSync(place))
}
