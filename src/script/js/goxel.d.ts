// The API of goxel's scripts, for editors. z is up; both corners of a box are inside.

/** [r, g, b] or [r, g, b, a] from 0 to 255, "#rrggbb", the name of a colour; null for no voxel. */
type Color = number[] | string | null
type Mode = 'add' | 'subtract' | 'paint' | 'intersect' | 'replace'
type Place = [number, number, number] | Vec | { x: number; y: number; z: number }

/** What an operation came to. */
interface Changed { op: string; layer_id: number; changed: number; added: number; removed: number }

declare class Vec extends Array<number> {
  constructor(x?: number | Place, y?: number, z?: number)
  x: number; y: number; z: number
  add(other: Place): Vec
  sub(other: Place): Vec
  mul(by: number): Vec
  dot(other: Place): number
  norm(): number
  equals(other: Place): boolean
}

declare class Box {
  constructor(min: Place | { min: Place; max: Place }, max?: Place)
  min: Vec; max: Vec
  readonly size: Vec; readonly center: Vec; readonly volume: number
  contains(place: Place): boolean
  grow(by?: number): Box
  worldToLocal(place: Place): Vec
  iter(visit: (place: Vec) => void): void
}

declare class Volume {
  constructor(source?: Volume)
  setAt(x: number, y: number, z: number, color: Color): void
  setAt(place: Place, color: Color): void
  getAt(x: number, y: number, z: number): number[] | null
  getAt(place: Place): number[] | null
  iter(visit: (place: Vec, color: number[] & { r: number; g: number; b: number; a: number }) => void): void
  copy(): Volume
  assign(source: Volume): void
  fill(box: Box | { min: Place; max: Place }, color: Color): void
  clear(): void
  count(): number
  readonly box: Box | null
  readonly isEmpty: boolean
}

declare class Layer {
  readonly id: number
  name: string; visible: boolean; opacity: number; mode: string; material: number | null
  readonly kind: string; readonly count: number
  volume: Volume
  activate(): Layer
  remove(): void
  duplicate(name?: string): Layer
}

declare class Palette {
  constructor(name: string, colors?: number[][])
  name: string; colors: number[][]
  readonly length: number
  /** The first, which scripts of Goxel's own draw with. */
  readonly color: number[]
  nearest(color: number[]): number[]
}

declare class GoxelError extends Error { code: number; data?: any }

interface Image {
  readonly layers: Layer[]
  activeLayer: Layer
  selectionBox: Box | null
  readonly box: Box | null
  addLayer(name?: string): Layer
  layer(nameOrId: string | number): Layer | null
  getLayersVolume(): Volume
}

declare const goxel: {
  readonly image: Image
  palette: Palette | string
  selection: Box | null
  readonly layers: Layer[]; readonly materials: any[]; readonly cameras: any[]
  getPalette(name?: string): Palette
  edit(operations: object[] | object): any
  call(method: string, params?: object | any[]): any
  registerScript(script: { name: string; description?: string; onExecute(): any }): void
  registerFormat(format: object): void
  [method: string]: any
}

/** What the caller gave. */
declare const params: any
/** Sets a voxel of the active layer. */
declare function setAt(x: number, y: number, z: number, color: Color): void
declare function setAt(place: Place, color: Color): void
/** The colour of a voxel of the active layer, or null. */
declare function getAt(x: number, y: number, z: number): number[] | null
declare function getAt(place: Place): number[] | null
/** How far the script is, from 0 to 1. */
declare function progress(part: number): void
declare function print(...values: any[]): void
declare function measure(params?: object): any
declare function find(params: object): any
declare function raycast(params: object): any
declare function valueNoise(x: number, y?: number, z?: number, seed?: number): number
declare function gradientNoise(x: number, y?: number, z?: number, seed?: number): number
declare function fbm(x: number, y?: number, z?: number, how?: { seed?: number; octaves?: number; lacunarity?: number; gain?: number }): number
declare namespace noise {
  function value(x: number, y?: number, z?: number, seed?: number): number
  function gradient(x: number, y?: number, z?: number, seed?: number): number
  function fbm(x: number, y?: number, z?: number, how?: object): number
}

