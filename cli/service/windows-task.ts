import { join } from 'node:path'
import { escapeXml } from './escape-xml.ts'
import type { Service, ServiceRequest } from './service.ts'

const TASK = 'Shoal'

/** A task of the Task Scheduler, version 1.2 of its schema, for schtasks. */
export function describeTask({ program, args, home, env }: ServiceRequest): Service {
  const path = join(env.LOCALAPPDATA || join(home, 'AppData', 'Local'), 'shoal', 'task.xml')
  const [command, main] = program
  return {
    ...{ path, text: `\ufeff${makeXml(command, [main, ...args])}`, encoding: 'utf16le' },
    install: [
      ['schtasks', '/Create', '/F', '/TN', TASK, '/XML', path],
      ['schtasks', '/Run', '/TN', TASK],
    ],
    remove: [
      ['schtasks', '/End', '/TN', TASK],
      ['schtasks', '/Delete', '/F', '/TN', TASK],
    ],
    forget: [],
    status: ['schtasks', '/Query', '/TN', TASK],
    hints: ['It runs while you are logged in.'],
  }
}

function makeXml(command: string, args: readonly string[]): string {
  return `<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo>
    <Description>Shoal, a node of a federated crawl</Description>
  </RegistrationInfo>
  <Triggers>
    <LogonTrigger>
      <Enabled>true</Enabled>
    </LogonTrigger>
  </Triggers>
  <Principals>
    <Principal id="Author">
      <LogonType>InteractiveToken</LogonType>
      <RunLevel>LeastPrivilege</RunLevel>
    </Principal>
  </Principals>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>true</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>true</StopIfGoingOnBatteries>
    <StartWhenAvailable>true</StartWhenAvailable>
    <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>
    <Priority>8</Priority>
    <RestartOnFailure>
      <Interval>PT1M</Interval>
      <Count>5</Count>
    </RestartOnFailure>
  </Settings>
  <Actions Context="Author">
    <Exec>
      <Command>${escapeXml(command)}</Command>
      <Arguments>${escapeXml(args.map(quote).join(' '))}</Arguments>
    </Exec>
  </Actions>
</Task>
`
}

/** As the C runtime of Windows takes command lines apart: backslashes count before quotes alone. */
function quote(word: string): string {
  if (word !== '' && !/[\s"]/.test(word)) return word
  return `"${word.replace(/(\\*)"/g, '$1$1\\"').replace(/(\\+)$/, '$1$1')}"`
}
