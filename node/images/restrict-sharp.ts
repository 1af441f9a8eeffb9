/**
 * What libvips may do in this process, set when it is loaded. Not in the threads that decode: the settings are one
 * for the whole process, and while all loaders are blocked, pictures that other threads are opening fail.
 */
import sharp from 'sharp'

sharp.block({ operation: ['VipsForeignLoad'] })
sharp.unblock({
  operation: [
    'VipsForeignLoadJpegBuffer',
    'VipsForeignLoadPngBuffer',
    'VipsForeignLoadWebpBuffer',
    'VipsForeignLoadNsgifBuffer',
  ],
})
// no picture comes twice, and one thread a picture: many pictures are decoded at a time
sharp.cache(false)
sharp.concurrency(1)
