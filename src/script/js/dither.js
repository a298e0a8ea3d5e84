/**
 * Gives every voxel of the active layer a colour of a palette, mixed in a pattern where none is near.
 *
 * @param {string} [palette=] - the name of a built-in palette; without it the document's own, or basic if that is empty
 * @param {number} [strength=0.15] - how much the pattern mixes: 0 for the nearest colour everywhere
 */
const { palette = '', strength = 0.15 } = params ?? {}
const own = goxel.palette
const colors = palette || !own.length ? goxel.getPalette(palette || 'basic') : own
// An ordered pattern of 4x4, turned with each level, so that no side of a model shows stripes.
const pattern = [0, 8, 2, 10, 12, 4, 14, 6, 3, 11, 1, 9, 15, 7, 13, 5]
const nearest = new Map()
const volume = goxel.image.activeLayer.volume
let changed = 0
volume.iter((at, [r, g, b, a]) => {
  const place = ((at.x + at.z) & 3) + 4 * ((at.y + (at.z >> 2)) & 3)
  const shift = Math.round(((pattern[place] + 0.5) / 16 - 0.5) * strength * 255)
  const key = ((r + 128 + shift) << 20) + ((g + 128 + shift) << 10) + (b + 128 + shift)
  if (!nearest.has(key)) nearest.set(key, colors.nearest([r + shift, g + shift, b + shift]))
  const to = nearest.get(key)
  if (to[0] !== r || to[1] !== g || to[2] !== b) changed++
  volume.setAt(at, [to[0], to[1], to[2], a])
})
changed
