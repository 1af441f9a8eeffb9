/**
 * Runs before the packages that this one depends on are set up, where it is installed as a package. On Linux
 * onnxruntime-node would then download some hundreds of megabytes for CUDA, and fail where that is out of reach; few
 * machines can use them, and those get them with `shoal gpu install cuda`. What a package wants of npm, npm takes from
 * nobody but the user, so the script that downloads is emptied. Plain JavaScript, for whatever Node the host has.
 */
import { existsSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
// in a checkout there is .npmrc; and who asked for them gets them
if (basename(dirname(root)) === 'node_modules' && !process.env.ONNXRUNTIME_NODE_INSTALL)
  for (const modules of [join(root, 'node_modules'), dirname(root)]) {
    const script = join(modules, 'onnxruntime-node', 'script', 'install.js')
    try {
      if (existsSync(script))
        writeFileSync(
          script,
          "// emptied by Shoal's installation: `shoal gpu install cuda` gets these files\n",
        )
    } catch (error) {
      // then it downloads them
      console.error(`shoal: ${error.message}`)
    }
  }
