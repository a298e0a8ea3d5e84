/**
 * Grows a tree: a trunk, branches and a crown of leaves.
 *
 * @param {number[]} [at=[0,0,0]] - where its trunk stands
 * @param {number} [height=18] - how high it is
 * @param {number} [branches=7] - how many branches it has
 * @param {string} [leaves=#4c8f3a] - the colour of its leaves
 * @param {number} [seed=1] - another seed, another tree
 */
const { at = [0, 0, 0], height = 18, branches = 7, leaves = '#4c8f3a', seed = 1 } = params ?? {}
const [x, y, z] = at
const chance = (index, salt) => (noise.value(index, salt, 0, seed) + 1) / 2
const bark = '#6b4a2f'
const crown = Math.round(height * 0.65)
cone({ min: [x - 2, y - 2, z], max: [x + 2, y + 2, z + height - 2], axis: 'z', color: bark })
for (let index = 0; index < branches; index++) {
  // Every branch a third of a turn further, so that no two of them lie above each other.
  const turn = index * 2.4 + chance(index, 1)
  const up = z + Math.round(height * (0.4 + (0.5 * index) / branches))
  const reach = height * 0.3 * (1 - index / (2 * branches)) * (0.7 + 0.5 * chance(index, 2))
  const tip = [Math.round(x + Math.cos(turn) * reach), Math.round(y + Math.sin(turn) * reach), up + 2]
  line({ points: [[x, y, up - 1], tip], radius: 0.5, color: bark })
  sphere({ center: tip, radius: height * 0.12 + chance(index, 3), color: leaves })
}
sphere({ center: [x, y, z + crown + 4], radius: height * 0.2, color: leaves })
noise({ amount: 0.08, seed })
measure({}).voxel_count
