#!/usr/bin/env python3
"""Makes the tables of Minecraft's blocks from two packages of npm, unpacked side by side:

    npm pack minecraft-assets minecraft-data        (1.19.0 and 3.119.0 were used)
    scripts/block_colors.py minecraft-assets/data/1.21.11 \\
        minecraft-data/data/pc/common/legacy.json src/format/import/minecraft

blocks.tsv has a line for each block: its name, perhaps with one state that looks different, and the average colour of
its textures. Pixels count by their alpha, textures that the game tints get the tint of plains. numbers.tsv has the
name of each number and data value that old files know. Nothing of a texture but its average is kept. Needs Pillow.
"""
import json
import sys
from pathlib import Path

from PIL import Image

GRASS, FOLIAGE, WATER = (145, 189, 89), (119, 171, 47), (63, 118, 228)
TINTS = {
    "grass_block_top": GRASS, "short_grass": GRASS, "tall_grass_top": GRASS, "tall_grass_bottom": GRASS,
    "fern": GRASS, "large_fern_top": GRASS, "large_fern_bottom": GRASS, "sugar_cane": GRASS, "bush": GRASS,
    "oak_leaves": FOLIAGE, "jungle_leaves": FOLIAGE, "acacia_leaves": FOLIAGE, "dark_oak_leaves": FOLIAGE,
    "mangrove_leaves": FOLIAGE, "vine": FOLIAGE, "birch_leaves": (128, 167, 85),
    "spruce_leaves": (97, 153, 97), "water_still": WATER, "water_flow": WATER, "lily_pad": (32, 128, 48),
    "redstone_dust_dot": (252, 49, 0), "redstone_dust_line0": (252, 49, 0), "melon_stem": (224, 199, 28),
    "pumpkin_stem": (224, 199, 28), "attached_melon_stem": (224, 199, 28), "attached_pumpkin_stem": (224, 199, 28),
}
DYES = ["white", "orange", "magenta", "light_blue", "yellow", "lime", "pink", "gray", "light_gray", "cyan", "purple",
        "blue", "brown", "green", "red", "black"]


def short(name):
    return name.split(":")[-1].split("/")[-1]


def average(path, tint):
    picture = Image.open(path).convert("RGBA")
    # Animations have their frames below each other.
    picture = picture.crop((0, 0, picture.width, min(picture.width, picture.height)))
    total = [0.0] * 4
    for r, g, b, a in picture.getdata():
        for channel, value in enumerate((r * a, g * a, b * a, a)):
            total[channel] += value
    if total[3] == 0:
        return None
    return [total[c] / total[3] * tint[c] / 255 for c in range(3)]


def textures(models, name, depth=0):
    """The textures of a model and of those that it is made from, by what they are for."""
    model = models.get(short(name), {})
    found = textures(models, model["parent"], depth + 1) if "parent" in model and depth < 16 else {}
    for key, value in model.get("textures", {}).items():
        found[key] = value["sprite"] if isinstance(value, dict) else value
    return found


def resolve(found):
    names = set()
    for key, value in found.items():
        for _ in range(8):
            if value.startswith("#"):
                value = found.get(value[1:], "")
        if value and key not in ("particle", "bottom", "down", "overlay", "inside"):
            names.add(short(value))
    if not names and "particle" in found:
        names.add(short(found["particle"]))
    return names


def model_names(state):
    """Each state that has a look of its own, "" for the usual one, and its models."""
    if "variants" in state:
        looks = {}
        for key, variant in state["variants"].items():
            variant = variant[0] if isinstance(variant, list) else variant
            told = [part for part in key.split(",") if part in ("lit=true", "snowy=true")]
            looks.setdefault(told[0] if told else "", [variant["model"]])
        return looks
    models = []
    for part in state.get("multipart", []):
        apply = part["apply"]
        models.append((apply[0] if isinstance(apply, list) else apply)["model"])
    return {"": models[:3]}


def main():
    assets, legacy, out = Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3])
    states = json.loads((assets / "blocks_states.json").read_text())
    models = json.loads((assets / "blocks_models.json").read_text())
    cache = {}

    def color(names):
        known = []
        for name in sorted(names):
            path = assets / "blocks" / f"{name}.png"
            if path.exists():
                if name not in cache:
                    cache[name] = average(path, TINTS.get(name, (255, 255, 255)))
                if cache[name]:
                    known.append(cache[name])
        if not known:
            return None
        return tuple(round(sum(c[i] for c in known) / len(known)) for i in range(3))

    table = {}
    for block, state in states.items():
        for look, names in model_names(state).items():
            found = set().union(*[resolve(textures(models, name)) for name in names] or [set()])
            value = color(found)
            if value:
                table[f"{block}[{look}]" if look else block] = value
    # Beds, banners and shulker boxes are drawn from pictures of creatures: the wool of their dye stands for them.
    for dye in DYES:
        for kind in ("bed", "banner", "wall_banner"):
            table[f"{dye}_{kind}"] = table[f"{dye}_wool"]
    lines = []
    for name, value in sorted(table.items()):
        base = name.split("[")[0]
        if name == base or table.get(base) != value:
            lines.append("%s\t%02x%02x%02x" % (name, *value))
    (out / "blocks.tsv").write_text("\n".join(lines) + "\n")
    numbers = []
    for number, name in json.loads(legacy.read_text())["blocks"].items():
        block, _, told = name.split(":")[-1].partition("[")
        lit = "[lit=true]" if "lit=true" in told else ""
        numbers.append((tuple(map(int, number.split(":"))), block + lit))
    lines, last = [], None
    for (number, data), name in sorted(numbers):
        # A data value that is not listed means what the one before it does.
        if last != (number, name):
            lines.append(f"{number}:{data}\t{name}")
        last = (number, name)
    (out / "numbers.tsv").write_text("\n".join(lines) + "\n")
    missing = [name for name in states if name not in table]
    print(f"{len(table)} blocks, {len(lines)} numbers; without colour: {' '.join(missing)}")


if __name__ == "__main__":
    main()
