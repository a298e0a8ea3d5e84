/**
 * Builds a house: walls, a door, windows, a gable roof and a chimney.
 *
 * @param {number[]} [at=[0,0,0]] - its lowest corner
 * @param {number[]} [size=[17,13,8]] - width, depth and height of its walls
 * @param {string} [wall=#e3d5b8] - the colour of its walls
 * @param {string} [roof=#a3402f] - the colour of its roof
 */
const { at = [0, 0, 0], size = [17, 13, 8], wall = '#e3d5b8', roof = '#a3402f' } = params ?? {}
const [x, y, z] = at
const [width, depth, height] = size
const [right, back, top] = [x + width - 1, y + depth - 1, z + height]
box({ min: [x, y, z], max: [right, back, z], color: '#8b8782' })
walls({ min: [x, y, z + 1], max: [right, back, top], thickness: 1, color: wall })
for (const [cx, cy] of [[x, y], [right, y], [x, back], [right, back]])
  box({ min: [cx, cy, z + 1], max: [cx, cy, top], color: '#6e4f35' })
const middle = x + Math.floor(width / 2)
box({ min: [middle - 1, y, z + 1], max: [middle + 1, y, z + 5], color: '#5a3a22' })
setAt(middle + 1, y, z + 3, '#e0b84c')
for (let wx = x + 3; wx + 1 < right - 1; wx += 4) {
  for (const wy of [y, back]) {
    if (wy === y && Math.abs(wx - middle) < 3) continue
    box({ min: [wx, wy, z + 3], max: [wx + 1, wy, z + 5], color: [150, 200, 235, 200] })
  }
}
prism({ min: [x - 1, y - 1, top + 1], max: [right + 1, back + 1, top + Math.ceil(depth / 2) + 1], axis: 'x', side: '+z', color: roof })
box({ min: [right - 3, back - 3, top + 2], max: [right - 2, back - 2, top + Math.ceil(depth / 2) + 3], color: '#7d4a3e' })
measure({}).voxel_count
