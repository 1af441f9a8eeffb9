#!/usr/bin/env python3
"""Builds OpenAI CLIP's byte-level BPE as a Hugging Face tokenizer.json from bpe_simple_vocab_16e6.txt.gz (MIT)."""

import argparse
import gzip
import json

ap = argparse.ArgumentParser()
ap.add_argument('--bpe', default='assets/pick/models/bpe_simple_vocab_16e6.txt.gz')
ap.add_argument('--out', default='out/clip-tokenizer')
a = ap.parse_args()
bs = list(range(33, 127)) + list(range(161, 173)) + list(range(174, 256))
cs = bs[:]
n = 0
for b in range(256):
    if b not in bs:
        bs.append(b)
        cs.append(256 + n)
        n += 1
chars = [chr(c) for c in cs]
merges = [
    tuple(x.split()) for x in gzip.open(a.bpe).read().decode('utf8').split('\n')[1 : 49152 - 256 - 2 + 1]
]
vocab = (
    chars + [c + '</w>' for c in chars] + [''.join(m) for m in merges] + ['<|startoftext|>', '<|endoftext|>']
)
assert len(vocab) == 49408 == len(set(vocab))
sp = lambda i, c: dict(
    id=i, content=c, single_word=False, lstrip=False, rstrip=False, normalized=False, special=True
)
t = dict(
    version='1.0',
    truncation=None,
    padding=None,
    added_tokens=[sp(49406, '<|startoftext|>'), sp(49407, '<|endoftext|>')],
    normalizer=dict(
        type='Sequence',
        normalizers=[
            dict(type='NFC'),
            dict(type='Replace', pattern=dict(Regex=r'\s+'), content=' '),
            dict(type='Lowercase'),
        ],
    ),
    pre_tokenizer=dict(
        type='Sequence',
        pretokenizers=[
            dict(
                type='Split',
                pattern=dict(
                    Regex=r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"
                ),
                behavior='Removed',
                invert=True,
            ),
            dict(type='ByteLevel', add_prefix_space=False, trim_offsets=True, use_regex=False),
        ],
    ),
    post_processor=dict(
        type='RobertaProcessing',
        sep=['<|endoftext|>', 49407],
        cls=['<|startoftext|>', 49406],
        trim_offsets=False,
        add_prefix_space=False,
    ),
    decoder=dict(type='ByteLevel', add_prefix_space=True, trim_offsets=True, use_regex=True),
    model=dict(
        type='BPE',
        dropout=None,
        unk_token='<|endoftext|>',
        continuing_subword_prefix='',
        end_of_word_suffix='</w>',
        fuse_unk=False,
        byte_fallback=False,
        ignore_merges=False,
        vocab={v: i for i, v in enumerate(vocab)},
        merges=[' '.join(m) for m in merges],
    ),
)
json.dump(t, open(a.out + '/tokenizer.json', 'w', encoding='utf8'), ensure_ascii=False, separators=(',', ':'))
json.dump(
    dict(
        tokenizer_class='CLIPTokenizer',
        model_max_length=77,
        bos_token='<|startoftext|>',
        eos_token='<|endoftext|>',
        unk_token='<|endoftext|>',
        pad_token='<|endoftext|>',
        do_lower_case=True,
        add_prefix_space=False,
        clean_up_tokenization_spaces=True,
    ),
    open(a.out + '/tokenizer_config.json', 'w'),
    indent=1,
)
