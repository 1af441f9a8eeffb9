#!/usr/bin/env python3
"""Trains shoal-mini from random initialisation.   python train.py --minutes 25 [--init ckpt] [--lr 2e-3]

Loss = InfoNCE (multi-positive, icons + photos + extra icon captions as negatives) + 0.3 x SigLIP's sigmoid loss (keeps the
cosine comparable between images, which a threshold needs) + distillation of the photos' embeddings, backbone
features and captions from teacher A1 (projected to 256-d by SVD) + an auxiliary icon classifier (dropped at export).
Progressive resolution 64 -> 80 -> 96 -> 112.  bf16 autocast; weights fp32; EMA weights are what is exported.
"""

import argparse
import copy
import json
import math
import random
import time

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from tokenizers import Tokenizer

import common

ap = argparse.ArgumentParser()
ap.add_argument('--data', default='run/data')
ap.add_argument('--captions', default='assets/flickr8k_meta/ignore_captions.txt')
ap.add_argument('--minutes', type=float, default=25)
ap.add_argument('--lr', type=float, default=2e-3)
ap.add_argument('--init')
ap.add_argument('--out', default='run/run1.pt')
ap.add_argument('--icons', type=int, default=120)
ap.add_argument('--photos', type=int, default=72)
ap.add_argument('--extra', type=int, default=64)
ap.add_argument('--seed', type=int, default=0)
ap.add_argument('--res', default='64,64,64,64,64,64,64,64,64,80,80,80,80,80,96,96,96,112,112,112')
ap.add_argument('--max-steps', type=int, default=10**9)
a = ap.parse_args()
torch.manual_seed(a.seed)
random.seed(a.seed)
np.random.seed(a.seed)
torch.set_num_threads(2)
rnd = random.Random(a.seed)
D = 256
# ---- data
J = json.load(open(f'{a.data}/icons.json'))
S = J['size']
concepts = J['concepts']
NC = len(concepts)
RG = torch.from_numpy(np.fromfile(f'{a.data}/icons.rgba', np.uint8).reshape(-1, S, S, 4))
items = J['items']
tr_icons = [i for i in items if i['split'] == 'train']
seen_c = sorted({i['concept'] for i in tr_icons})
ev_style = [i for i in items if i['split'] == 'unseen_style'][:400]
T0, T1 = (np.load(f'{a.data}/teacher_{k}.npz') for k in (0, 1))
PX = torch.from_numpy(np.concatenate([T0['X'], T1['X']]))
PE = np.concatenate([T0['E'], T1['E']]).astype(np.float32)
PF = torch.from_numpy(np.concatenate([T0['F'], T1['F']])).float()
meta = [m for k in (0, 1) for m in json.load(open(f'{a.data}/teacher_{k}.json'))]
del T0, T1
TX = json.load(open(f'{a.data}/text.json'))
TE = np.load(f'{a.data}/text.npz')['E'].astype(np.float32)
_, _, Vt = np.linalg.svd(np.concatenate([PE[::3], TE[::3]]), full_matrices=False)
P = Vt[:D].T.astype(np.float32)
print(
    'A1 energy kept by 256-d SVD: img %.3f text %.3f'
    % (((PE[::9] @ P) ** 2).sum(1).mean(), ((TE[::9] @ P) ** 2).sum(1).mean())
)
PE = F.normalize(torch.from_numpy(PE @ P), dim=-1)
TE = F.normalize(torch.from_numpy(TE @ P), dim=-1)
PF = (PF - PF.mean(0)) / (PF.std(0) + 0.05)
caps = common.flickr_captions(a.captions)
capidx = {}
for i, c in enumerate(TX['captions']):
    capidx.setdefault(c, i)
nC = len(TX['captions'])
flick, flow = {}, {}
for i, (k, n, c) in enumerate(meta):
    (flick if k == 'flickr' else flow).setdefault(n, []).append(i)
fl_names, fw_names = sorted(flick), sorted(flow)
print(
    'icons',
    len(tr_icons),
    'concepts',
    len(seen_c),
    'photos',
    len(fl_names),
    'views',
    len(meta),
    'flowers',
    len(fw_names),
)
tok = Tokenizer.from_file(f'{a.data}/tokenizer.json')
tok.enable_truncation(24)


def enc(ts, L=16):  # fixed lengths: oneDNN caches one kernel per shape
    e = tok.encode_batch(ts)
    L = 24 if any(len(x.ids) > L for x in e) else L
    I = torch.zeros(len(e), L, dtype=torch.long)
    M = torch.zeros(len(e), L, dtype=torch.long)
    for i, x in enumerate(e):
        I[i, : len(x.ids)] = torch.tensor(x.ids)
        M[i, : len(x.ids)] = 1
    return I, M


MEAN = torch.tensor([0.48145466, 0.4578275, 0.40821073]).view(1, 3, 1, 1)
STD = torch.tensor([0.26862954, 0.26130258, 0.27577711]).view(1, 3, 1, 1)
U = lambda n, lo, hi: torch.rand(n, 1, 1, 1) * (hi - lo) + lo


def jitter(x, s=0.2):
    n = len(x)
    x = x * U(n, 1 - s, 1 + s)
    m = x.mean((1, 2, 3), keepdim=True)
    x = m + (x - m) * U(n, 1 - s, 1 + s)
    g = x.mean(1, keepdim=True)
    return (g + (x - g) * U(n, 1 - s, 1 + s)).clamp(0, 1)


PYR = {}


def pyramid(
    R,
):  # all icons, alpha-premultiplied, at about the size they are pasted at (cached for the current R)
    if R not in PYR:
        PYR.clear()
        o = torch.empty(len(RG), 4, R, R, dtype=torch.uint8)
        for b in range(0, len(RG), 512):
            r = RG[b : b + 512].permute(0, 3, 1, 2).float()
            r[:, :3] *= r[:, 3:] / 255
            o[b : b + 512] = (F.interpolate(r, (R, R), mode='bilinear', antialias=True) + 0.5).to(torch.uint8)
        PYR[R] = o
    return PYR[R]


def icons_batch(rows, R, det=False):
    n = len(rows)
    r = pyramid(R)[rows].float() / 255
    mean_ic = r[:, :3].sum((2, 3), keepdim=True) / r[:, 3:].sum((2, 3), keepdim=True).clamp(min=1)
    size = torch.rand(n) * 0.45 + 0.52
    sx, sy = 1 / (size * (1 + 0.12 * torch.randn(n).clamp(-1, 1) * (torch.rand(n) < 0.4))), 1 / size
    th = torch.randn(n) * 0.09 * (torch.rand(n) < 0.5)
    cx, cy = ((torch.rand(n) * 2 - 1) * (1 - size) for _ in 'xy')
    A = torch.zeros(n, 2, 3)
    c, s_ = th.cos(), th.sin()
    A[:, 0, 0] = c * sx
    A[:, 0, 1] = s_ * sx
    A[:, 1, 0] = -s_ * sy
    A[:, 1, 1] = c * sy
    A[:, 0, 2] = -(A[:, 0, 0] * cx + A[:, 0, 1] * cy)
    A[:, 1, 2] = -(A[:, 1, 0] * cx + A[:, 1, 1] * cy)
    r = F.grid_sample(r, F.affine_grid(A, (n, 4, R, R), align_corners=False), align_corners=False)
    mode = torch.rand(n)
    col = torch.rand(n, 3, 1, 1)
    bg = col.expand(n, 3, R, R).clone()
    light = mean_ic.mean(1, keepdim=True) > 0.75
    w = (mode < 0.38).view(-1, 1, 1, 1)
    bg = torch.where(w, torch.where(light, torch.rand(n, 1, 1, 1) * 0.25, torch.ones(1)), bg)
    g = (mode > 0.6) & (mode < 0.8)
    ramp = torch.linspace(0, 1, R)
    c2 = torch.rand(n, 3, 1, 1)
    k = torch.rand(n, 1, 1, 1)
    rr = k * ramp.view(1, 1, 1, R) + (1 - k) * ramp.view(1, 1, R, 1)
    bg = torch.where(g.view(-1, 1, 1, 1), col * (1 - rr) + c2 * rr, bg)
    p = (mode >= 0.8).nonzero()[:, 0]
    if len(p):
        ph = F.interpolate(
            PX[torch.randint(0, len(PX), (len(p),))].permute(0, 3, 1, 2).float() / 255,
            (R, R),
            mode='bilinear',
        )
        bl = F.avg_pool2d(ph, 5, 1, 2, count_include_pad=False)
        ph = torch.where(U(len(p), 0, 1) < 0.6, bl, ph)
        bg[p] = ph
    else:
        pass
    near = (
        ((bg.mean((2, 3), keepdim=True) - mean_ic).abs().mean(1, keepdim=True) < 0.12)
        & (mode < 0.8).view(-1, 1, 1, 1)
        & ~w
    )
    bg = torch.where(near, (bg + 0.5) % 1.0, bg)
    x = r[:, :3] + bg * (1 - r[:, 3:])
    x = jitter(x, 0.12)
    return (x + torch.randn_like(x) * (U(n, -0.02, 0.03).clamp(min=0))).clamp(0, 1)


def photos_batch(ix, R):
    n = len(ix)
    x = PX[ix].permute(0, 3, 1, 2).float() / 255
    sc = torch.rand(n) * 0.35 + 0.72
    fl = (torch.rand(n) < 0.5).float() * -2 + 1
    cx, cy = ((torch.rand(n) * 2 - 1) * (1 - sc).clamp(min=0) for _ in 'xy')
    A = torch.zeros(n, 2, 3)
    A[:, 0, 0] = sc * fl
    A[:, 1, 1] = sc
    A[:, 0, 2] = cx
    A[:, 1, 2] = cy
    x = F.grid_sample(
        F.interpolate(x, (R, R), mode='bilinear', antialias=True) if R < 100 else x,
        F.affine_grid(A, (n, 3, R, R), align_corners=False),
        align_corners=False,
        padding_mode='reflection',
    )
    return jitter(x, 0.25)


norm = lambda x: ((x - MEAN) / STD).to(memory_format=torch.channels_last)
# ---- model
vis = common.Vision(out=D).to(memory_format=torch.channels_last)
txt = common.Text(tok.get_vocab_size(), out=D)
ls = nn.Parameter(torch.tensor(math.log(14.0)))
sg = nn.Parameter(torch.tensor([math.log(10.0), -6.0]))
fhead = nn.Linear(512, 1280)
chead = nn.Linear(D, NC, bias=False)
nn.init.normal_(chead.weight, std=0.05)
if a.init:
    ck = torch.load(a.init)
    vis.load_state_dict(ck['raw_vis'])
    txt.load_state_dict(ck['raw_txt'])
    ls.data = ck['ls']
    sg.data = ck['sg']
    fhead.load_state_dict(ck['fhead'])
    chead.load_state_dict(ck['chead'])
print(
    'params vision %.2fM text %.2fM' % tuple(sum(p.numel() for p in m.parameters()) / 1e6 for m in (vis, txt))
)
dec = [
    p
    for m in (vis, txt, fhead, chead)
    for n, p in m.named_parameters()
    if p.ndim > 1 and 'emb' not in n and n != 'pos'
]
ids = {id(p) for p in dec}
nod = [p for m in (vis, txt, fhead, chead) for p in m.parameters() if id(p) not in ids] + [ls, sg]
opt = torch.optim.AdamW(
    [{'params': dec, 'weight_decay': 0.05}, {'params': nod, 'weight_decay': 0}],
    lr=a.lr,
    betas=(0.9, 0.98),
    fused=True,
)
ev, et = copy.deepcopy(vis), copy.deepcopy(txt)


def ema(k):
    for m, e in ((vis, ev), (txt, et)):
        for p, q in zip(m.state_dict().values(), e.state_dict().values()):
            if q.dtype.is_floating_point:
                q.mul_(k).add_(p, alpha=1 - k)
            else:
                q.copy_(p)


def save():
    torch.save(
        {
            'vis': ev.state_dict(),
            'txt': et.state_dict(),
            'raw_vis': vis.state_dict(),
            'raw_txt': txt.state_dict(),
            'ls': ls.data,
            'sg': sg.data,
            'fhead': fhead.state_dict(),
            'chead': chead.state_dict(),
            'V': tok.get_vocab_size(),
            'D': D,
            'step': g,
        },
        a.out,
    )


VALX = None


def evaluate(R):
    global VALX
    ev.eval()
    et.eval()
    with torch.no_grad(), torch.autocast('cpu', torch.bfloat16):
        if VALX is None:
            from PIL import Image

            sp = json.load(open('assets/test_split.json'))[300:600]
            VALX = (
                sp,
                torch.from_numpy(
                    np.stack(
                        [
                            np.asarray(
                                Image.open('assets/flickr8k_full/' + n)
                                .convert('RGB')
                                .resize((112, 112), Image.BOX)
                            )
                            for n in sp
                        ]
                    )
                ),
            )
        sp, X = VALX
        I = F.normalize(
            torch.cat(
                [
                    ev(
                        norm(
                            F.interpolate(
                                X[b : b + 100].permute(0, 3, 1, 2).float() / 255,
                                (R, R),
                                mode='bilinear',
                                antialias=True,
                            )
                        )
                    )
                    for b in range(0, 300, 100)
                ]
            ).float(),
            dim=-1,
        )
        T = F.normalize(et(*enc([caps[n][0] for n in sp])).float(), dim=-1)
        s = T @ I.T
        p = s.diag()
        rk = (s > p[:, None]).sum(1)
        s0 = torch.get_rng_state()
        torch.manual_seed(5)
        CT = F.normalize(
            torch.cat(
                [
                    et(*enc([common.plain_caption(c) for c in concepts[b : b + 512]]))
                    for b in range(0, NC, 512)
                ]
            ).float(),
            dim=-1,
        )
        X2 = icons_batch([i['row'] for i in ev_style], R)
        I2 = F.normalize(
            torch.cat([ev(norm(X2[b : b + 100])) for b in range(0, len(X2), 100)]).float(), dim=-1
        )
        torch.set_rng_state(s0)
        lab = torch.tensor([i['concept'] for i in ev_style])
        z = I2 @ CT.T
        pos = z[torch.arange(len(lab)), lab]
        r1 = ((z > pos[:, None]).sum(1) == 0).float().mean()
    ev.train()
    et.train()
    return 'flickr val T2I R@1/5 %.3f %.3f pos %.3f neg %.3f | icons style R@1 of %d %.3f pos %.3f' % (
        (rk < 1).float().mean(),
        (rk < 5).float().mean(),
        p.mean(),
        s[torch.arange(300), (torch.arange(300) + 37) % 300].mean(),
        NC,
        r1,
        pos.mean(),
    )


def cycle(xs):
    while True:
        o = xs[:]
        rnd.shuffle(o)
        yield from o


ic, pc, fc = cycle(tr_icons), cycle(fl_names), cycle(fw_names)
NFW = a.photos // 10
RES = list(map(int, a.res.split(',')))
gid = {n: 10**6 + i for i, n in enumerate(fl_names)}


def take(it, n):
    return [next(it) for _ in range(n)]


def take_icons(n):  # logos at 60% of the rate of the rest
    o = []
    while len(o) < n:
        i = next(ic)
        if concepts[i['concept']]['kind'] != 'logo' or rnd.random() < 0.6:
            o.append(i)
    return o


g = 0
t0 = time.time()
last = t0
tot = a.minutes * 60
acc = []
while time.time() - t0 < tot and g < a.max_steps:
    fr = (time.time() - t0) / tot
    lr = a.lr * min(1, (g + 1) / (60 if not a.init else 20)) * (0.5 + 0.5 * math.cos(math.pi * fr)) + 1e-6
    for q in opt.param_groups:
        q['lr'] = lr
    R = RES[min(int(fr * len(RES)), len(RES) - 1)]
    b1 = take_icons(a.icons)
    b2 = take(pc, a.photos - NFW)
    b3 = take(fc, NFW)
    px = [rnd.choice(flick[n]) for n in b2] + [rnd.choice(flow[n]) for n in b3]
    x = torch.cat([icons_batch([i['row'] for i in b1], R), photos_batch(px, R)])
    extra = rnd.sample(seen_c, a.extra)
    c2 = [rnd.choice(caps[n]) for n in b2]
    c3 = [rnd.choice(common.FLOWER_T).format(common.FLOWER_DIR[n.split('/')[0]]) for n in b3]
    pi = [rnd.randrange(nC, len(TX['captions']) + len(TX['phrases'])) for _ in range(16)]
    ph = [TX['phrases'][i - nC] for i in pi]
    strip = lambda c: c.rstrip(' .') if rnd.random() < 0.5 else c
    texts = [common.icon_caption(concepts[i['concept']], rnd) for i in b1] + [strip(c) for c in c2 + c3]
    ex = [common.icon_caption(concepts[c], rnd) for c in extra] + ph
    lab = torch.tensor(
        [i['concept'] for i in b1]
        + [gid[n] for n in b2]
        + [2 * 10**6 + list(common.FLOWER_DIR).index(n.split('/')[0]) for n in b3]
    )
    tl = torch.cat([lab, torch.tensor(extra + [-1 - i for i in range(16)])])
    N = len(lab)
    with torch.autocast('cpu', torch.bfloat16):
        f = vis.feat(norm(x))
        I = vis.proj(f)
        pf = fhead(f[len(b1) :])
        short = enc([*texts[: len(b1)], *ex])
        long = enc(texts[len(b1) :], 20)
        Ts = txt(*short)
        Tl = txt(*long)
    I = F.normalize(I.float(), dim=-1)
    Ts, Tl = F.normalize(Ts.float(), dim=-1), F.normalize(Tl.float(), dim=-1)
    T = torch.cat([Ts[: len(b1)], Tl, Ts[len(b1) :]])
    M = (lab[:, None] == tl[None]).float()
    z = I @ T.T
    s = ls.exp().clamp(max=60) * z
    W1 = M / M.sum(1, keepdim=True)
    MT = M[:, :N].T
    st = s[:, :N].T
    W2 = MT / MT.sum(1, keepdim=True)
    Lc = -((W1 * s.log_softmax(1)).sum(1).mean() + (W2 * st.log_softmax(1)).sum(1).mean()) / 2
    Ls = -F.logsigmoid((2 * M - 1) * (sg[0].exp() * z + sg[1])).sum() / N
    Ld = (1 - (I[len(b1) :] * PE[px]).sum(1)).mean()
    Lf = F.smooth_l1_loss(pf.float(), PF[px])
    ti = [capidx[c] for c in c2]
    Lt = (1 - (Tl[: len(b2)] * TE[ti]).sum(1)).mean() + 0.5 * (1 - (Ts[-16:] * TE[pi]).sum(1)).mean()
    Lk = F.cross_entropy(
        20 * F.linear(I[: len(b1)], F.normalize(chead.weight, dim=-1)), lab[: len(b1)], label_smoothing=0.05
    )
    loss = Lc + 0.3 * Ls + 2 * Ld + 1 * Lf + 1 * Lt + 1 * Lk
    opt.zero_grad(set_to_none=True)
    loss.backward()
    nn.utils.clip_grad_norm_(dec + nod, 2.0)
    opt.step()
    g += 1
    ema(min(0.998, 1 - 1 / (g / 4 + 1)))
    acc.append([v.item() for v in (Lc, Ls, Ld, Lf, Lt, Lk)])
    if g % 50 == 0:
        print(
            g,
            '%.0fs' % (time.time() - t0),
            'R',
            R,
            'lr %.2e' % lr,
            'clip %.2f sig %.2f dist %.3f feat %.3f txt %.3f cls %.2f' % tuple(np.mean(acc[-50:], 0)),
            'scale %.1f' % ls.exp().item(),
            '%.0f img/s' % (50 * N / (time.time() - last)),
            flush=True,
        )
        last = time.time()
    if g % 250 == 0:
        print('   ', evaluate(R), flush=True)
        save()
        last = time.time()
print('final', g, evaluate(R), flush=True)
save()
