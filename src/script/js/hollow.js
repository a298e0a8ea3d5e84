/**
 * Makes the active layer hollow for printing, with a hole in its bottom for what is left inside.
 *
 * @param {number} [wall=2] - how thick the wall is
 * @param {number} [hole=1] - the radius of the hole; 0 for none
 */
const { wall = 2, hole: radius = 1 } = params ?? {}
const volume = goxel.image.activeLayer.volume
const box = volume.box
if (!box) throw new Error('the layer is empty: there is nothing to make hollow')
const before = volume.count()
hollow({ thickness: wall })
const taken = before - volume.count()
if (taken > 0 && radius > 0) {
  // From the lowest empty place inside, straight down.
  let drain = null
  for (let z = box.min.z; z <= box.max.z && !drain; z++)
    for (let y = box.min.y; y <= box.max.y && !drain; y++)
      for (let x = box.min.x; x <= box.max.x && !drain; x++)
        if (!volume.getAt(x, y, z) && volume.getAt(x, y, z - 1) && inside(x, y, z)) drain = [x, y, z]
  if (drain) {
    const [x, y, z] = drain
    const depth = z - box.min.z
    for (let dy = -radius; dy <= radius; dy++)
      for (let dx = -radius; dx <= radius; dx++)
        if (dx * dx + dy * dy <= radius * radius)
          for (let down = 0; down <= depth; down++) volume.setAt(x + dx, y + dy, z - down, null)
  }
}
function inside(x, y, z) {
  for (const [axis, step] of [[0, 1], [0, -1], [1, 1], [1, -1], [2, 1]]) {
    const at = [x, y, z]
    let met = false
    while (at[axis] >= box.min[axis] && at[axis] <= box.max[axis] && !met) {
      met = volume.getAt(at) !== null
      at[axis] += step
    }
    if (!met) return false
  }
  return true
}
;({ taken, left: volume.count() })
