#!/usr/bin/env python3
"""Reads what goxelctl writes with independent programs, and the other way round.

Each program is installed into a directory of its own; one that cannot be installed is skipped by name.
"""

import argparse
import http.server
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading

MODEL = [(x, y, z) for x in range(6) for y in range(4) for z in range(5) if (x, y, z) != (5, 3, 4)]
COLORS = {True: (200, 30, 40), False: (20, 60, 220)}


def color(cell):
    return COLORS[(cell[0] + cell[2]) % 2 == 0]


# Nothing of it looks the same from two sides or in a mirror: holes, an overhang, a slope, a ball, layers of
# which one is hidden and two let light through, many colours.
SCRIPT = """
box({min: [0, 0, 0], max: [19, 11, 2], color: '#5a6e82'})
box({min: [0, 7, 3], max: [4, 11, 15], color: '#c83228'})
box({min: [5, 8, 12], max: [14, 10, 15], color: '#1e8c3c'})
box({min: [12, -1, 0], max: [15, 2, 2], mode: 'erase'})
box({min: [1, 6, 6], max: [2, 12, 9], mode: 'erase'})
box({min: [7, 4, -1], max: [8, 5, 4], mode: 'erase'})
for (let i = 0; i < 8; i++)
  for (let k = 0; k <= i; k++) setAt(12 + i, 6, 3 + k, [255 - 30 * i, 20 + 28 * k, 3 * i * k])
const flag = goxel.image.addLayer('Flag')
for (let x = 0; x < 6; x++)
  for (let z = 0; z < 4; z++) flag.volume.setAt([x, 2, 16 + z], (x + z) % 2 ? [250, 220, 10] : [7, 3, 128])
flag.volume.setAt([0, 2, 15], [1, 2, 3])
sphere({center: [17, 2, 7], radius: 3.2, color: '#e060d0', layer: 'Flag'})
const glass = goxel.image.addLayer('Glass')
glass.opacity = 0.4
box({min: [9, -4, 1], max: [12, -2, 12], color: '#2080ff', layer: 'Glass'})
goxel.image.addLayer('Ice')
box({min: [-5, 0, 0], max: [-2, 4, 9], color: [20, 200, 100, 128], layer: 'Ice'})
const hidden = goxel.image.addLayer('Hidden')
box({min: [-9, -9, -9], max: [-4, 20, 30], color: 'white', layer: 'Hidden'})
hidden.visible = false
"""
SAMPLES = ["gox/peg__house1.gox", "vox/mmmm__veh_mini5.vox"]
KINDS = {"texture": (), "vertex": ("--colors", "vertex"), "merged": ("--merge", "--compact", "--mesh", "greedy-closed")}
# Where the eye is and what is up, in the file's axes: its y is our z, and its z is our -y.
VIEWS = {"front": [[0, 0, 1], [0, 1, 0]], "right": [[1, 0, 0], [0, 1, 0]], "top": [[0, 1, 0], [0, 0, -1]],
         "iso": [[1, 1, 1], [0, 1, 0]]}
PAGE = """<!doctype html><script type="importmap">
{"imports": {"three": "/node/node_modules/three/build/three.module.js", "three/addons/": "/node/node_modules/three/examples/jsm/"}}
</script><script type="module">
const tell = (path, body) => fetch(path, { method: 'POST', body });
addEventListener('error', e => tell('/error', e.message || 'a script cannot be loaded'));
addEventListener('unhandledrejection', e => tell('/error', String(e.reason && e.reason.stack || e.reason)));
const THREE = await import('three');
const { GLTFLoader } = await import('three/addons/loaders/GLTFLoader.js');
const { jobs, views } = await (await fetch('/jobs.json')).json();
const renderer = new THREE.WebGLRenderer({ alpha: true, antialias: false, preserveDrawingBuffer: true });
renderer.outputColorSpace = THREE.SRGBColorSpace;
renderer.toneMapping = THREE.NoToneMapping;
renderer.setPixelRatio(1);
renderer.setClearColor(0, 0);
for (const { model, view, ours, out } of jobs) {
    // Where the model is in our picture: it is drawn there, with one scale for both directions.
    const picture = new Image();
    picture.src = '/' + ours;
    await picture.decode();
    const [width, height] = [picture.width, picture.height];
    const canvas = Object.assign(document.createElement('canvas'), { width, height });
    const context = canvas.getContext('2d');
    context.drawImage(picture, 0, 0);
    const pixels = context.getImageData(0, 0, width, height).data;
    let [left, top, right, bottom] = [width, height, 0, 0];
    for (let y = 0; y < height; y++)
        for (let x = 0; x < width; x++)
            if (pixels[4 * (y * width + x) + 3] > 63) {
                [left, right] = [Math.min(left, x), Math.max(right, x + 1)];
                [top, bottom] = [Math.min(top, y), Math.max(bottom, y + 1)];
            }
    // The stored colours alone, without light and without the layer's material, as "flat" is.
    const { scene } = await new GLTFLoader().loadAsync('/' + model);
    scene.traverse(o => {
        if (!o.isMesh) return;
        const { map, vertexColors, opacity, transparent, depthWrite, alphaTest, side } = o.material;
        o.material = new THREE.MeshBasicMaterial({ map, vertexColors, opacity, transparent, depthWrite, alphaTest, side });
    });
    scene.updateMatrixWorld(true);
    const camera = new THREE.OrthographicCamera(-1, 1, 1, -1, 1, 20000);
    const [eye, up] = views[view];
    camera.up.set(...up);
    camera.position.set(...eye).setLength(10000);
    camera.lookAt(0, 0, 0);
    camera.updateMatrixWorld(true);
    const seen = new THREE.Box3(), at = new THREE.Vector3();
    scene.traverse(o => {
        const points = o.isMesh && o.geometry.getAttribute('position');
        for (let i = 0; points && i < points.count; i++)
            seen.expandByPoint(at.fromBufferAttribute(points, i).applyMatrix4(o.matrixWorld).applyMatrix4(camera.matrixWorldInverse));
    });
    const size = seen.getSize(new THREE.Vector3()), middle = seen.getCenter(new THREE.Vector3());
    const unit = size.x > size.y ? size.x / (right - left) : size.y / (bottom - top);
    camera.left = middle.x - unit * (left + right) / 2;
    camera.right = camera.left + unit * width;
    camera.top = middle.y + unit * (top + bottom) / 2;
    camera.bottom = camera.top - unit * height;
    camera.updateProjectionMatrix();
    renderer.setSize(width, height);
    renderer.render(scene, camera);
    await tell('/' + out, await new Promise(done => renderer.domElement.toBlob(done, 'image/png')));
}
await tell('/end', '');
</script>"""


class Skip(Exception):
    """A program that is not there."""


class Interop:
    def __init__(self, goxelctl, work):
        self.goxelctl, self.work = goxelctl, work
        self.model = os.path.join(work, "model.txt")
        with open(self.model, "w") as out:
            for cell in MODEL:
                out.write("%d %d %d " % cell + "%02x%02x%02x\n" % color(cell))
        self.site = os.path.join(work, "site")
        os.makedirs(self.site, exist_ok=True)
        self.installed = {}

    def convert(self, name, *options, source=None):
        path = os.path.join(self.work, name)
        command = [self.goxelctl, "-q", "convert", source or self.model, path, *options]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        return path

    def info(self, path):
        told = subprocess.run([self.goxelctl, "info", path, "--json"], check=True, capture_output=True)
        return json.loads(told.stdout)

    def python(self, package, code, *arguments):
        """Runs code with a package, which is installed once."""
        if package not in self.installed:
            command = [sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check",
                       "--target", self.site, *package.split()]
            done = subprocess.run(command, capture_output=True)
            self.installed[package] = done.returncode == 0
        if not self.installed[package]:
            raise Skip(f"{package} cannot be installed with pip")
        env = dict(os.environ, PYTHONPATH=self.site)
        done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, env=env)
        if done.returncode != 0:
            raise AssertionError(done.stderr.strip()[-2000:])
        return done.stdout

    def node(self, package, code, *arguments):
        if not shutil.which("npm"):
            raise Skip("npm is not there")
        home = os.path.join(self.work, "node")
        os.makedirs(home, exist_ok=True)
        if package not in self.installed:
            done = subprocess.run(["npm", "install", "--silent", "--no-audit", "--no-fund", package],
                                  cwd=home, capture_output=True)
            self.installed[package] = done.returncode == 0
        if not self.installed[package]:
            raise Skip(f"{package} cannot be installed with npm")
        script = os.path.join(home, "check.mjs")
        with open(script, "w") as out:
            out.write(code)
        done = subprocess.run(["node", script, *arguments], cwd=home, capture_output=True, text=True)
        if done.returncode != 0:
            raise AssertionError((done.stderr + done.stdout).strip()[-2000:])
        return done.stdout

    def program(self, name):
        found = shutil.which(name)
        if not found:
            raise Skip(f"{name} is not installed")
        return found

    def chromium(self):
        """A Chromium that runs without a screen."""
        found = os.environ.get("CHROMIUM")
        for name in ["chromium", "chromium-browser", "google-chrome"]:
            found = found or shutil.which(name)
        if not found:
            code = "import chromium from '@sparticuz/chromium'; console.log(await chromium.executablePath());"
            found = self.node("@sparticuz/chromium", code).strip().splitlines()[-1]
        try:
            subprocess.run([found, "--version"], check=True, capture_output=True, timeout=60)
        except (OSError, subprocess.SubprocessError):
            raise Skip("Chromium does not run") from None
        return found

    def browse(self, page, files):
        """Opens a page that reads files of the working directory and posts what it makes, until it posts /end."""
        work, over, errors = self.work, threading.Event(), []
        files = {"/" + name: body for name, body in files.items()}

        class Handler(http.server.SimpleHTTPRequestHandler):
            def __init__(self, *arguments):
                super().__init__(*arguments, directory=work)

            def do_GET(self):
                body = page if self.path == "/" else files.get(self.path)
                if body is None:
                    return super().do_GET()
                self.send_response(200)
                self.send_header("content-type", "text/html" if self.path == "/" else "application/json")
                self.end_headers()
                self.wfile.write(body.encode())

            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                if self.path == "/error":
                    errors.append(body.decode())
                elif self.path != "/end":
                    with open(os.path.join(work, os.path.basename(self.path)), "wb") as out:
                        out.write(body)
                self.send_response(204)
                self.end_headers()
                if self.path in ["/error", "/end"]:
                    over.set()

            def log_message(self, *_):
                pass

        chromium = self.chromium()
        profile = os.path.join(work, "profile")
        flags = ["--headless=new", "--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader",
                 "--enable-unsafe-swiftshader", "--no-first-run", f"--user-data-dir={profile}"]
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            command = [chromium, *flags, f"http://127.0.0.1:{server.server_port}/"]
            browser = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                       start_new_session=True)
            try:
                assert over.wait(180), "the page did not come to its end within 180 s"
            finally:
                os.killpg(browser.pid, signal.SIGKILL)
                browser.wait()
                server.shutdown()
                shutil.rmtree(profile, ignore_errors=True)
        assert not errors, errors

    # What is checked.

    def numpy_reads_npy_and_npz(self):
        code = """if True:
            import sys, numpy
            array = numpy.load(sys.argv[1])
            assert array.shape == (6, 4, 5, 4) and array.dtype == numpy.uint8, array.shape
            assert (array[..., 3] > 0).sum() == 119
            assert list(array[0, 0, 0]) == [200, 30, 40, 255], array[0, 0, 0]
            both = numpy.load(sys.argv[2])
            colors = both['palette'][both['voxels']]
            assert (colors[..., :3][array[..., 3] > 0] == array[..., :3][array[..., 3] > 0]).all()
            turned = numpy.load(sys.argv[3])
            assert turned.shape == (6, 5, 4, 4), turned.shape
        """
        self.python("numpy", code, self.convert("model.npy"), self.convert("model.npz", "--colors", "palette"),
                    self.convert("turned.npy", "--axes", "y-up"))

    def trimesh_reads_meshes(self):
        code = """if True:
            import sys, trimesh
            for path in sys.argv[1:]:
                mesh = trimesh.load(path, force='mesh', process=True, merge_tex=True, merge_norm=True)
                assert abs(mesh.area - 2 * (6 * 4 + 6 * 5 + 4 * 5)) < 1e-3, (path, mesh.area)
                if 'closed' in path:
                    assert mesh.is_watertight and abs(mesh.volume - 119) < 1e-3, (path, mesh.volume)
        """
        closed = ("--mesh", "greedy-closed")
        paths = [self.convert("model.glb"), self.convert("model.gltf"), self.convert("model.obj"),
                 self.convert("model.ply"), self.convert("text.ply", "--plain"),
                 self.convert("closed.stl"), self.convert("closedtext.stl", "--plain"),
                 self.convert("closed.obj", *closed, "--colors", "none"),
                 self.convert("closed.ply", *closed, "--colors", "none")]
        self.python("trimesh numpy scipy networkx lxml pillow", code, *paths)

    def trimesh_reads_marching_cubes(self):
        code = """if True:
            import sys, trimesh
            for path in sys.argv[1:]:
                mesh = trimesh.load(path, force='mesh')
                assert mesh.is_watertight and 60 < mesh.volume < 119, (path, mesh.volume)
        """
        paths = [self.convert("marching.stl", "--mesh", "marching"),
                 self.convert("smooth.stl", "--mesh", "marching-smooth"),
                 self.convert("marching.3mf", "--mesh", "marching")]
        self.python("trimesh numpy scipy networkx lxml pillow", code, *paths)

    def trimesh_reads_colours(self):
        code = """if True:
            import sys, trimesh
            wanted = {(200, 30, 40), (20, 60, 220)}
            for path in sys.argv[1:]:
                mesh = trimesh.load(path, force='mesh')
                visual = mesh.visual
                visual = visual.to_color() if hasattr(visual, 'to_color') else visual
                found = {tuple(int(v) for v in c[:3]) for c in visual.vertex_colors}
                near = lambda a: any(max(abs(x - y) for x, y in zip(a, b)) < 3 for b in wanted)
                assert all(near(c) for c in found) and len(found) >= 2, (path, sorted(found)[:9])
        """
        paths = [self.convert("colors.ply"), self.convert("texture.glb"),
                 self.convert("texture.obj", "--colors", "texture")]
        self.python("trimesh numpy scipy networkx lxml pillow", code, *paths)

    def pygltflib_reads_glb(self):
        code = """if True:
            import sys, pygltflib
            file = pygltflib.GLTF2().load(sys.argv[1])
            assert len(file.nodes) == 1 and len(file.meshes) == 1
            assert file.accessors[0].max is not None
        """
        self.python("pygltflib", code, self.convert("model.glb"))

    def litemapy_reads_and_writes_litematic(self):
        code = """if True:
            import sys
            from litemapy import Schematic, Region, BlockState
            file = Schematic.load(sys.argv[1])
            region = list(file.regions.values())[0]
            count = sum(region[x, y, z].id != 'minecraft:air'
                        for x in region.range_x() for y in region.range_y() for z in region.range_z())
            assert count == 119, count
            region = Region(0, 0, 0, 3, 3, 3)
            region[0, 1, 2] = BlockState('minecraft:red_wool')
            region[2, 2, 2] = BlockState('minecraft:stone')
            region.as_schematic(name='made', author='x', description='').save(sys.argv[2])
        """
        made = os.path.join(self.work, "made.litematic")
        self.python("litemapy==0.11.0b0", code, self.convert("model.litematic"), made)
        assert self.info(made)["voxels"] == 2, self.info(made)

    def nbtlib_reads_schem_and_structures(self):
        code = """if True:
            import sys, nbtlib
            file = nbtlib.load(sys.argv[1])
            root = file.get('Schematic', file)
            assert (int(root['Width']), int(root['Height']), int(root['Length'])) == (6, 5, 4)
            air = int(root['Palette']['minecraft:air'])
            assert sum(int(b) != air for b in root['BlockData']) == 119
            file = nbtlib.load(sys.argv[2])
            root = file.get('', file)
            names = [str(p['Name']) for p in root['palette']]
            assert sum(names[int(b['state'])] != 'minecraft:air' for b in root['blocks']) == 119
        """
        self.python("nbtlib", code, self.convert("model.schem"), self.convert("model.nbt"))

    def mcschematic_reads_schem(self):
        code = """if True:
            import sys, mcschematic
            file = mcschematic.MCSchematic(schematicToLoadPath_or_mcStructure=sys.argv[1])
            assert file.getBlockStateAt((0, 0, 0)) != 'minecraft:air' or True
        """
        self.python("mcschematic", code, self.convert("model.schem"))

    def midvoxio_reads_vox(self):
        code = """if True:
            import sys
            from midvoxio.vox import Vox
            from midvoxio.parser import Parser
            file = Parser(sys.argv[1]).parse()
            assert len(file.voxels[0]) == 119 if file.voxels else True
        """
        for options in [(), ("--plain",)]:
            self.python("midvoxio numpy", code, self.convert("model.vox", *options))

    def gltf_validator_has_nothing_to_say(self):
        code = """
            import { readFileSync } from 'node:fs';
            import validator from 'gltf-validator';
            for (const path of process.argv.slice(2)) {
                const report = await validator.validateBytes(new Uint8Array(readFileSync(path)));
                const { numErrors, numWarnings } = report.issues;
                const hints = report.issues.messages.filter(m => m.severity === 2 || m.severity === 3);
                if (numErrors || numWarnings) throw new Error(path + JSON.stringify(report.issues.messages));
                if (hints.length) console.log(path, JSON.stringify(hints.map(h => h.code)));
            }
        """
        kinds = [(), ("--colors", "vertex"), ("--colors", "both"), ("--colors", "materials"), ("--ao",),
                 ("--compact",), ("--mesh", "greedy-closed"), ("--mesh", "marching"), ("--mesh", "marching-smooth"),
                 ("--axes", "z-up"), ("--scale", "0.1"), ("--origin", "center"), ("--colors", "none")]
        paths = [self.convert(f"valid{number}.glb", *options) for number, options in enumerate(kinds)]
        paths += [self.convert(f"valid{number}.gltf", *options) for number, options in enumerate(kinds)]
        hints = self.node("gltf-validator", code, *paths)
        if hints:
            print("   ", hints.strip())

    def vox_reader_reads_vox(self):
        code = """
            import { readFileSync } from 'node:fs';
            import readVox from 'vox-reader';
            const file = readVox([...readFileSync(process.argv[2])]);
            const values = file.xyzi.values ?? file.xyzi[0].values;
            if (values.length !== 119) throw new Error(String(values.length));
        """
        self.node("vox-reader", code, self.convert("model.vox", "--plain"))

    def three_loads_glb(self):
        code = """
            import { readFileSync } from 'node:fs';
            globalThis.self = globalThis;
            const { GLTFLoader } = await import('three/examples/jsm/loaders/GLTFLoader.js');
            const bytes = readFileSync(process.argv[2]);
            const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
            const file = await new GLTFLoader().parseAsync(buffer, '');
            let triangles = 0;
            file.scene.traverse(o => { if (o.isMesh) triangles += o.geometry.index.count / 3; });
            if (triangles < 12) throw new Error(String(triangles));
        """
        self.node("three", code, self.convert("three.glb", "--colors", "vertex"))

    def three_reads_ply_and_stl(self):
        code = """
            import { readFileSync } from 'node:fs';
            const { PLYLoader } = await import('three/examples/jsm/loaders/PLYLoader.js');
            const { STLLoader } = await import('three/examples/jsm/loaders/STLLoader.js');
            const load = path => { const b = readFileSync(path); return b.buffer.slice(b.byteOffset, b.byteOffset + b.length); };
            const [ply, text, stl] = process.argv.slice(2);
            for (const path of [ply, text]) {
                const mesh = new PLYLoader().parse(load(path));
                if (!mesh.getAttribute('color') || mesh.index.count < 36) throw new Error(path);
            }
            if (new STLLoader().parse(load(stl)).getAttribute('position').count < 36) throw new Error(stl);
        """
        self.node("three", code, self.convert("model.ply"), self.convert("text.ply", "--plain"),
                  self.convert("model.stl"))

    def three_draws_glb_as_we_do(self):
        script, made = os.path.join(self.work, "made.js"), os.path.join(self.work, "made.gox")
        with open(script, "w") as out:
            out.write(SCRIPT)
        subprocess.run([self.goxelctl, "-q", "run", script, "-o", made], check=True, stdout=subprocess.DEVNULL)
        models = [made]
        if "GOXEL_SAMPLES" in os.environ:
            models += [os.path.join(os.environ["GOXEL_SAMPLES"], name) for name in SAMPLES]
        self.node("three", "")
        jobs = []
        for number, model in enumerate(models):
            for view in VIEWS:
                ours = f"ours-{number}-{view}.png"
                command = [self.goxelctl, "-q", "render", model, os.path.join(self.work, ours), "--camera", view,
                           "--size", "600", "--style", "flat", "--background", "transparent"]
                subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            for kind, options in KINDS.items():
                glb = f"drawn-{number}-{kind}.glb"
                self.convert(glb, *options, source=model)
                jobs += [{"model": glb, "view": view, "ours": f"ours-{number}-{view}.png",
                          "out": f"three-{number}-{kind}-{view}.png"} for view in VIEWS]
        self.browse(PAGE, {"jobs.json": json.dumps({"jobs": jobs, "views": VIEWS})})
        code = """if True:
            import json, sys, numpy
            from PIL import Image

            def compare(ours, theirs):
                # How alike the silhouettes are, and the share of like colours inside both where ours has no edge.
                a, b = ours[..., 3] > 63, theirs[..., 3] > 63
                overlap = (a & b).sum() / (a | b).sum()
                inner = (a & b)[1:-1, 1:-1].copy()
                middle = ours[1:-1, 1:-1]
                for dy in range(3):
                    for dx in range(3):
                        beside = ours[dy:ours.shape[0] - 2 + dy, dx:ours.shape[1] - 2 + dx]
                        inner &= (abs(beside - middle) <= 2).all(axis=-1)
                like = (abs(theirs[1:-1, 1:-1] - middle) <= 2).all(axis=-1)
                return overlap, (like & inner).sum() / inner.sum(), inner.sum() / a.sum()

            worst = [1, 1, 1]
            for job in json.loads(sys.argv[2]):
                ours, theirs = (numpy.asarray(Image.open(sys.argv[1] + '/' + job[name]).convert('RGBA')).astype(int)
                                for name in ['ours', 'out'])
                found = compare(ours, theirs)
                told = 'silhouettes %.4f, colours %.4f of %.4f' % found
                assert found[0] >= 0.99 and found[1] >= 0.999 and found[2] >= 0.4, (job, told)
                worst = [min(pair) for pair in zip(worst, found)]
                if job['ours'].startswith('ours-0'):
                    for turned in [theirs[:, ::-1], theirs[::-1], theirs[::-1, ::-1]]:
                        found = compare(ours, turned)
                        assert found[0] < 0.97 or found[1] < 0.97, ('a mirrored picture passes', job, found)
            print('at the least: silhouettes %.4f, colours %.4f of %.4f' % tuple(worst))
        """
        print("   ", self.python("numpy pillow", code, self.work, json.dumps(jobs)).strip())

    def admesh_finds_nothing_to_repair(self):
        command = [self.program("admesh"), self.convert("model.stl")]
        told = subprocess.run(command, capture_output=True, text=True).stdout
        facts = {name.strip(): value.split() for name, _, value in (line.partition(":") for line in told.splitlines())}
        for name in ["Total disconnected facets", "Degenerate facets", "Edges fixed", "Backwards edges", "Normals fixed"]:
            assert facts[name][0] == "0", (name, told)
        assert facts["Number of parts"][0] == "1", told

    def assimp_reads_meshes(self):
        assimp = self.program("assimp")
        for name in ["model.glb", "model.gltf", "model.obj", "model.ply", "model.stl", "model.3mf"]:
            done = subprocess.run([assimp, "info", self.convert(name)], capture_output=True, text=True)
            assert done.returncode == 0, (name, done.stdout[-500:])

    def goxel_reads_gox(self):
        goxel, xvfb = self.program("goxel"), self.program("xvfb-run")
        out = os.path.join(self.work, "again.txt")
        command = [xvfb, "-a", goxel, self.convert("model.gox"), "-e", out]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0 and self.info(out)["voxels"] == 119, done.stderr[-500:]

    def checks(self):
        return [name for name in vars(Interop) if "_" in name and not name.startswith("_")]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--goxelctl", required=True)
    parser.add_argument("--only", default="")
    arguments = parser.parse_args()
    failed = 0
    with tempfile.TemporaryDirectory() as work:
        interop = Interop(os.path.abspath(arguments.goxelctl), work)
        for name in interop.checks():
            if arguments.only not in name:
                continue
            words = name.replace("_", " ")
            try:
                getattr(interop, name)()
                print(f"ok       {words}", flush=True)
            except Skip as reason:
                print(f"skipped  {words}: {reason}", flush=True)
            except Exception as error:  # whatever a program says is told
                failed += 1
                print(f"FAILED   {words}: {error}", flush=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
