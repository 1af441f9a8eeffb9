export { type ExportedCar, exportCar } from './export-car.ts'
export { type ImportedCar, importCar } from './import-car.ts'
export { type Block, type BlockReader, readWhole, walkBlocks } from './walk-blocks.ts'
export { writeCar } from './write-car.ts'
