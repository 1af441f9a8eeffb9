import json

import numpy as np
import onnxruntime as ort
from PIL import Image
from tokenizers import Tokenizer

import common

so = ort.SessionOptions()
so.intra_op_num_threads = 1
I = ort.InferenceSession('assets/dual/image_encoder.onnx', so)
T = ort.InferenceSession('assets/dual/text_encoder.onnx', so)
sp = json.load(open('assets/test_split.json'))
caps = common.flickr_captions('assets/flickr8k_meta/ignore_captions.txt')
t = Tokenizer.from_file('out/clip-tokenizer/tokenizer.json')
M = np.array([0.48145466, 0.4578275, 0.40821073], np.float32)
S = np.array([0.26862954, 0.26130258, 0.27577711], np.float32)


def go(ns):
    e = np.concatenate(
        [
            I.run(
                None,
                {
                    'pixel_values': (
                        (
                            np.asarray(Image.open('assets/flickr8k_full/' + n).convert('RGB'), np.float32)
                            / 255
                            - M
                        )
                        / S
                    )
                    .transpose(2, 0, 1)[None]
                    .astype(np.float32)
                },
            )[0]
            for n in ns
        ]
    )
    ids = np.zeros((len(ns), 77), np.int64)
    for i, n in enumerate(ns):
        z = t.encode(caps[n][0]).ids[:77]
        ids[i, : len(z)] = z
    return e, T.run(None, {'input_ids': ids})[0]


e, x = go(sp[:300])
s = x @ e.T
p = s.diagonal()
rk = (s > p[:, None]).sum(1)
off = s[~np.eye(300, dtype=bool)]
auc = np.mean([(off < v).mean() for v in p])
print(
    'A1 300: T2I R@1 %.1f R@5 %.1f' % ((rk < 1).mean() * 100, (rk < 5).mean() * 100),
    'matched',
    np.percentile(p, [5, 50, 95]).round(3),
    'mism',
    np.percentile(off, [5, 50, 95]).round(3),
    'auc %.4f' % auc,
)
json.dump(
    dict(
        t2i_r1=round(float((rk < 1).mean() * 100), 1),
        t2i_r5=round(float((rk < 5).mean() * 100), 1),
        auc=round(float(auc), 4),
    ),
    open('run/a1.json', 'w'),
)
