import manifest from '../package.json' with { type: 'json' }

/** Of this software, as in `shoal --version`, user agents and shards' manifests. */
export const VERSION: string = manifest.version
