/**
 * Ways to cheat that the demo shows, and what a node does then. They are those that one honest node can prove, so that
 * two are enough to do without the third.
 */
export const SHOWN_CHEATS = {
  scores: 'it says that pairs are more similar than they are',
  texts: 'it writes advertisements in place of the texts',
  rows: 'it adds pairs that no page has',
  withhold: 'it leaves pages and candidates out',
  drop: 'it says that good pairs are below the threshold',
  optouts: 'it takes pictures from pages that forbid it',
  model: "it scores with another model than the campaign's",
  grind: 'it tries manifests until one suits it, and forges scores',
} as const

export type ShownCheat = keyof typeof SHOWN_CHEATS
