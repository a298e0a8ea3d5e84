/**
 * Writes a text in voxels, standing upright along x.
 *
 * @param {string} [text=GOXEL] - letters, digits and a few signs
 * @param {number[]} [at=[0,0,0]] - where it begins: its lowest corner
 * @param {number} [scale=1] - how large a dot of a letter is
 * @param {number} [depth=1] - how thick it is
 * @param {string} [color=#f2c53d] - its colour
 */
const { text = 'GOXEL', at = [0, 0, 0], scale = 1, depth = 1, color = '#f2c53d' } = params ?? {}
// Five rows of three dots a letter, from the top; each row is a digit from 0 to 7.
const letters = {
  A: '25755', B: '65656', C: '34443', D: '65556', E: '74647', F: '74644', G: '34553', H: '55755', I: '72227', J: '11152',
  K: '55655', L: '44447', M: '57755', N: '65555', O: '25552', P: '65644', Q: '25563', R: '65655', S: '34216', T: '72222',
  U: '55557', V: '55552', W: '55775', X: '55255', Y: '55222', Z: '71247', 0: '75557', 1: '26227', 2: '61247', 3: '61216',
  4: '55711', 5: '74616', 6: '34652', 7: '71244', 8: '25252', 9: '25316', '.': '00002', ',': '00024', '!': '22202',
  '?': '61202', '-': '00700', '+': '02720', ':': '02020', '/': '11244', ' ': '00000', "'": '22000', '=': '07070',
}
let pen = at[0]
let drawn = 0
for (const letter of String(text).toUpperCase()) {
  const rows = letters[letter] ?? letters['?']
  for (let row = 0; row < 5; row++) {
    for (let dot = 0; dot < 3; dot++) {
      if (!((Number(rows[row]) >> (2 - dot)) & 1)) continue
      const low = [pen + dot * scale, at[1], at[2] + (4 - row) * scale]
      box({ min: low, max: [low[0] + scale - 1, low[1] + depth - 1, low[2] + scale - 1], color })
      drawn++
    }
  }
  pen += 4 * scale
}
drawn
