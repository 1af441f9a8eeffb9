"""Makes node/score/vectors/: what `shoal model check` compares a model's tokeniser and preprocessing with.

    pip install pillow tokenizers
    python scripts/model-vectors/make.py CLIP_TOKENIZER_JSON

Ids are those of Hugging Face's own tokenizers, crops those of Pillow, which the models' own image processors call.
CLIP_TOKENIZER_JSON is the tokenizer.json of any of OpenAI's CLIPs.
"""

import base64
import io
import json
import math
import pathlib
import sys

from PIL import Image
from tokenizers import Tokenizer

ROOT = pathlib.Path(__file__).resolve().parents[2]
OUT = ROOT / "node" / "score" / "vectors"
CONTEXT = 77

TEXTS = [
    "",
    "a photo of a cat",
    "A Photo Of A CAT!!",
    "red balloon",
    "two dogs, playing in the snow (2019)",
    "don't they're we've I'll it's",
    "na\u00efve caf\u00e9 d\u00e9j\u00e0-vu",
    "M\u00fcnchen \u2013 Stra\u00dfe in der Altstadt",
    "\u6771\u4eac\u30bf\u30ef\u30fc\u306e\u591c\u666f",
    "\u041c\u043e\u0441\u043a\u0432\u0430 \u2014 \u043a\u0440\u0430\u0441\u043d\u0430\u044f \u043f\u043b\u043e\u0449\u0430\u0434\u044c",
    "\u0627\u0644\u0645\u062f\u064a\u0646\u0629 \u0641\u064a \u0627\u0644\u0644\u064a\u0644",
    "\U0001f431 cat \U0001f6b2",
    "IMG_20190523_114523.jpg",
    "$12.99 & up: 50% off #sale @shop",
    "1234567890 3.14159",
    "supercalifragilisticexpialidocious",
    "a_b-c/d\\e|f",
    "dog " * 90,
]

# how models want their pictures: kernel by Pillow's name
GEOMETRIES = [
    {"mode": "crop", "resize": 224, "width": 224, "height": 224, "kernel": "cubic"},
    {"mode": "crop", "resize": 336, "width": 336, "height": 336, "kernel": "cubic"},
    {"mode": "crop", "resize": 256, "width": 256, "height": 256, "kernel": "linear"},
    {"mode": "stretch", "resize": 224, "width": 224, "height": 224, "kernel": "linear"},
    {"mode": "stretch", "resize": 256, "width": 256, "height": 256, "kernel": "linear"},
    {"mode": "stretch", "resize": 224, "width": 224, "height": 224, "kernel": "cubic"},
]
KERNELS = {"cubic": Image.Resampling.BICUBIC, "linear": Image.Resampling.BILINEAR}
# landscape, portrait, odd sides, smaller than the crop, much larger
SIZES = [(640, 480), (300, 533), (227, 225), (120, 90), (1900, 700)]
JPEG_SIZE = (960, 720)
# every so many pixels across and down
STEP = 21


def wave(value, period):
    """A triangle between 0 and 255."""
    return abs(value % (2 * period) - period) * 255 // period


def picture(number, width, height, edges=True):
    data = bytearray()
    for y in range(height):
        for x in range(width):
            for channel in range(3):
                level = wave(x * (channel + 1) + y * (number + 1), 97) + wave(2 * y - x + 40 * channel + 4096, 61)
                level >>= 1
                data.append(255 - level if edges and ((x >> 5) + (y >> 5) + channel) & 1 else level)
    return Image.frombytes("RGB", (width, height), bytes(data))


def crop(image, geometry):
    width, height = geometry["width"], geometry["height"]
    kernel = KERNELS[geometry["kernel"]]
    if geometry["mode"] == "stretch":
        return image.resize((width, height), kernel)
    short = min(image.size)
    edge = geometry["resize"]
    size = tuple(edge if side == short else math.floor(side * edge / short) for side in image.size)
    left, top = (round((side - part) / 2) for side, part in zip(size, (width, height)))
    return image.resize(size, kernel).crop((left, top, left + width, top + height))


def sample(image):
    pixels = image.load()
    values = bytearray()
    for y in range(0, image.height, STEP):
        for x in range(0, image.width, STEP):
            values += bytes(pixels[x, y])
    return base64.b64encode(values).decode()


def write(name, value):
    (OUT / name).write_text(json.dumps(value, separators=(",", ":")) + "\n")


def tokens(path, note):
    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    end = tokenizer.encode("").ids[-1]
    vectors = []
    for text in TEXTS:
        ids = tokenizer.encode(text).ids
        vectors.append({"text": text, "ids": ids if len(ids) <= CONTEXT else [*ids[: CONTEXT - 1], end]})
    vocabulary = tokenizer.get_vocab_size()
    marks = {token: tokenizer.token_to_id(token) for token in ("<|startoftext|>", "<|endoftext|>")}
    return {"of": note, "vocabulary": vocabulary, "marks": marks, "context": CONTEXT, "vectors": vectors}


def main():
    OUT.mkdir(exist_ok=True)
    mini = ROOT / "node" / "score" / "shoal-mini" / "tokenizer.json"
    write("tokens.json", [tokens(sys.argv[1], "OpenAI's CLIP"), tokens(mini, "shoal-mini")])
    # smooth, so that its file is small
    photo = picture(9, 240, 180, edges=False).resize(JPEG_SIZE, Image.Resampling.BICUBIC)
    file = io.BytesIO()
    photo.save(file, "JPEG", quality=75)
    sources = [(picture(i, *size), {"number": i, "width": size[0], "height": size[1]}) for i, size in enumerate(SIZES)]
    sources.append((Image.open(io.BytesIO(file.getvalue())).convert("RGB"), {"jpeg": True}))
    geometries = [
        {**geometry, "samples": [sample(crop(image, geometry)) for image, _ in sources]} for geometry in GEOMETRIES
    ]
    jpeg = base64.b64encode(file.getvalue()).decode()
    write("pictures.json", {"step": STEP, "sources": [told for _, told in sources], "jpeg": jpeg, "geometries": geometries})


main()
