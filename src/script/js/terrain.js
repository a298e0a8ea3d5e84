/**
 * Draws a landscape of hills with grass, rock, snow and water.
 *
 * @param {number} [size=64] - voxels along x and y, centred on 0
 * @param {number} [height=16] - how high the hills are
 * @param {number} [scale=24] - how wide they are
 * @param {number} [water=5] - up to where water stands; 0 for none
 * @param {number} [seed=1] - another seed, another landscape
 */
const { size = 64, height = 16, scale = 24, water = 5, seed = 1 } = params ?? {}
const from = -Math.floor(size / 2)
for (let y = from; y < from + size; y++) {
  progress((y - from) / size)
  for (let x = from; x < from + size; x++) {
    const hill = (fbm(x / scale, y / scale, 0, { seed, octaves: 5 }) + 0.6) / 1.2
    const top = Math.max(0, Math.min(height, Math.round(hill * height)))
    for (let z = 0; z <= top; z++) {
      const color =
        z < top - 2 ? '#7a6a58' : top > height * 0.85 ? '#f4f6f8' : top > height * 0.65 ? '#8d8a86' : top <= water ? '#d8c790' : '#5c9a3c'
      setAt(x, y, z, color)
    }
    for (let z = top + 1; z < water; z++) setAt(x, y, z, [60, 120, 200, 160])
  }
}
measure({}).voxel_count
