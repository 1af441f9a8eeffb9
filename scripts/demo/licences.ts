import { readFileSync } from 'node:fs'

interface SetInfo {
  name: string
  author: { name: string; url: string }
  license: { spdx: string; url: string }
}

const MIT = `Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation files (the "Software"), to deal in the Software without restriction, including without limitation the rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.`

/**
 * Who drew the pictures, under which licence, and what was done to them.
 *
 * @param directory - where the icon sets are installed
 * @param sets - package name → version
 * @param pictures - file name → `set:icon`, of all files that show one
 */
export function describeLicences(
  directory: string,
  sets: Record<string, string>,
  pictures: ReadonlyMap<string, string>,
): string {
  const infos = Object.entries(sets).map(([name, version]) => {
    const info = JSON.parse(readFileSync(`${directory}/${name}/info.json`, 'utf8')) as SetInfo
    return { ...info, package: name, version, prefix: name.split('/')[1] as string }
  })
  const rows = infos.map(
    ({ name, package: npm, version, author, license, prefix }) =>
      `| ${name} (\`${npm}\` ${version}) | [${author.name}](${author.url}) | [${license.spdx}](${license.url}) | \`${prefix}-*\` |`,
  )
  const others = [...pictures]
    .filter(([file, icon]) => !file.startsWith(icon.replace(':', '-')))
    .map(([file, icon]) => `- \`${file}\`: ${icon}`)
  const holders = infos
    .filter(({ license }) => license.spdx === 'MIT')
    .map(({ author }) => `Copyright (c) ${author.name}`)
  return `# The pictures of the demo

The files in \`files/\` and the pictures inside \`demo.warc.gz\` show drawings of these icon sets. They were changed:
\`scripts/make-demo-crawl.ts\` rendered them on coloured grounds, and turned, cut, damaged or stored some of them in
unusual ways, to see that they are handled. Texts, pages and sites are made up for the demo and are part of Shoal.

| set | author | licence | files |
| --- | --- | --- | --- |
${rows.join('\n')}

Files under other names, and what they show:

${others.sort().join('\n')}

## MIT

${holders.join('\\\n')}

${MIT}
`
}
