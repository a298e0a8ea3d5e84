/**
 * Fills a block of rock with winding caves.
 *
 * @param {number[]} [size=[48,48,24]] - its size, centred on 0 along x and y
 * @param {number} [scale=10] - how wide the caves are
 * @param {number} [open=0.12] - how much of the rock is taken out: 0 to 1
 * @param {number} [seed=1] - another seed, other caves
 */
const { size = [48, 48, 24], scale = 10, open = 0.12, seed = 1 } = params ?? {}
const [width, depth, height] = size
const from = [-Math.floor(width / 2), -Math.floor(depth / 2), 0]
for (let z = 0; z < height; z++) {
  progress(z / height)
  for (let y = from[1]; y < from[1] + depth; y++) {
    for (let x = from[0]; x < from[0] + width; x++) {
      // Where two noises are near 0 at once there is a tunnel along their common line.
      const a = fbm(x / scale, y / scale, z / scale, { seed, octaves: 2 })
      const b = fbm(x / scale, y / scale, z / scale, { seed: seed + 99, octaves: 2 })
      if (a * a + b * b < open * open) continue
      const shade = Math.round(110 + 30 * noise.value(x / 3, y / 3, z / 3, seed))
      setAt(x, y, z, [shade, shade - 6, shade - 14, 255])
    }
  }
}
measure({}).voxel_count
