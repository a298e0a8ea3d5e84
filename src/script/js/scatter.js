/**
 * Scatters plants over the tops of what is there: tufts, flowers and small bushes.
 *
 * @param {number} [count=60] - how many
 * @param {string} [kind=flowers] - flowers, tufts or bushes
 * @param {number} [seed=1] - another seed, other places
 */
const { count = 60, kind = 'flowers', seed = 1 } = params ?? {}
const tops = new Map()
goxel.image.getLayersVolume().iter((at) => {
  const key = `${at.x},${at.y}`
  if (!(tops.get(key)?.z >= at.z)) tops.set(key, at)
})
const places = [...tops.values()].sort((a, b) => a.x - b.x || a.y - b.y)
const chance = (index, salt) => (noise.value(index, salt, 0, seed) + 1) / 2
const blossoms = ['#e8425a', '#f2c53d', '#f4f4f4', '#9a62d6', '#4f8fe8']
let planted = 0
for (let index = 0; planted < count && places.length; index++, planted++) {
  const [{ x, y, z }] = places.splice(Math.floor(chance(index, 1) * places.length) % places.length, 1)
  const color = blossoms[Math.floor(chance(index, 2) * blossoms.length) % blossoms.length]
  if (kind === 'bushes') {
    sphere({ center: [x, y, z + 2], radius: 1 + chance(index, 3), color: '#3f7d34' })
  } else if (kind === 'tufts') {
    for (let up = 1; up <= 1 + Math.floor(chance(index, 3) * 3); up++) setAt(x, y, z + up, '#6fae45')
  } else {
    setAt(x, y, z + 1, '#4d8c3a')
    setAt(x, y, z + 2, color)
  }
}
planted
