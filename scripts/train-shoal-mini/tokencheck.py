#!/usr/bin/env python3
"""Writes reference ids: ours.json (Python tokenizers, own BPE), clip.json (open_clip.tokenize) for the same captions; tokencheck.mjs compares."""

import glob
import importlib.util
import json
import random
import sys

from tokenizers import Tokenizer

import common

# open_clip/tokenizer.py on its own (importing the package would pull in torchvision)
spec = importlib.util.spec_from_file_location(
    'oct', glob.glob(sys.prefix + '/lib/python3*/site-packages/open_clip/tokenizer.py')[0]
)
oct_ = importlib.util.module_from_spec(spec)
spec.loader.exec_module(oct_)
caps = common.flickr_captions('assets/flickr8k_meta/ignore_captions.txt')
r = random.Random(7)
flat = [c for n in sorted(caps) for c in caps[n]]
C = json.load(open('run/data/icons.json'))['concepts']
odd = [
    '',
    ' ',
    'a',
    '  two   spaces\tand a tab\n',
    'Café crème naïve Ångström',
    'cafe\u0301 (decomposed)',
    'ÀÉÎÕÜ ÇŒÆ ß ẞ',
    'İstanbul ıI',
    '日本の国旗',
    '中国国旗 flag',
    '한국어 텍스트',
    'русский текст',
    'Ελληνικά ΣΊΣΥΦΟΣ',
    'עברית',
    'العربية',
    'हिन्दी',
    'ไทย',
    '😀',
    '😀😁😂',
    '👩‍👩‍👧‍👦 family',
    '🇯🇵 flag of Japan',
    '🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f England',
    '❤️ red heart',
    '👍🏽 thumbs up',
    "it's the dog's ball, isn't it? they're we've I'm you'll he'd",
    "DON'T SHOUT",
    'price: $1,234.56 (50% off!)',
    'http://example.com/a_b-c?d=e&f=g#h',
    'foo_bar-baz/qux\\quux',
    'e = mc² ½ ¾ ⅷ',
    '\u00a0nbsp\u2003em\u200bzwsp',
    '“curly” ‘quotes’ – dash — em…',
    '\ufeffBOM',
    'tab\tnew\nline\r\n',
    '<|startoftext|> a <|endoftext|>',
    'a' * 300,
    'lorem ipsum ' * 60,
    '🦄' * 40,
    '...!!!???',
    '1 22 333 4444',
    'ﬁ ligature Ⅳ ㎏',
    'Tom &amp; Jerry',
    'x\u0301\u0302\u0303',
    'ǅ ǆ Ǆ',
    'a\x00b\x07c',
    '\U0001f9d1\u200d\U0001f680 astronaut',
]
odd += [c['emoji'] + ' ' + c['name'] for c in C if c['emoji']][:60]
ours = odd + r.sample(flat, 500 - len(odd) - 100) + [c['name'] for c in r.sample(C, 100)]
clip = odd[:46] + r.sample(flat, 124) + [c['name'] for c in r.sample(C, 30)]
t = Tokenizer.from_file(sys.argv[1])
tk = oct_.SimpleTokenizer()(clip, 77).tolist()
json.dump(
    dict(
        ours=[dict(t=x, ids=t.encode(x).ids) for x in ours],
        clip=[dict(t=x, ids=y) for x, y in zip(clip, tk)],
        ctok=[Tokenizer.from_file(sys.argv[2]).encode(x).ids for x in clip],
    ),
    open('run/data/tokref.json', 'w'),
)
print(len(ours), len(clip))
