import { join } from 'node:path'
import type { Service, ServiceRequest } from './service.ts'

const UNIT = 'shoal.service'
const SYSTEMCTL = ['systemctl', '--user'] as const

/** A unit of the user's own manager: systemd.service(5), systemd.exec(5). */
export function describeSystemd({ program, args, home, env }: ServiceRequest): Service {
  const config = env.XDG_CONFIG_HOME || join(home, '.config')
  return {
    path: join(config, 'systemd', 'user', UNIT),
    text: makeUnit([...program, ...args].map(quote).join(' ')),
    encoding: 'utf8',
    install: [
      [...SYSTEMCTL, 'daemon-reload'],
      [...SYSTEMCTL, 'enable', '--now', UNIT],
    ],
    remove: [[...SYSTEMCTL, 'disable', '--now', UNIT]],
    forget: [[...SYSTEMCTL, 'daemon-reload']],
    status: [...SYSTEMCTL, 'is-active', '--quiet', UNIT],
    hints: [
      'It runs while you are logged in. To have it run from the start of the machine on:',
      'loginctl enable-linger',
    ],
  }
}

function makeUnit(command: string): string {
  return `[Unit]
Description=Shoal, a node of a federated crawl
StartLimitIntervalSec=600
StartLimitBurst=5

[Service]
Type=exec
ExecStart=${command}
Restart=on-failure
RestartSec=30
# settings that can't be meant don't mend themselves
RestartPreventExitStatus=2
# what is at work is put down first, and told so
KillSignal=SIGTERM
KillMode=mixed
TimeoutStopSec=90

# whoever sits at the machine goes first
Nice=10
CPUWeight=20
IOSchedulingClass=idle

# a node needs no more of the system than this
UMask=0077
NoNewPrivileges=yes
LockPersonality=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RestrictNamespaces=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM

[Install]
WantedBy=default.target
`
}

/** A word of a command line: systemd.syntax(7); `%` and `$` would be taken for something else. */
function quote(word: string): string {
  const escaped = word
    .replaceAll('\\', '\\\\')
    .replaceAll('"', '\\"')
    .replaceAll('\n', '\\n')
    .replaceAll('%', '%%')
    .replaceAll('$', '$$$$')
  return /^[\w./:@=,+-]+$/.test(word) ? word : `"${escaped}"`
}
