"""Shared by the scripts: captions, templates, the model."""

import math

import torch
import torch.nn as nn
import torch.nn.functional as F

FLOWER_NAMES = ['daisy', 'dandelion', 'rose', 'sunflower', 'tulip']
FLOWER_DIR = {
    'daisy': 'daisy',
    'dandelion': 'dandelion',
    'roses': 'rose',
    'sunflowers': 'sunflower',
    'tulips': 'tulip',
}
FLOWER_T = [
    'a photo of a {}',
    'a {}',
    'a photo of a {} flower',
    'a close-up of a {}',
    '{}',
    '{} flowers in a garden',
    'a {} in bloom',
    'a picture of a {}',
]
EMOJI_T = [
    '{}',
    '{}',
    '{} emoji',
    'an emoji of {}',
    'an icon of {}',
    'a picture of {}',
    'a drawing of {}',
    'a cartoon {}',
    '{} icon',
    '{} clip art',
    'a pictogram of {}',
    'an illustration of {}',
    'a sticker of {}',
    'image of {}',
]
FLAG_T = [
    '{}',
    '{}',
    'the {}',
    'a {}',
    'the national {}',
    'an icon of the {}',
    'a picture of the {}',
    '{} icon',
]
LOGO_T = [
    '{}',
    '{}',
    'the {}',
    'a {}',
    'the {} on a plain background',
    '{} icon',
    'a picture of the {}',
    'the official {}',
]
WEATHER_T = ['{}', '{}', 'a {}', 'a picture of a {}', '{} illustration']


def flickr_captions(path):
    caps = {}
    for i, l in enumerate(open(path, encoding='utf8')):
        if i:
            k, v = l.rstrip('\n').split(',', 1)
            caps.setdefault(k, []).append(v.strip().strip('"').strip())
    return caps


def icon_caption(c, rnd):
    n, k = c['name'], c['kind']
    if k == 'emoji':
        r = rnd.random()
        kw = c['keywords']
        if kw and r < 0.12:
            return n + ', ' + ', '.join(rnd.sample(kw, min(len(kw), rnd.randint(1, 3))))
        if c['emoji'] and r < 0.16:
            return c['emoji']
        if c['emoji'] and r < 0.20:
            return n + ' ' + c['emoji']
        return rnd.choice(EMOJI_T).format(n)
    if k == 'flag':
        r = rnd.random()
        x = n[8:]
        return f'{x} flag' if r < 0.15 else f'the flag of {x}' if r < 0.25 else rnd.choice(FLAG_T).format(n)
    return rnd.choice(LOGO_T if k == 'logo' else WEATHER_T).format(n)


def plain_caption(c):
    return c['name']  # evaluation uses the bare name


class Block(nn.Module):
    """ConvNeXt-like: depthwise 3x3 + BN, 1x1 expand, GELU, 1x1 project, layer scale."""

    def __init__(s, c, e=3):
        super().__init__()
        s.dw = nn.Conv2d(c, c, 3, padding=1, groups=c, bias=False)
        s.bn = nn.BatchNorm2d(c)
        s.p1 = nn.Conv2d(c, e * c, 1)
        s.p2 = nn.Conv2d(e * c, c, 1)
        s.g = nn.Parameter(torch.full((1, c, 1, 1), 0.2))

    def forward(s, x):
        return x + s.g * s.p2(F.gelu(s.p1(s.bn(s.dw(x)))))


class Vision(nn.Module):
    def __init__(s, dims=(48, 128, 256), depth=(2, 2, 3), head=512, out=256):
        super().__init__()
        L = []
        c0 = 3
        for i, (c, d) in enumerate(zip(dims, depth)):
            L += [
                nn.Conv2d(c0, c, 6, 4, 1, bias=False) if i == 0 else nn.Conv2d(c0, c, 3, 2, 1, bias=False),
                nn.BatchNorm2d(c),
            ] + [Block(c) for _ in range(d)]
            c0 = c
        s.body = nn.Sequential(*L)
        s.h = nn.Conv2d(c0, head, 1, bias=False)
        s.hb = nn.BatchNorm2d(head)
        s.proj = nn.Linear(head, out)

    def feat(s, x):
        return F.gelu(s.hb(s.h(s.body(x)))).mean((2, 3))

    def forward(s, x):
        return s.proj(s.feat(x))


class Text(nn.Module):
    def __init__(s, V, W=192, layers=2, heads=4, ctx=77, out=256, drop=0.1):
        super().__init__()
        s.W, s.H = W, heads
        s.emb = nn.Embedding(V, W)
        nn.init.normal_(s.emb.weight, std=0.02)
        s.pos = nn.Parameter(torch.randn(ctx, W) * 0.01)
        s.layers = nn.ModuleList(
            nn.ModuleDict(
                dict(
                    l1=nn.LayerNorm(W),
                    qkv=nn.Linear(W, 3 * W),
                    o=nn.Linear(W, W),
                    l2=nn.LayerNorm(W),
                    f1=nn.Linear(W, 4 * W),
                    f2=nn.Linear(4 * W, W),
                )
            )
            for _ in range(layers)
        )
        s.lnf = nn.LayerNorm(W)
        s.sc = nn.Linear(W, 1)
        s.proj = nn.Linear(W, out, bias=False)
        s.dr = nn.Dropout(drop)

    def forward(s, t, mask):
        L = t.shape[1]
        neg = (1 - mask.float()) * -1e4
        x = s.dr(s.emb(t) * 10 + s.pos[:L])
        for l in s.layers:
            q, k, v = l['qkv'](l['l1'](x)).reshape(-1, L, 3, s.H, s.W // s.H).permute(2, 0, 3, 1, 4)
            a = (
                ((q @ k.transpose(-1, -2)) / math.sqrt(s.W // s.H) + neg[:, None, None, :])
                .softmax(-1)
                .to(v.dtype)
            )
            x = x + s.dr(l['o']((a @ v).transpose(1, 2).reshape(-1, L, s.W)))
            x = x + s.dr(l['f2'](F.gelu(l['f1'](l['l2'](x)))))
        x = s.lnf(x)
        w = (s.sc(x)[..., 0] + neg).softmax(1)
        return s.proj((x * w[..., None]).sum(1))
