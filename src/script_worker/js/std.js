// What scripts of other hosts import. There are no files here: whoever opens one is told so.
const none = (name) => () => {
  throw new Error(`${name}: a script has no files, no network and no programs; what it returns goes to its caller`)
}
export const open = none('open')
export const loadFile = none('loadFile')
export const tmpfile = none('tmpfile')
export const popen = none('popen')
export const exec = none('exec')
export const remove = none('remove')
export const readdir = none('readdir')
export const getenv = () => undefined
export const gc = () => undefined
export const exit = none('exit')
