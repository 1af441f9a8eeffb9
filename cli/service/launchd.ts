import { join } from 'node:path'
import { escapeXml } from './escape-xml.ts'
import type { Service, ServiceRequest } from './service.ts'

const LABEL = 'org.shoal.node'

/** An agent of the user: launchd.plist(5), launchctl(1). */
export function describeLaunchd({ program, args, home, uid, errorFile }: ServiceRequest): Service {
  const path = join(home, 'Library', 'LaunchAgents', `${LABEL}.plist`)
  const domain = `gui/${uid ?? 501}`
  return {
    ...{ path, text: makePlist([...program, ...args], errorFile), encoding: 'utf8' },
    install: [['launchctl', 'bootstrap', domain, path]],
    remove: [['launchctl', 'bootout', `${domain}/${LABEL}`]],
    forget: [],
    status: ['launchctl', 'print', `${domain}/${LABEL}`],
    hints: ['It runs while you are logged in.'],
  }
}

function makePlist(words: readonly string[], errorFile: string): string {
  const program = words.map((word) => `    <string>${escapeXml(word)}</string>`).join('\n')
  return `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
  <key>Label</key>
  <string>${LABEL}</string>
  <key>ProgramArguments</key>
  <array>
${program}
  </array>
  <key>RunAtLoad</key>
  <true/>
  <key>KeepAlive</key>
  <dict>
    <key>SuccessfulExit</key>
    <false/>
  </dict>
  <key>ThrottleInterval</key>
  <integer>30</integer>
  <key>ExitTimeOut</key>
  <integer>90</integer>
  <key>ProcessType</key>
  <string>Background</string>
  <key>LowPriorityIO</key>
  <true/>
  <key>Nice</key>
  <integer>10</integer>
  <key>Umask</key>
  <integer>63</integer>
  <key>StandardErrorPath</key>
  <string>${escapeXml(errorFile)}</string>
</dict>
</plist>
`
}
