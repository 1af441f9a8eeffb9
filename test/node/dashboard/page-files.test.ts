import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { readPageFiles } from '../../../node/dashboard/page-files.ts'

const test = suite("the dashboard's files")
/** All of them together: a page that is there at once, on a slow machine as well. */
const MAX_BYTES = 150_000

test('they are small, ask nothing of other machines, and no script or style stands in the page', async () => {
  const files = await readPageFiles()
  let size = 0
  for (const [path, { bytes }] of files) {
    size += bytes.length
    // the name of SVG's elements is an address that nobody asks for
    const text = bytes.toString().replaceAll('http://www.w3.org/2000/svg', '')
    assert.not.match(text, /https?:\/\/|innerHTML|insertAdjacentHTML|\beval\b|document\.write/, path)
  }
  assert.ok(size < MAX_BYTES, `${size} bytes`)
  const page = files.get('/')!.bytes.toString()
  assert.not.match(page, /<style|<script>|\sstyle=|\son[a-z]+=/)
  const named = [...page.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map(([, path]) => path!)
  assert.ok(named.length >= 4)
  for (const path of named) assert.ok(files.has(path), path)
  for (const [path, { bytes }] of files)
    for (const [, module] of bytes.toString().matchAll(/from '\.(\/[^']+)'/g))
      assert.ok(files.has(module!), `${path} imports ${module}`)
})

test.run()
