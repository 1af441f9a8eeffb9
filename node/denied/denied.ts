export { type Denied, denyHeld } from './deny-held.ts'
export { extendDenylist, ruleFor } from './denylist.ts'
export { writeFeed } from './feed-file.ts'
export { type Feeds, type KeptFeed, openFeeds } from './feeds.ts'
export {
  asHideable,
  type Hidden,
  hide,
  hiderOf,
  hidingColumns,
  NOTHING_HIDDEN,
  rowHider,
} from './hidden.ts'
export { type Hiding, openHiding } from './hiding.ts'
export { lookForHidden } from './look-for-hidden.ts'
export { saveShown } from './save-shown.ts'
