#!/usr/bin/env python3
"""Makes the tokenizer (own byte-level BPE) and the teacher's text embeddings.

python prep.py     (after render.mjs; independent of teacher.py)
"""

import argparse
import json
import random
import sys

import numpy as np
import onnxruntime as ort
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

import common

ap = argparse.ArgumentParser()
ap.add_argument('--data', default='run/data')
ap.add_argument('--vocab', type=int, default=8192)
ap.add_argument('--captions', default='assets/flickr8k_meta/ignore_captions.txt')
ap.add_argument('--split', default='assets/test_split.json')
ap.add_argument('--phrases', default='assets/phrases.json')
ap.add_argument('--teacher-text', default='assets/dual/text_fp32.onnx')
ap.add_argument('--a1', default='assets', help="folder with the teacher's bpe.py")
a = ap.parse_args()
caps = common.flickr_captions(a.captions)
split = json.load(open(a.split))
out = set(split[:600])
train = {n: c for n, c in caps.items() if n not in out}
icons = json.load(open(f'{a.data}/icons.json'))
phr = list(json.load(open(a.phrases)))
# concepts held out by name do not train the tokenizer either
unseen = {i['concept'] for i in icons['items'] if i['split'] == 'unseen_name'}
rnd = random.Random(0)
corpus = [c for cs in train.values() for c in cs]
for c in icons['concepts']:
    if c['id'] not in unseen:
        corpus += [common.icon_caption(c, rnd) for _ in range(6)] + c['keywords']
corpus += phr * 3 + common.FLOWER_NAMES * 5
t = Tokenizer(models.BPE())
t.normalizer = normalizers.Sequence(
    [normalizers.NFC(), normalizers.Replace(Regex(r'\s+'), ' '), normalizers.Lowercase()]
)
t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True, use_regex=True)
t.decoder = decoders.ByteLevel()
t.train_from_iterator(
    corpus,
    trainers.BpeTrainer(
        vocab_size=a.vocab,
        min_frequency=2,
        special_tokens=['<|pad|>', '<|startoftext|>', '<|endoftext|>'],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    ),
)
t.post_processor = processors.TemplateProcessing(
    single='<|startoftext|> $A <|endoftext|>', special_tokens=[('<|startoftext|>', 1), ('<|endoftext|>', 2)]
)
t.save(f'{a.data}/tokenizer.json', pretty=False)
print(
    'vocab',
    t.get_vocab_size(),
    [t.encode(x).tokens for x in ('A dog runs on the beach .', 'flag of Japan 😀 naïve')],
)
# teacher's text embeddings (captions of the training photos, ImageNet-like noun phrases)
sys.path.insert(0, a.a1)
import os

os.chdir(a.a1)
from bpe import Tok

tok = Tok()
so = ort.SessionOptions()
so.intra_op_num_threads = 2
s = ort.InferenceSession(a.teacher_text, so)


def embed(ts):
    o = []
    for b in range(0, len(ts), 128):
        ids = np.zeros((len(ts[b : b + 128]), 77), np.int64)
        for i, x in enumerate(ts[b : b + 128]):
            z = [49406] + tok(x)[:30] + [49407]
            ids[i, : len(z)] = z
        o.append(s.run(None, {'input_ids': ids})[0].astype(np.float16))
    return np.concatenate(o)


T = ['a photo of a {}', '{}', 'a picture of the {}']
texts = [c for cs in train.values() for c in cs]
pt = [x.format(p) for p in phr for x in T]
np.savez(f'{a.data}/text.npz', E=embed(texts + pt))
json.dump({'captions': texts, 'phrases': pt}, open(f'{a.data}/text.json', 'w'))
print('texts', len(texts), len(pt))
