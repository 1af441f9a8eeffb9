#!/usr/bin/env python3
"""Pre-computes the photo views and the teacher's answers for them.

For every training photo: the full frame plus random crops/flips, stored as 112x112 uint8 (the 224x224
view averaged 2x2, exactly what the student sees) together with the teacher's 512-d image embedding and
its 1280-d backbone feature.  The teacher is "A1", an earlier dual encoder of this project.

  python teacher.py --shard 0/2 ; python teacher.py --shard 1/2      (one process per core)
"""

import argparse
import glob
import json
import os
import random

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto as TP
from onnx import helper as H
from PIL import Image

ap = argparse.ArgumentParser()
ap.add_argument('--flickr', default='assets/flickr8k_full')
ap.add_argument('--flowers', default='assets/flowers')
ap.add_argument('--split', default='assets/test_split.json')
ap.add_argument('--teacher', default='assets/dual/image_fp32.onnx')
ap.add_argument('--feature', default='/mb/ReduceMean_output_0')
ap.add_argument('--out', default='run/data')
ap.add_argument('--crops', type=int, default=3)
ap.add_argument('--shard', default='0/1')
a = ap.parse_args()
k, n = map(int, a.shard.split('/'))
split = json.load(open(a.split))
test, val = set(split[:300]), set(split[300:600])
flickr = sorted(os.path.basename(f) for f in glob.glob(a.flickr + '/*.jpg'))
items = [
    ('flickr', f, a.flickr + '/' + f) for f in flickr if f not in test and f not in val
]  # test/val never enter
items += [
    ('flower', os.path.relpath(f, a.flowers), f)
    for f in sorted(glob.glob(a.flowers + '/*/*.jpg'))
    if int(os.path.basename(f).split('_')[0]) % 10
]  # 10% of flowers held out
items = items[k::n]
m = onnx.load(a.teacher)
m.graph.output.append(H.make_tensor_value_info(a.feature, TP.FLOAT, None))
so = ort.SessionOptions()
so.intra_op_num_threads = 1
s = ort.InferenceSession(m.SerializeToString(), so)
MEAN = np.array([0.48145466, 0.4578275, 0.40821073], np.float32)
STD = np.array([0.26862954, 0.26130258, 0.27577711], np.float32)
rnd = random.Random(1000 + k)
X, E, Fe, meta, buf = [], [], [], [], []


def flush():
    x = np.stack(buf).astype(np.float32) / 255
    e, f = s.run(
        ['image_embeds', a.feature],
        {'pixel_values': ((x - MEAN) / STD).transpose(0, 3, 1, 2).astype(np.float32)},
    )
    X.append((x.reshape(len(x), 112, 2, 112, 2, 3).mean((2, 4)) * 255 + 0.5).astype(np.uint8))
    E.append(e.astype(np.float16))
    Fe.append(f.reshape(len(x), -1).astype(np.float16))
    buf.clear()


for i, (kind, name, path) in enumerate(items):
    im = Image.open(path).convert('RGB')
    W, Hh = im.size
    for c in range(1 + (a.crops if kind == 'flickr' else 1)):
        if c == 0:
            q = min(W, Hh)
            x0, y0 = (W - q) / 2, (Hh - q) / 2
            box = (x0, y0, x0 + q, y0 + q)
        else:
            sc = rnd.uniform(0.35, 1) ** 0.5
            q = min(W, Hh) * sc
            x0 = rnd.uniform(0, W - q)
            y0 = rnd.uniform(0, Hh - q)
            box = (x0, y0, x0 + q, y0 + q)
        v = im.resize((224, 224), Image.BICUBIC, box=box)
        if c % 2:
            v = v.transpose(Image.FLIP_LEFT_RIGHT)
        buf.append(np.asarray(v))
        meta.append((kind, name, c))
        if len(buf) == 32:
            flush()
    if i % 500 == 0:
        print(i, len(items), flush=True)
if buf:
    flush()
np.savez(f'{a.out}/teacher_{k}.npz', X=np.concatenate(X), E=np.concatenate(E), F=np.concatenate(Fe))
json.dump(meta, open(f'{a.out}/teacher_{k}.json', 'w'))
