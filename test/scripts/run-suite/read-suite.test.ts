import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { readSuite } from '../../../scripts/run-suite/read-suite.ts'

const reading = suite('reading a suite’s output')
const NAMES = ['test/a.test.ts', 'test/b.test.ts', 'test/c.test.ts']
const SUMMARY = ['', '  Total:     4', '  Passed:    4', '  Skipped:   0', '  Duration:  9.1ms', '']

function read(lines: string[], end = 'exit code 0') {
  return readSuite([...lines, ''].join('\n'), NAMES, end)
}

reading('finds nothing where all passed, whatever tests print', () => {
  const lines = [
    NAMES[0]!,
    ' first • • ',
    'it says (1 of 2)',
    '•  (3 / 3)',
    '',
    NAMES[1]!,
    ' second •  (1 / 1)',
  ]
  assert.equal(read([...lines, ...SUMMARY]), { files: [], ended: true })
})

reading('names the file, the test and its message', () => {
  const lines = [
    NAMES[0]!,
    ' first •  (1 / 1)',
    '',
    NAMES[1]!,
    ' second • ✘  (1 / 2)',
    '',
    '  FAIL  second  "it holds"',
  ]
  assert.equal(
    read([...lines, '    too late', '', NAMES[2]!, ' third •  (1 / 1)', ...SUMMARY], 'exit code 1'),
    {
      files: [{ name: NAMES[1]!, faults: ['second  "it holds": too late'] }],
      ended: true,
    },
  )
})

reading('finds a suite whose hook threw, which uvu lets pass', () => {
  const lines = [NAMES[0]!, ' first   (0 / 4)', '', NAMES[1]!, ' second •  (1 / 1)', ...SUMMARY]
  assert.equal(read(lines), {
    files: [{ name: NAMES[0]!, faults: ['4 tests never ran: a hook of their suite threw'] }],
    ended: true,
  })
})

reading('blames the file in which the process died', () => {
  const { files, ended } = read(
    [NAMES[0]!, ' first •  (1 / 1)', '', NAMES[1]!, ' second • ', 'Error: boom'],
    'SIGABRT',
  )
  assert.is(ended, false)
  assert.is(files.length, 1)
  assert.is(files[0]?.name, NAMES[1])
  assert.match(files[0]?.faults[0] ?? '', /^the run broke off \(SIGABRT\): .*Error: boom$/)
})

reading('counts a process that ends badly after its tests', () => {
  const { files } = read([NAMES[0]!, ' first •  (1 / 1)', ...SUMMARY], 'exit code 7')
  assert.match(files[0]?.faults[0] ?? '', /^exit code 7, though no test failed/)
})

reading.run()
