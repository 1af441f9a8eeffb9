import { isAbsolute, resolve } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { findDataDir } from '../../node/paths.ts'

const paths = suite('paths')

paths('--data, then SHOAL_HOME, then the platform', () => {
  assert.is(findDataDir('here', { SHOAL_HOME: '/elsewhere' }), resolve('here'))
  assert.is(findDataDir(undefined, { SHOAL_HOME: '/elsewhere' }), resolve('/elsewhere'))
  const own = findDataDir(undefined, {})
  assert.ok(isAbsolute(own))
  assert.match(own, /shoal/)
  assert.is(findDataDir(undefined, { SHOAL_HOME: '' }), own, 'an empty variable is none')
})

paths.run()
