import { setFlagsFromString } from 'node:v8'

/**
 * Keep the space small that V8 makes new objects in, before it has grown: on the main thread it would take 100 MiB for
 * objects that live for moments, and what they hold outside the heap would wait there with them. Threads have their
 * own bound (`youngMiB`). Loaded first by whoever opens a node.
 */
setFlagsFromString('--semi-space-growth-factor=1')
