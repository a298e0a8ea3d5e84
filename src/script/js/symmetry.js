/**
 * Tells how symmetric the active layer is along an axis, and marks or mends the voxels that have no partner.
 *
 * @param {string} [axis=x] - x, y or z
 * @param {string} [act=tell] - tell, mark (in pink, on a layer of their own) or mend (adds the partners)
 */
const { axis = 'x', act = 'tell' } = params ?? {}
const index = { x: 0, y: 1, z: 2 }[axis]
if (index === undefined) throw new Error(`axis is x, y or z, not ${axis}`)
const volume = goxel.image.activeLayer.volume
const box = volume.box
const lonely = []
let count = 0
if (box) {
  const sum = box.min[index] + box.max[index]
  volume.iter((at, color) => {
    count++
    const partner = [at.x, at.y, at.z]
    partner[index] = sum - partner[index]
    if (!volume.getAt(partner)) lonely.push({ at, partner, color })
  })
}
if (act === 'mend') for (const { partner, color } of lonely) volume.setAt(partner, color)
if (act === 'mark' && lonely.length) {
  const marks = goxel.image.addLayer('not symmetric').volume
  for (const { at } of lonely) marks.setAt(at, '#ff40c0')
}
;({ axis, voxels: count, without_partner: lonely.length, share: count ? 1 - lonely.length / count : 1 })
