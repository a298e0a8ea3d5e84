// The API as scripts see it, on top of the functions of the process. It is a function of these; what it returns begins a
// script: it gets the params, the seed and whether the clock may be seen, and returns what ends the script.
;(function (natives) {
  'use strict'
  const global = globalThis
  const { parse, stringify } = JSON
  const { defineProperty, defineProperties, setPrototypeOf, freeze } = Object
  const define = (object, name, value) =>
    defineProperty(object, name, { value, writable: true, configurable: true, enumerable: false })

  // An error of the engine of voxels: with its code, and what it tells besides.
  class GoxelError extends Error {
    constructor({ code, message, data }) {
      super(data && data.hint ? `${message} (${data.hint})` : message)
      this.name = 'GoxelError'
      this.code = code
      this.data = data
    }
  }
  define(global, 'GoxelError', GoxelError)

  const asked = (method, params, isOfSettings) => {
    const answer = parse(natives.call(method, stringify(params), isOfSettings))
    if (answer.error) throw new GoxelError(answer.error)
    return answer.result
  }
  const call = (method, params = {}) => asked(method, params, false)
  // The same without voxels that were not read yet: for settings of layers, which are told with counts of voxels.
  const callOfSettings = (method, params = {}) => asked(method, params, true)
  const camel = (name) => name.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase())

  // Places: rows of three numbers that also have x, y and z.
  function Vec(x = 0, y = 0, z = 0) {
    const from = typeof x === 'object' && x !== null ? x : null
    const row = from ? [from[0] ?? from.x ?? 0, from[1] ?? from.y ?? 0, from[2] ?? from.z ?? 0] : [x, y, z]
    return setPrototypeOf(row, Vec.prototype)
  }
  Vec.prototype = Object.create(Array.prototype, { constructor: { value: Vec, writable: true, configurable: true } })
  const nameElements = (prototype, names) => names.forEach((name, index) =>
    defineProperty(prototype, name, {
      get() { return this[index] },
      set(value) { this[index] = value },
      configurable: true,
    }))
  nameElements(Vec.prototype, ['x', 'y', 'z'])
  const vec = (x, y, z) => setPrototypeOf([x, y, z], Vec.prototype)
  const methodsOfVec = {
    add(other) { const o = Vec(other); return vec(this[0] + o[0], this[1] + o[1], this[2] + o[2]) },
    sub(other) { const o = Vec(other); return vec(this[0] - o[0], this[1] - o[1], this[2] - o[2]) },
    mul(by) { return vec(this[0] * by, this[1] * by, this[2] * by) },
    dot(other) { const o = Vec(other); return this[0] * o[0] + this[1] * o[1] + this[2] * o[2] },
    norm() { return Math.sqrt(this.dot(this)) },
    equals(other) { const o = Vec(other); return this[0] === o[0] && this[1] === o[1] && this[2] === o[2] },
  }
  for (const name in methodsOfVec) define(Vec.prototype, name, methodsOfVec[name])
  define(global, 'Vec', Vec)

  // The colours that iter hands out: rows of four numbers, which also have names.
  const colorPrototype = Object.create(Array.prototype)
  nameElements(colorPrototype, ['r', 'g', 'b', 'a'])
  const rgba = (r, g, b, a) => setPrototypeOf([r, g, b, a], colorPrototype)

  // Boxes: both corners are inside.
  class Box {
    constructor(min, max) {
      if (min && typeof min === 'object' && !Array.isArray(min) && min.min) ({ min, max } = min)
      const [a, b] = [Vec(min), Vec(max ?? min)]
      this.min = vec(Math.min(a[0], b[0]), Math.min(a[1], b[1]), Math.min(a[2], b[2]))
      this.max = vec(Math.max(a[0], b[0]), Math.max(a[1], b[1]), Math.max(a[2], b[2]))
    }
    get size() { return this.max.sub(this.min).add([1, 1, 1]) }
    get center() { return this.min.add(this.max).mul(0.5) }
    get volume() { const s = this.size; return s[0] * s[1] * s[2] }
    contains(place) {
      const p = Vec(place)
      return [0, 1, 2].every((axis) => p[axis] >= this.min[axis] && p[axis] <= this.max[axis])
    }
    grow(by = 1) { return new Box(this.min.sub([by, by, by]), this.max.add([by, by, by])) }
    // From -1 to 1 along each edge.
    worldToLocal(place) {
      const [p, c, s] = [Vec(place), this.center, this.size]
      return vec(...[0, 1, 2].map((axis) => (p[axis] - c[axis]) / (s[axis] / 2)))
    }
    iter(visit) {
      const [low, high] = [this.min, this.max]
      for (let z = low[2]; z <= high[2]; z++)
        for (let y = low[1]; y <= high[1]; y++)
          for (let x = low[0]; x <= high[0]; x++) visit(vec(x, y, z))
    }
    iterVoxels(visit) { this.iter(visit) }
  }
  define(global, 'Box', Box)

  // Volumes. setAt and getAt are there already; iter sees the voxels as they were when it began.
  function Volume(source) { return natives.newVolume(source) }
  Volume.prototype = natives.volume
  const methodsOfVolume = {
    constructor: Volume,
    copy() { return natives.newVolume(this) },
    iter(visit) {
      const next = natives.walk(this)
      for (let part = next(); part; part = next())
        for (let at = 0; at < part.length; at += 7)
          visit(vec(part[at], part[at + 1], part[at + 2]), rgba(part[at + 3], part[at + 4], part[at + 5], part[at + 6]))
    },
    assign(source) { natives.assign(this, source) },
    clear() { natives.assign(this, natives.newVolume()) },
    fill(box, color) {
      const { min, max } = new Box(box)
      for (let z = min[2]; z <= max[2]; z++)
        for (let y = min[1]; y <= max[1]; y++)
          for (let x = min[0]; x <= max[0]; x++) this.setAt(x, y, z, color)
    },
    count() { let count = 0; const next = natives.walk(this); for (let p = next(); p; p = next()) count += p.length / 7; return count },
  }
  for (const name in methodsOfVolume) define(Volume.prototype, name, methodsOfVolume[name])
  defineProperties(Volume.prototype, {
    box: {
      get() {
        let low = null, high = null
        this.iter((at) => {
          low = low ? low.map((value, axis) => Math.min(value, at[axis])) : at
          high = high ? high.map((value, axis) => Math.max(value, at[axis])) : at
        })
        return low && new Box(low, high)
      },
      configurable: true,
    },
    isEmpty: { get() { return natives.walk(this)() == null }, configurable: true },
  })
  define(global, 'Volume', Volume)
  define(global, 'setAt', Volume.prototype.setAt)
  define(global, 'getAt', Volume.prototype.getAt)

  // Layers, by their ids: what a layer is like is asked for each time.
  const lookUp = (id, ask) => {
    const found = ask('goxel.list_layers').layers.find((layer) => layer.id === id)
    if (!found) throw new Error(`layer ${id} is not there any more`)
    return found
  }
  class Layer {
    constructor(id) { defineProperty(this, 'id', { value: id, enumerable: true }) }
    get about() { return lookUp(this.id, call) }
    get settings() {
      const { voxel_count, ...settings } = lookUp(this.id, callOfSettings)
      return settings
    }
    get name() { return this.settings.name }
    set name(name) { callOfSettings('goxel.update_layer', { layer_id: this.id, name }) }
    get visible() { return this.settings.visible }
    set visible(visible) { callOfSettings('goxel.update_layer', { layer_id: this.id, visible }) }
    get opacity() { return this.settings.opacity }
    set opacity(opacity) { callOfSettings('goxel.update_layer', { layer_id: this.id, opacity }) }
    get mode() { return this.settings.mode }
    set mode(mode) { callOfSettings('goxel.update_layer', { layer_id: this.id, mode }) }
    get material() { return this.settings.material ?? null }
    set material(material) { callOfSettings('goxel.set_layer_material', { layer_id: this.id, material }) }
    get kind() { return this.settings.kind }
    get count() { return this.about.voxel_count }
    get volume() { return natives.layerVolume(this.id) }
    set volume(volume) { natives.assign(natives.layerVolume(this.id), volume) }
    activate() { callOfSettings('goxel.set_active_layer', { layer_id: this.id }); return this }
    remove() { call('goxel.delete_layer', { layer_id: this.id }) }
    duplicate(name) { return new Layer(call('goxel.duplicate_layer', { layer_id: this.id, name }).layer_id) }
    toJSON() { return this.about }
  }
  define(global, 'Layer', Layer)

  // The document's palette; colours are rows of four numbers.
  const channels = (text) => [1, 3, 5, 7].map((at) => parseInt(text.slice(at, at + 2) || 'ff', 16))
  class Palette {
    constructor(name, colors = []) { this.name = name; this.colors = colors }
    get length() { return this.colors.length }
    at(index) { return this.colors.at(index) }
    // What scripts of Goxel's draw with; there is no brush here, so it is the first.
    get color() { return this.colors[0] ?? [255, 255, 255, 255] }
    nearest(color) {
      let best = null, least = Infinity
      for (const own of this.colors) {
        const distance = [0, 1, 2].reduce((sum, channel) => sum + (own[channel] - color[channel]) ** 2, 0)
        if (distance < least) [best, least] = [own, distance]
      }
      return best
    }
    [Symbol.iterator]() { return this.colors[Symbol.iterator]() }
  }
  define(global, 'Palette', Palette)
  const palette = (name) => {
    const found = call('goxel.get_palette', name === undefined ? {} : { name })
    return new Palette(found.name, found.colors.map(({ color }) => channels(color)))
  }

  const image = {
    get layers() { return callOfSettings('goxel.list_layers').layers.map((layer) => new Layer(layer.id)) },
    get activeLayer() { return new Layer(callOfSettings('goxel.list_layers').active_layer) },
    set activeLayer(layer) { callOfSettings('goxel.set_active_layer', { layer_id: layer instanceof Layer ? layer.id : layer }) },
    get selectionBox() {
      const { box } = call('goxel.get_selection')
      return box ? new Box(box.min, box.max) : null
    },
    set selectionBox(box) {
      if (!box) return void call('goxel.clear_selection')
      const { min, max } = new Box(box)
      call('goxel.select_box', { min, max })
    },
    get box() {
      const found = call('goxel.get_project_info')
      return found.canvas ? new Box(found.canvas.min, found.canvas.max) : null
    },
    addLayer(name) { return new Layer(call('goxel.create_layer', name === undefined ? {} : { name }).layer_id) },
    layer(name) { return image.layers.find((layer) => layer.id === name || layer.name === name) ?? null },
    getLayersVolume() { return natives.mergedVolume() },
  }

  // Everything that goxel.edit can do, as functions; everything that can be asked or changed, on `goxel`.
  const registered = []
  const goxel = {
    image,
    call,
    get palette() { return palette() },
    set palette(colors) {
      if (typeof colors === 'string') return void call('goxel.set_palette', { name: colors })
      call('goxel.set_palette', { name: colors.name ?? 'script', colors: [...colors] })
    },
    getPalette: palette,
    get layers() { return image.layers },
    get materials() { return call('goxel.list_materials').materials },
    get cameras() { return call('goxel.list_cameras').cameras },
    get selection() { return image.selectionBox },
    set selection(box) { image.selectionBox = box },
    edit(operations) { return call('goxel.edit', Array.isArray(operations) ? { operations } : operations) },
    registerScript(script) { registered.push(script) },
    registerFormat(format) { console.log(`the format ${format && format.name} is not used: a script has no files`) },
  }
  for (const method of natives.methods) {
    const name = method.slice('goxel.'.length)
    const ask = (...params) => call(method, params.length === 1 && typeof params[0] === 'object' ? params[0] : params)
    for (const own of [name, camel(name)]) if (!(own in goxel)) define(goxel, own, ask)
    for (const own of ['measure', 'find', 'raycast']) if (own === name) define(global, own, ask)
  }
  define(global, 'goxel', goxel)
  for (const op of natives.operations) {
    const draw = (fields = {}) => goxel.edit([{ op, ...fields }]).operations[0]
    for (const own of [op, camel(op)]) if (!(own in global)) define(global, own, draw)
  }

  // Noise.
  const fbm = (x, y = 0, z = 0, { seed = 0, octaves = 4, lacunarity = 2, gain = 0.5 } = {}) =>
    natives.fbm(x, y, z, seed, [octaves, lacunarity, gain])
  const noises = { valueNoise: natives.valueNoise, gradientNoise: natives.gradientNoise, fbm }
  for (const name in noises) define(global, name, noises[name])
  define(global.noise, 'value', natives.valueNoise)
  define(global.noise, 'gradient', natives.gradientNoise)
  define(global.noise, 'fbm', fbm)

  // What a script writes.
  const shown = (value, depth = 0) => {
    if (typeof value === 'string') return depth ? stringify(value) : value
    if (value instanceof Error) return String(value)
    if (typeof value === 'function') return `[function ${value.name}]`
    if (typeof value !== 'object' || value === null) return String(value)
    try { return stringify(value) ?? String(value) } catch (problem) { return Object.prototype.toString.call(value) }
  }
  const print = (...values) => natives.print(values.map((value) => shown(value)).join(' '))
  const console = {}
  for (const name of ['log', 'info', 'warn', 'error', 'debug']) define(console, name, print)
  define(global, 'console', console)
  define(global, 'print', print)
  define(global, 'progress', (part) => natives.progress(Number(part)))

  // Time stands still unless the caller says otherwise.
  const stopTime = () => {
    const [Real, now] = [Date, Date.UTC(2000, 0, 1)]
    function Still(...parts) {
      if (!new.target) return new Real(now).toString()
      const made = parts.length ? new Real(...parts) : new Real(now)
      return setPrototypeOf(made, new.target.prototype)
    }
    Still.prototype = Real.prototype
    define(Real.prototype, 'constructor', Still)
    define(Still, 'now', () => now)
    define(Still, 'UTC', Real.UTC)
    define(Still, 'parse', Real.parse)
    define(global, 'Date', Still)
    if (global.performance) define(global, 'performance', freeze({ now: () => 0, timeOrigin: now }))
  }

  // Chance begins at the seed: mulberry32, with 21 bits of a second number behind the 32 of the first.
  const seeded = (seed) => {
    let state = (seed ^ Math.floor(seed / 4294967296)) >>> 0
    const next = () => {
      state = (state + 0x6d2b79f5) >>> 0
      let bits = Math.imul(state ^ (state >>> 15), state | 1)
      bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61)
      return (bits ^ (bits >>> 14)) >>> 0
    }
    define(Math, 'random', () => (next() * 2097152 + (next() >>> 11)) / 9007199254740992)
  }

  // The value of a script, in JSON.
  const told = (value) => {
    try { return stringify(value) } catch (problem) {
      throw new TypeError(`the value of the script cannot be told as JSON: ${problem && problem.message}`)
    }
  }

  return (params, seed, mayTellTime) => {
    seeded(seed)
    if (!mayTellTime) stopTime()
    define(global, 'params', params)
    return async (value) => {
      let last = await value
      for (const script of registered) {
        if (typeof script?.onExecute !== 'function') continue
        const made = await script.onExecute()
        if (made !== undefined) last = made
      }
      return told(last)
    }
  }
})
