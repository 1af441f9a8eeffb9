export { asRemovable, HIDING_COLUMNS, type Hidden, hiderOf, hidesNothing } from './hidden.ts'
export { type Hiding, openHiding } from './hiding.ts'
export { holdsHidden } from './look-for-hidden.ts'
