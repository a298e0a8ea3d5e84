/**
 * Lets rain wear the tops of what is there: drops run downhill, take away what is steep and leave it where it is flat.
 *
 * @param {number} [drops=2000] - how many drops fall
 * @param {number} [steps=24] - how far each runs at most
 * @param {number} [seed=1] - another seed, other drops
 */
const { drops = 2000, steps = 24, seed = 1 } = params ?? {}
const tops = new Map()
const volume = goxel.image.activeLayer.volume
volume.iter((at) => {
  const key = at.x * 65536 + at.y
  if (!(tops.get(key) >= at.z)) tops.set(key, at.z)
})
const box = volume.box
let moved = 0
if (box) {
  const chance = (index, salt) => (noise.value(index, salt, 0, seed) + 1) / 2
  const [low, size] = [box.min, box.size]
  const top = (x, y) => tops.get(x * 65536 + y) ?? null
  for (let drop = 0; drop < drops; drop++) {
    let x = low.x + Math.floor(chance(drop, 1) * size.x)
    let y = low.y + Math.floor(chance(drop, 2) * size.y)
    let carried = null
    for (let step = 0; step < steps; step++) {
      const here = top(x, y)
      if (here === null) break
      let next = null
      for (const [dx, dy] of [[1, 0], [0, 1], [-1, 0], [0, -1]]) {
        const there = top(x + dx, y + dy)
        if (there !== null && there < (next ? next.z : here)) next = { x: x + dx, y: y + dy, z: there }
      }
      if (!next) {
        if (carried) {
          volume.setAt(x, y, here + 1, carried)
          tops.set(x * 65536 + y, here + 1)
          moved++
        }
        break
      }
      if (!carried && here - next.z > 1 && here > low.z) {
        carried = volume.getAt(x, y, here)
        volume.setAt(x, y, here, null)
        tops.set(x * 65536 + y, here - 1)
      }
      x = next.x
      y = next.y
    }
  }
}
moved
