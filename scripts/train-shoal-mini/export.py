#!/usr/bin/env python3
"""Checkpoint -> onnx/vision_model.onnx + onnx/text_model.onnx (Hugging Face CLIP layout) and the config files.

Weights are stored as int8 per output channel (or fp16 with --store fp16) and expanded by constant folding when
the session loads, so the arithmetic is fp32: small files, full speed, no integer kernels needed.
"""

import argparse
import json
import os
import shutil

import numpy as np
import onnx
import torch
import torch.nn as nn
import torch.nn.functional as F
from onnx import TensorProto as TP
from onnx import helper as H
from onnx import numpy_helper as NH

import common

ap = argparse.ArgumentParser()
ap.add_argument('--ckpt', default='run/run1.pt')
ap.add_argument('--data', default='run/data')
ap.add_argument('--out', default='out/shoal-mini')
ap.add_argument('--store', default='int8', choices=['int8', 'fp16', 'fp32'])
ap.add_argument('--pool', type=int, default=2, help='internal average pooling: 2 = 112 px')
ap.add_argument('--version', default='0.1.0')
a = ap.parse_args()
torch.set_num_threads(1)
ck = torch.load(a.ckpt, map_location='cpu')
D = ck['D']
vis = common.Vision(out=D).eval()
vis.load_state_dict(ck['vis'])
txt = common.Text(ck['V'], out=D).eval()
txt.load_state_dict(ck['txt'])
with torch.no_grad():
    txt.pos[20:] = txt.pos[14:20].mean(
        0
    )  # positions past ~20 tokens were hardly trained: give them a neutral vector
l2 = lambda x: x / (x.norm(dim=-1, keepdim=True) + 1e-12)


class VE(nn.Module):
    def __init__(s):
        super().__init__()
        s.v = vis

    def forward(s, p):
        return l2(s.v(F.avg_pool2d(p, a.pool)))


class TE(nn.Module):
    def __init__(s):
        super().__init__()
        s.t = txt

    def forward(s, ids, m):
        return l2(s.t(ids, m))


os.makedirs(a.out + '/onnx', exist_ok=True)
tmp = 'run/fp32'
os.makedirs(tmp, exist_ok=True)
px = torch.randn(2, 3, 224, 224)
ids = torch.randint(3, 8000, (2, 12))
m = torch.ones_like(ids)
m[1, 7:] = 0
torch.onnx.export(
    VE().eval(),
    (px,),
    tmp + '/vision_model.onnx',
    input_names=['pixel_values'],
    output_names=['image_embeds'],
    dynamic_axes={'pixel_values': {0: 'batch'}, 'image_embeds': {0: 'batch'}},
    opset_version=17,
    dynamo=False,
)
torch.onnx.export(
    TE().eval(),
    (ids, m),
    tmp + '/text_model.onnx',
    input_names=['input_ids', 'attention_mask'],
    output_names=['text_embeds'],
    dynamic_axes={
        'input_ids': {0: 'batch', 1: 'seq'},
        'attention_mask': {0: 'batch', 1: 'seq'},
        'text_embeds': {0: 'batch'},
    },
    opset_version=17,
    dynamo=False,
)


def pack(src, dst, mode):
    m = onnx.load(src)
    new, pre = [], []
    use = {}
    for n in m.graph.node:
        for k, i in enumerate(n.input):
            use.setdefault(i, []).append((n, k))
    for t in m.graph.initializer:
        x = NH.to_array(t)
        if mode == 'fp32' or x.dtype != np.float32 or x.size < 4000:
            new.append(t)
            continue
        n = use[t.name][0][0]
        nm = t.name
        if mode == 'fp16':
            new.append(NH.from_array(x.astype(np.float16), nm + '_h'))
            pre.append(H.make_node('Cast', [nm + '_h'], [nm], to=TP.FLOAT))
            continue
        ax = (
            1
            if n.op_type == 'MatMul'
            or (n.op_type == 'Gemm' and not any(q.name == 'transB' and q.i for q in n.attribute))
            else 0
        )  # per output channel; the embedding per row
        sc = np.abs(x).max(axis=tuple(i for i in range(x.ndim) if i != ax), keepdims=True) / 127 + 1e-12
        q = np.clip(np.rint(x / sc), -127, 127).astype(np.int8)
        new += [NH.from_array(q, nm + '_q'), NH.from_array(sc.astype(np.float32), nm + '_s')]
        pre += [
            H.make_node('Cast', [nm + '_q'], [nm + '_f'], to=TP.FLOAT),
            H.make_node('Mul', [nm + '_f', nm + '_s'], [nm]),
        ]
    nodes = list(m.graph.node)
    del m.graph.node[:]
    m.graph.node.extend(pre + nodes)
    del m.graph.initializer[:]
    m.graph.initializer.extend(new)
    m.producer_name = 'shoal-mini'
    m.doc_string = ''
    onnx.checker.check_model(m)
    onnx.save(m, dst)


import onnxruntime as ort


def run(f, feed):
    return ort.InferenceSession(f, providers=['CPUExecutionProvider']).run(None, feed)[0]


for nm, feed, ref in (
    ('vision_model', {'pixel_values': px.numpy()}, VE().eval()(px)),
    ('text_model', {'input_ids': ids.numpy(), 'attention_mask': m.numpy()}, TE().eval()(ids, m)),
):
    dst = f'{a.out}/onnx/{nm}.onnx'
    pack(f'{tmp}/{nm}.onnx', dst, a.store)
    r = ref.detach().numpy()
    f32 = run(f'{tmp}/{nm}.onnx', feed)
    q = run(dst, feed)
    print(
        nm,
        os.path.getsize(dst),
        'fp32 onnx vs torch max %.2e' % np.abs(f32 - r).max(),
        '| stored vs torch cosine %.5f' % (q * r).sum(1).min(),
    )
shutil.copy(a.data + '/tokenizer.json', a.out + '/tokenizer.json')
W = lambda f, d: json.dump(d, open(f'{a.out}/{f}', 'w'), indent=1)
W(
    'tokenizer_config.json',
    dict(
        tokenizer_class='PreTrainedTokenizerFast',
        model_max_length=77,
        bos_token='<|startoftext|>',
        eos_token='<|endoftext|>',
        pad_token='<|pad|>',
        do_lower_case=True,
        clean_up_tokenization_spaces=False,
        model_input_names=['input_ids', 'attention_mask'],
    ),
)
W(
    'preprocessor_config.json',
    dict(
        image_processor_type='CLIPImageProcessor',
        feature_extractor_type='CLIPFeatureExtractor',
        do_resize=True,
        size={'shortest_edge': 224},
        resample=3,
        do_center_crop=True,
        crop_size={'height': 224, 'width': 224},
        do_rescale=True,
        rescale_factor=1 / 255,
        do_normalize=True,
        do_convert_rgb=True,
        image_mean=[0.48145466, 0.4578275, 0.40821073],
        image_std=[0.26862954, 0.26130258, 0.27577711],
    ),
)
W(
    'config.json',
    dict(
        model_type='clip',
        architectures=['ShoalMini'],
        shoal_mini_version=a.version,
        projection_dim=D,
        logit_scale_init_value=float(ck['ls']),
        text_config=dict(
            model_type='clip_text_model',
            vocab_size=ck['V'],
            hidden_size=192,
            num_hidden_layers=2,
            num_attention_heads=4,
            intermediate_size=768,
            max_position_embeddings=77,
            bos_token_id=1,
            eos_token_id=2,
            pad_token_id=0,
            projection_dim=D,
        ),
        vision_config=dict(
            model_type='clip_vision_model',
            image_size=224,
            internal_size=112,
            num_channels=3,
            conv_dims=[48, 128, 256],
            conv_depths=[2, 2, 3],
            projection_dim=D,
        ),
    ),
)
print('logit scale %.2f' % float(ck['ls'].exp()), 'sigmoid', ck['sg'].tolist())
