#!/usr/bin/env node
import module from 'node:module'
import { join } from 'node:path'
import envPaths from 'env-paths'

// most of a start is the reading of code: as V8 has compiled it, it is kept where this user alone can write.
// Nodes that are too old lack it, and are told so by what comes next
module.enableCompileCache?.(join(envPaths('shoal', { suffix: '' }).cache, 'compiled'))
await import('./program.ts')
