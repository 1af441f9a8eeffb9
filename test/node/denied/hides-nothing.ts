import { type Hiding, openHiding } from '../../../node/denied/denied.ts'
import { NO_SUBJECTS } from '../../../node/removals/removals.ts'

const NOTHING = { subjects: NO_SUBJECTS, root: null }

/** As on a node that knows of no removals. */
export const HIDES_NOTHING: Hiding = openHiding(
  { inForce: async () => NOTHING, list: async () => [], onChange: () => () => {} },
  [],
)
