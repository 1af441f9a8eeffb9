import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { chooseThreshold } from '../../../node/look/choose-threshold.ts'

const threshold = suite('thresholds of tags')

const some = (count: number, isPositive: boolean, scoreOf: (i: number) => number) =>
  Array.from({ length: count }, (_, i) => ({ score: scoreOf(i), isPositive }))

threshold('lies between what it tells apart', () => {
  const pictures = [...some(20, true, (i) => 0.2 + i / 100), ...some(50, false, (i) => 0.1 - i / 100)]
  assert.equal(chooseThreshold(pictures), {
    ...{ threshold: 0.15, positives: 20, negatives: 50, precision: 1, recall: 1 },
  })
})

threshold('is none where scores say nothing', () => {
  const noise = (i: number) => ((i * 7919) % 101) / 101
  const { threshold, precision } = chooseThreshold([...some(30, true, noise), ...some(300, false, noise)])
  assert.is(threshold, null)
  assert.ok(precision! < 0.5)
})

threshold('is none where there are too few pictures of either kind', () => {
  for (const [positives, negatives] of [
    [9, 100],
    [100, 9],
    [0, 0],
  ] as const) {
    const pictures = [...some(positives, true, () => 1), ...some(negatives, false, () => 0)]
    assert.equal(chooseThreshold(pictures), {
      ...{ threshold: null, positives, negatives, precision: null, recall: null },
    })
  }
})

threshold('its figures are of pictures that it was not chosen by', () => {
  // each picture of the thing has a score of its own, as have the others: no threshold fits what it has not seen
  const pictures = [
    ...some(10, true, (i) => (i % 2 ? 0.9 : 0.1)),
    ...some(10, false, (i) => (i % 2 ? 0.8 : 0.2)),
  ]
  const { precision, recall } = chooseThreshold(pictures)
  assert.ok(precision! <= 1 && recall! < 1)
})

threshold.run()
